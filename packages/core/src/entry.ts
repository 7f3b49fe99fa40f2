/** Records with what the store knows of them. */

import { decodeRow } from './codec.ts'
import type { CollectionDefinition } from './definition.ts'
import type { Change } from './history.ts'
import type { StoredRow } from './row.ts'

/** A record with its version and times. */
export interface Entry<R> {
  readonly record: R
  /** For `ifVersion`. */
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly expiresAt: Date | undefined
  /** Set on a soft-deleted record. */
  readonly deletedAt: Date | undefined
}

/** One page of an answer. */
export interface RecordPage<R> {
  readonly records: R[]
  /** The cursor of the next page; `undefined` on the last one. */
  readonly next: string | undefined
}

/** One version of a record's past. */
export interface HistoryEntry<R> {
  readonly change: Change
  readonly version: number
  readonly changedAt: Date
  /** The record after the change; before a deletion, the record that was deleted. */
  readonly record: R
}

/** The entry of a row. */
export function toEntry<R>(definition: CollectionDefinition<R>, row: StoredRow): Entry<R> {
  return {
    record: decodeRow(definition, row),
    version: row.version,
    createdAt: new Date(row.createdAt),
    updatedAt: new Date(row.updatedAt),
    expiresAt: row.expiresAt === null ? undefined : new Date(row.expiresAt),
    deletedAt: row.deletedAt === null ? undefined : new Date(row.deletedAt),
  }
}
