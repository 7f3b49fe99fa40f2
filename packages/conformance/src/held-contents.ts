/** All that a place holds, read through its door, made comparable, and put into another place. */

import assert from 'node:assert/strict'
import type { BaseStore, HeldLayout, Replacement, Snapshot, TenantFloor } from '@coffer/core'
import { compareText, type FieldValue, type Layout, type NewRow } from '@coffer/core/backend'

/** What one state of a place has. */
export interface Held {
  readonly layouts: readonly HeldLayout[]
  readonly tables: readonly HeldTable[]
}

/** What one layout has. */
export interface HeldTable {
  readonly layout: Layout
  readonly rows: readonly NewRow[]
  readonly floors: readonly TenantFloor[]
}

/** Few, so that ordinary cases go over several pages. */
const PAGE_ROWS = 7

/** Reads all that a snapshot has, page by page. */
export async function heldIn(snapshot: Snapshot, limit = PAGE_ROWS): Promise<Held> {
  const tables: HeldTable[] = []
  for (const { layout } of snapshot.layouts) {
    const [rows, floors] = [await rowsIn(snapshot, layout, limit), await floorsIn(snapshot, layout, limit)]
    tables.push({ layout, rows, floors })
  }
  return { layouts: snapshot.layouts, tables }
}

/** Reads all that a store's place holds at this moment. */
export function heldBy(store: BaseStore, limit?: number): Promise<Held> {
  return store.place().snapshot((snapshot) => heldIn(snapshot, limit))
}

/** Every row of a layout, of all tenants, in the order of the pages. */
export function rowsIn(snapshot: Snapshot, layout: Layout, limit = PAGE_ROWS): Promise<NewRow[]> {
  return pagesOf((after) => snapshot.rows(layout, after, limit), limit)
}

/** Every floor of a layout, in the order of the pages. */
export function floorsIn(snapshot: Snapshot, layout: Layout, limit = PAGE_ROWS): Promise<TenantFloor[]> {
  return pagesOf((after) => snapshot.floors(layout, after?.tenant, limit), limit)
}

async function pagesOf<T>(
  page: (after: T | undefined) => Promise<readonly T[]>,
  limit: number,
): Promise<T[]> {
  const items: T[] = []
  for (;;) {
    const next = await page(items.at(-1))
    assert.ok(next.length <= limit, 'a page is longer than was asked for')
    items.push(...next)
    if (next.length < limit) return items
  }
}

/** One layout's part, which has to be there. */
export function tableIn(held: Held, name: string): HeldTable {
  const table = held.tables.find(({ layout }) => layout.name === name)
  assert.ok(table, `the place holds no ${name}`)
  return table
}

/** A layout as values alone: whether a member is absent or undefined makes no difference. */
export function plainLayout(layout: Layout): unknown {
  return JSON.parse(JSON.stringify({ ...layout, history: undefined }))
}

/** What can be compared between places: an engine may order the members of a document anew. */
export function comparable({ layouts, tables }: Held) {
  return {
    layouts: layouts.map(({ layout, stale }) => ({ layout: plainLayout(layout), stale })),
    tables: tables.map(({ layout, rows, floors }) => ({
      name: layout.name,
      rows: rows.map(comparableRow),
      floors: floors.map(({ tenant, version }) => ({ tenant, version })),
    })),
  }
}

/** A row by its members, with the document as the value that it stands for. */
export function comparableRow(row: NewRow) {
  const { tenant, id, version, createdAt, updatedAt, expiresAt, deletedAt, schemaVersion, hash, fields } = row
  const document: unknown = JSON.parse(row.document)
  const times = { createdAt, updatedAt, expiresAt, deletedAt }
  return { tenant, id, version, ...times, schemaVersion, hash, fields: fields.map(comparableField), document }
}

/** Texts have no order, and need not be told twice. */
function comparableField(value: FieldValue): FieldValue {
  return Array.isArray(value) ? [...new Set(value as readonly string[])].sort(compareText) : value
}

/** Asserts that two states are the same. */
export function assertSame(actual: Held, expected: Held, message?: string): void {
  assert.deepEqual(comparable(actual), comparable(expected), message)
}

/** Fills a place with a state, in pages. */
export function fillWith(
  store: BaseStore,
  { layouts, tables }: Held,
  options: Partial<Replacement> = {},
): Promise<void> {
  return store.place().replace({ layouts, onlyIfEmpty: true, ...options }, async (loader) => {
    for (const { layout, rows, floors } of tables) {
      for (let at = 0; at < rows.length; at += PAGE_ROWS) {
        await loader.rows(layout, rows.slice(at, at + PAGE_ROWS))
      }
      await loader.floors(layout, floors)
    }
  })
}

/** A row of `{ id, n }` with the field `n`, as any backend might have told it. */
export function numberRow(id: string, n: number, more: Partial<NewRow> = {}): NewRow {
  const times = { createdAt: 1, updatedAt: 2, expiresAt: null, deletedAt: null }
  const document = JSON.stringify({ id, n })
  return {
    tenant: 'default',
    id,
    document,
    schemaVersion: 1,
    hash: null,
    version: 3,
    ...times,
    fields: [n],
    ...more,
  }
}
