/** The rows of one layout: a primary tree, one tree per index, and one each for deadlines and deletions. */

import type { Key, Layout, NewRow } from '@coffer/core/backend'
import {
  type KeyPart,
  keyOf,
  rangeOf,
  type SortedTree,
  sortedTree,
  type TreeKey,
  walk,
} from './sorted-tree.ts'

/** A row as it is kept. It is never changed: a write puts another object in its place. */
export type Row = NewRow

/** One index: its fields by their position in the layout, and its tree by tenant, values and id. */
export interface Index {
  readonly fields: readonly number[]
  /** True for the index of a `texts` field, with one entry for each distinct member. */
  readonly members: boolean
  readonly tree: SortedTree<Row>
}

/** The highest version that any removed row of a tenant had. */
export interface Floor {
  readonly tenant: string
  readonly floor: number
}

/** What a table consists of. */
interface Trees {
  readonly rows: SortedTree<Row>
  readonly indexes: readonly Index[]
  /** Rows with a deadline, by tenant, deadline and id. */
  readonly expiring: SortedTree<Row>
  /** Soft-deleted rows, by tenant, time of their deletion and id. */
  readonly deleted: SortedTree<Row>
  /** The floor of each tenant that has one. */
  readonly floors: SortedTree<Floor>
}

/** One layout's rows. Reading is free; writing is for the one who made or cloned the table. */
export class Table implements Trees {
  readonly layout: Layout
  readonly rows: SortedTree<Row>
  readonly indexes: readonly Index[]
  readonly expiring: SortedTree<Row>
  readonly deleted: SortedTree<Row>
  readonly floors: SortedTree<Floor>
  /** True when several sets of tables hold this object, so that it must be cloned before it is written. */
  shared = false
  /** True while rows may have been written for another form of the layout. */
  stale = false

  constructor(layout: Layout, trees: Trees = emptyTrees(layout)) {
    this.layout = layout
    this.rows = trees.rows
    this.indexes = trees.indexes
    this.expiring = trees.expiring
    this.deleted = trees.deleted
    this.floors = trees.floors
  }

  /**
   * A writable copy, in constant time: nodes are copied when one of the two changes them.
   *
   * @param layout another one of the same form
   */
  clone(layout: Layout = this.layout): Table {
    const copy = new Table(layout, {
      rows: this.rows.clone(),
      indexes: this.indexes.map((index) => ({ ...index, tree: index.tree.clone() })),
      expiring: this.expiring.clone(),
      deleted: this.deleted.clone(),
      floors: this.floors.clone(),
    })
    copy.stale = this.stale
    return copy
  }

  get(key: Key): Row | undefined {
    return this.rows.get(keyOf([key.tenant, key.id]))
  }

  /** The highest version that any removed row of the tenant had, 0 at first. */
  floor(tenant: string): number {
    return this.floors.size === 0 ? 0 : (this.floors.get(keyOf([tenant]))?.floor ?? 0)
  }

  /** Sets a tenant's floor, also downwards, for an undo. */
  setFloor(tenant: string, floor: number): void {
    if (floor === 0) this.floors.delete(keyOf([tenant]))
    else this.floors.set(keyOf([tenant]), { tenant, floor })
  }

  /** Puts one row in the place of another of the same key; `undefined` stands for no row. */
  replace(previous: Row | undefined, next: Row | undefined): void {
    const row = next ?? previous
    if (row === undefined) return
    const key = keyOf([row.tenant, row.id])
    if (next === undefined) this.rows.delete(key)
    else this.rows.set(key, next)
    for (const index of this.indexes) {
      if (index.members) replaceMembers(index, previous, next)
      else replaceValues(index, previous, next)
    }
    replaceInstant(this.expiring, previous?.expiresAt ?? null, previous, next?.expiresAt ?? null, next)
    replaceInstant(this.deleted, previous?.deletedAt ?? null, previous, next?.deletedAt ?? null, next)
  }

  /** All rows of all tenants, by tenant and id. */
  all(): Iterable<Row> {
    return walk(this.rows, rangeOf(''))
  }
}

/** A row that whoever handed it over can't change any more, with the members of a row and no other. */
export function ownCopy(row: Row): Row {
  return {
    tenant: row.tenant,
    id: row.id,
    document: row.document,
    schemaVersion: row.schemaVersion,
    hash: row.hash,
    version: row.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    expiresAt: row.expiresAt,
    deletedAt: row.deletedAt,
    fields: row.fields.map((value) => (typeof value === 'object' && value !== null ? [...value] : value)),
  }
}

/** The tenants that have rows in a tree, in text order; costs one descent of the tree for each. */
export function* tenantsOf(tree: SortedTree<Row>): Generator<string> {
  let row = tree.getPairOrNextHigher('')?.[1]
  while (row !== undefined) {
    yield row.tenant
    row = tree.getPairOrNextHigher(rangeOf(keyOf([row.tenant])).to)?.[1]
  }
}

function emptyTrees(layout: Layout): Trees {
  return {
    rows: sortedTree(),
    indexes: layout.indexes.map((fields) => ({
      fields,
      members: fields.some((field) => layout.fields[field]?.type === 'texts'),
      tree: sortedTree(),
    })),
    expiring: sortedTree(),
    deleted: sortedTree(),
    floors: sortedTree(),
  }
}

function replaceValues(index: Index, previous: Row | undefined, next: Row | undefined): void {
  if (previous !== undefined && (next === undefined || !sameValues(index.fields, previous, next))) {
    index.tree.delete(indexKey(index.fields, previous))
  }
  if (next !== undefined) index.tree.set(indexKey(index.fields, next), next)
}

function sameValues(fields: readonly number[], left: Row, right: Row): boolean {
  for (const field of fields) if (left.fields[field] !== right.fields[field]) return false
  return true
}

function indexKey(fields: readonly number[], row: Row): TreeKey {
  const key: KeyPart[] = [row.tenant]
  for (const field of fields) {
    const value = row.fields[field] ?? null
    if (typeof value !== 'object' || value === null) key.push(value)
  }
  key.push(row.id)
  return keyOf(key)
}

function replaceMembers(index: Index, previous: Row | undefined, next: Row | undefined): void {
  const kept = membersOf(index, next)
  for (const member of membersOf(index, previous)) {
    if (previous !== undefined && !kept.has(member)) {
      index.tree.delete(keyOf([previous.tenant, member, previous.id]))
    }
  }
  if (next === undefined) return
  for (const member of kept) index.tree.set(keyOf([next.tenant, member, next.id]), next)
}

function membersOf(index: Index, row: Row | undefined): ReadonlySet<string> {
  const value = row?.fields[index.fields[0] ?? 0]
  return new Set(typeof value === 'object' && value !== null ? value : [])
}

function replaceInstant(
  tree: SortedTree<Row>,
  before: number | null,
  previous: Row | undefined,
  after: number | null,
  next: Row | undefined,
): void {
  if (previous !== undefined && before !== null && before !== after) {
    tree.delete(keyOf([previous.tenant, before, previous.id]))
  }
  if (next !== undefined && after !== null) tree.set(keyOf([next.tenant, after, next.id]), next)
}
