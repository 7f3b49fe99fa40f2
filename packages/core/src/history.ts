/**
 * History: a backend adds one row to `layout.history` for every write of a collection that keeps one, in
 * the same commit. The history is a layout like any other, so every backend can be asked about it.
 */

import type { FieldLayout, Layout } from './layout.ts'
import type { FieldValue, RowState, StoredRow } from './row.ts'
import { MAX_KEY_BYTES } from './text.ts'

/** The fields of a history layout, in this order. `change` is `put`, `delete` or `restore`. */
const HISTORY_FIELDS: readonly FieldLayout[] = [
  { name: 'key', type: 'text', nullable: false },
  { name: 'version_of_key', type: 'integer', nullable: false },
  { name: 'changed_at', type: 'timestamp', nullable: false },
  { name: 'change', type: 'text', nullable: false },
]

/** Positions of the fields of a history layout. */
export const HISTORY = { key: 0, version: 1, changedAt: 2, change: 3 } as const

const VERSION_DIGITS = 16

/** The longest id of a history row in bytes of UTF-8: a version, a colon, and the longest key. */
export const MAX_HISTORY_ID_BYTES = VERSION_DIGITS + 1 + MAX_KEY_BYTES

/** What a write did to the record: every removal, soft or not, is a `delete`. */
export type Change = 'put' | 'delete' | 'restore'

/** What the name of a past ends in, and no collection's may. */
const SUFFIX = '__history'

/** The name of the layout that keeps the past of a collection. */
export function historyName(collection: string): string {
  return `${collection}${SUFFIX}`
}

/** The layout that keeps the past of a collection. */
export function historyLayout(name: string, schemaVersion: number): Layout {
  return {
    name: historyName(name),
    fields: HISTORY_FIELDS,
    indexes: [[HISTORY.key, HISTORY.version]],
    documentColumns: [],
    appendOnly: false,
    history: undefined,
    schemaVersion,
  }
}

/** True for the name of a layout that keeps the past of a collection. */
export function isHistoryName(name: string): boolean {
  return name.endsWith(SUFFIX)
}

/** The name of the collection that a layout belongs to, be it its own or that of its past. */
export function collectionNameOf(layout: string): string {
  return isHistoryName(layout) ? layout.slice(0, -SUFFIX.length) : layout
}

/** A row to be inserted, with the values of its layout's fields. */
export interface NewRow extends StoredRow {
  readonly fields: readonly FieldValue[]
}

/**
 * The history row of one write. Its id is the version, padded to 16 digits, a colon and the key, so it is
 * unique; its own version is 1. `createdAt` and `expiresAt` are the record's, so that the past can be told
 * with its deadlines (core asks for history with the visibility `any` and never sweeps it); `updatedAt` is
 * the time of the change.
 *
 * @param document what the record holds after the change, or held before a removal
 */
export function historyRow(
  change: Change,
  key: { readonly tenant: string; readonly id: string },
  state: RowState,
  document: string,
  schemaVersion: number,
  at: number,
): NewRow {
  return {
    tenant: key.tenant,
    id: `${String(state.version).padStart(VERSION_DIGITS, '0')}:${key.id}`,
    document,
    schemaVersion,
    hash: null,
    version: 1,
    createdAt: state.createdAt,
    updatedAt: at,
    expiresAt: state.expiresAt,
    deletedAt: null,
    fields: [key.id, state.version, at, change],
  }
}
