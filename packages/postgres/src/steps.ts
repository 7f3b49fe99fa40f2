/**
 * Operations as statements. Operations of one kind on one layout share a statement; two on one key never
 * do, and come in their order.
 */

import type { Applied, Layout, Operation, RefusalCode } from '@coffer/core/backend'
import type { Parameter, RawRow, Table } from '@coffer/sql'
import { keyOf, removalKind } from './change-statements.ts'
import type { StatementKind, StatementsOf } from './layout-statements.ts'
import { lonePutParameters } from './lone-put.ts'
import type { Notifications } from './notifications.ts'
import { instant, putKind, recordOf } from './put-statements.ts'
import type { Command } from './session.ts'

/** One operation at its place in a call. */
export interface Item {
  readonly group: number
  readonly index: number
  readonly operation: Operation
  /** True where a refusal must make the statement fail. */
  readonly isStrict: boolean
}

/** What became of one operation. */
export type Result = { readonly applied: Applied } | { readonly refused: RefusalCode }

/** A statement and the operations in it. */
export interface Step {
  readonly command: Command
  /** The tenant of all operations, where statements are split by it. */
  readonly tenant: string
  readonly items: readonly Item[]
  /** True where the statement itself tells other stores what it changes. */
  readonly isTold: boolean
  /** Reads the answer: what became of each operation, in the order of `items`. */
  results(rows: readonly RawRow[]): readonly Result[]
}

/** How steps are made. */
export interface StepMaker {
  readonly statementsOf: StatementsOf
  /** True where each statement may concern one tenant alone. */
  readonly byTenant: boolean
  /** Given where a statement may tell other stores what it changes, because nobody tells them of all at the end. */
  readonly notifications?: Notifications
}

/**
 * Bounds of one statement. Measured, 250 to 2,000 records cost the server the same each, and 10,000 more; small
 * ones let it begin early. A JSON array of 256 MB is its end; documents count in UTF-16 units.
 */
const MAX_ITEMS = 500
const MAX_TEXT = 16 * 1_024 * 1_024

/** The steps of operations, in an order in which they can be taken. */
export function stepsOf(maker: StepMaker, items: readonly Item[], at: number): readonly Step[] {
  const [only] = items
  const lone = items.length === 1 && only !== undefined ? loneStep(maker, only, at) : undefined
  if (lone !== undefined) return [lone]
  return wavesOf(items).flatMap((wave) =>
    bucketsOf(maker, wave).flatMap((bucket) =>
      chunksOf(bucket).map((chunk) => stepOf(maker, bucket, chunk, at)),
    ),
  )
}

function loneStep({ statementsOf, notifications }: StepMaker, item: Item, at: number): Step | undefined {
  const { operation, isStrict } = item
  if (operation.type !== 'put' || isStrict) return undefined
  const kind = putKind(operation)
  const { table, lonePut } = statementsOf(operation.layout)
  const isTold = notifications?.isOn === true
  const text = lonePut(kind, isTold)
  if (text === undefined) return undefined
  const items = [item]
  const told = isTold ? notifications.parametersFor({ ...operation, layout: operation.layout.name }) : []
  return {
    command: { text, parameters: [...lonePutParameters(table, kind, operation, at), ...told] },
    tenant: operation.tenant,
    items,
    isTold,
    results: (rows) => resultsOf(items, rows),
  }
}

/** Splits operations so that no two of a wave concern one key; those of a key are in ascending waves. */
function wavesOf(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length < 2) return [items]
  const seen = new Map<string, number>()
  const waves: Item[][] = []
  for (const item of items) {
    const { layout, tenant, id } = item.operation
    const key = `${layout.name}\0${tenant}\0${id}`
    const wave = seen.get(key) ?? 0
    seen.set(key, wave + 1)
    const existing = waves[wave]
    if (existing === undefined) waves.push([item])
    else existing.push(item)
  }
  return waves
}

interface Bucket {
  readonly layout: Layout
  readonly kind: StatementKind
  readonly isStrict: boolean
  readonly items: Item[]
}

/** Every process takes the buckets, and the keys in them, in one order, so that few wait for each other in a ring. */
function bucketsOf({ byTenant }: StepMaker, wave: readonly Item[]): readonly Bucket[] {
  const buckets = new Map<string, Bucket>()
  for (const item of wave) {
    const { operation, isStrict } = item
    const kind = kindOf(operation)
    const { layout } = operation
    const name = `${layout.name}\0${kind}\0${isStrict}\0${byTenant ? operation.tenant : ''}`
    const bucket = buckets.get(name)
    if (bucket === undefined) buckets.set(name, { layout, kind, isStrict, items: [item] })
    else bucket.items.push(item)
  }
  if (buckets.size === 1) return [...buckets.values()].map(sorted)
  return [...buckets.keys()].sort().map((name) => sorted(buckets.get(name) as Bucket))
}

function sorted(bucket: Bucket): Bucket {
  bucket.items.sort((left, right) => compareKeys(left.operation, right.operation))
  return bucket
}

function compareKeys(left: Operation, right: Operation): number {
  if (left.tenant !== right.tenant) return left.tenant < right.tenant ? -1 : 1
  if (left.id === right.id) return 0
  return left.id < right.id ? -1 : 1
}

/** Parts of a bucket that are small enough for a statement. */
function chunksOf({ items }: Bucket): readonly (readonly Item[])[] {
  const chunks: Item[][] = [[]]
  let length = 0
  for (const item of items) {
    const chunk = chunks.at(-1) as Item[]
    const itemLength = item.operation.type === 'put' ? item.operation.document.length : 0
    const isFull = chunk.length === MAX_ITEMS || length + itemLength > MAX_TEXT
    if (chunk.length > 0 && isFull) {
      chunks.push([item])
      length = itemLength
    } else {
      chunk.push(item)
      length += itemLength
    }
  }
  return chunks
}

function kindOf(operation: Operation): StatementKind {
  switch (operation.type) {
    case 'put':
      return putKind(operation)
    case 'delete':
      return removalKind(operation)
    case 'restore':
      return 'restore'
  }
}

function stepOf(maker: StepMaker, bucket: Bucket, items: readonly Item[], at: number): Step {
  const { layout, kind, isStrict } = bucket
  const { table, write } = maker.statementsOf(layout)
  const { text, takes } = write(kind, isStrict)
  const parameters = (): readonly Parameter[] => [
    `[${items.map(({ operation }) => recordTextOf(table, operation)).join()}]`,
    instant(at),
    ...(takes === 'nothing' ? [] : [layout.name]),
    ...(takes === 'floors' ? [tenantsOf(items)] : []),
    ...(isStrict ? [items.length] : []),
  ]
  return {
    command: { text, parameters },
    tenant: items[0]?.operation.tenant ?? '',
    items,
    isTold: false,
    results: (rows) => resultsOf(items, rows),
  }
}

function recordTextOf(table: Table, operation: Operation): string {
  if (operation.type === 'put') return recordOf(table, operation)
  const version =
    operation.type === 'delete' && operation.condition.type === 'version'
      ? operation.condition.version
      : undefined
  return keyOf(operation.tenant, operation.id, version)
}

function tenantsOf(items: readonly Item[]): readonly string[] {
  return [...new Set(items.map(({ operation }) => operation.tenant))]
}

/** What was refused, or was not there, is missing in the answer. What is there mostly comes in the order asked. */
function resultsOf(items: readonly Item[], rows: readonly RawRow[]): readonly Result[] {
  let byKey: Map<string, RawRow> | undefined
  return items.map(({ operation }, index) => {
    const { tenant, id } = operation
    const next = rows[index]
    let row = next?.[1] === id && next[0] === tenant ? next : undefined
    if (row === undefined) {
      byKey ??= new Map(rows.map((each) => [`${each[0]}\0${each[1]}`, each]))
      row = byKey.get(`${tenant}\0${id}`)
    }
    if (row === undefined) return missing(operation)
    return { applied: { version: Number(row[2]), existed: row[3] === 't' } }
  })
}

function missing(operation: Operation): Result {
  if (operation.type === 'restore') return { refused: 'NOT_FOUND' }
  switch (operation.condition.type) {
    case 'none':
      return { applied: { version: 0, existed: false } }
    case 'absent':
      return { refused: 'ALREADY_EXISTS' }
    case 'present':
      return { refused: 'NOT_FOUND' }
    case 'version':
      return { refused: 'VERSION_CONFLICT' }
  }
}
