/** What every write takes beside its record, checked. */

import type { CollectionDefinition } from './definition.ts'
import { invalid } from './errors.ts'
import type { Abortable } from './executor.ts'
import type { Condition } from './operation.ts'
import { checkOptionNames } from './query.ts'
import { isInstant, parseInstant } from './time.ts'

/** What every write takes. */
export interface WriteOptions extends Abortable {
  /** Write only if the record has this version; 0 means: only if it is not there. */
  readonly ifVersion?: number | undefined
  /** The deadline, from which on the record does not exist; `'keep'` keeps the present one, `null` clears it. */
  readonly expiresAt?: Date | string | 'keep' | null | undefined
  /** The deadline as milliseconds from now, above 0; `'keep'` keeps the present one. */
  readonly ttlMs?: number | 'keep' | undefined
}

/** What `delete` takes. */
export interface DeleteOptions extends Abortable {
  readonly ifVersion?: number | undefined
  /** Removes the record for good with its history, also where the collection keeps deleted ones. */
  readonly permanent?: boolean | undefined
}

const WRITE_OPTIONS = ['ifVersion', 'expiresAt', 'ttlMs', 'signal']
const DELETE_OPTIONS = ['ifVersion', 'permanent', 'signal']

/** The condition that `ifVersion` asks for, or the one given where it is absent. */
export function conditionOf(
  ifVersion: number | undefined,
  otherwise: Condition,
  collection: string,
): Condition {
  if (ifVersion === undefined) return otherwise
  if (Number.isSafeInteger(ifVersion) && ifVersion >= 0) return { type: 'version', version: ifVersion }
  throw invalid(`${collection}: ifVersion is a version, or 0 for a record that is not there`)
}

/** Refuses unknown options of a write. */
export function checkWriteOptions(options: WriteOptions, collection: string): void {
  checkOptionNames(options, WRITE_OPTIONS, collection)
}

/** Refuses unknown options of a deletion. */
export function checkDeleteOptions(options: DeleteOptions, collection: string): void {
  checkOptionNames(options, DELETE_OPTIONS, collection)
}

/**
 * The deadline of a write.
 *
 * @param own the deadline that the record itself carries, `undefined` where its definition names no member
 * @param otherwise what holds when the caller says nothing
 */
export function deadlineOf(
  options: WriteOptions,
  definition: CollectionDefinition,
  own: number | null | undefined,
  at: number,
  otherwise: 'keep' | null,
): number | null | 'keep' {
  const { expiresAt, ttlMs } = options
  if (own !== undefined) {
    if (expiresAt === undefined && ttlMs === undefined) return own
    throw invalid(
      `${definition.name}: the deadline stands in the record's member '${definition.expiresAt}'; set it there`,
    )
  }
  if (expiresAt !== undefined && ttlMs !== undefined) {
    throw invalid(`${definition.name}: give expiresAt or ttlMs, not both`)
  }
  if (expiresAt === 'keep' || ttlMs === 'keep') return 'keep'
  if (ttlMs !== undefined) return afterTtl(ttlMs, at, definition.name)
  if (expiresAt === undefined) return otherwise
  return expiresAt === null ? null : instantOf(expiresAt, definition.name)
}

function afterTtl(ttlMs: number, at: number, collection: string): number {
  const deadline = typeof ttlMs === 'number' && ttlMs > 0 ? at + Math.ceil(ttlMs) : Number.NaN
  if (isInstant(deadline)) return deadline
  throw invalid(`${collection}: ttlMs is a number of milliseconds above 0, ending before the year 10000`)
}

function instantOf(expiresAt: Date | string, collection: string): number {
  const milliseconds = expiresAt instanceof Date ? expiresAt.getTime() : parseInstant(String(expiresAt))
  if (milliseconds !== undefined && isInstant(milliseconds)) return milliseconds
  throw invalid(`${collection}: expiresAt is a Date, an ISO 8601 timestamp with a time zone, 'keep' or null`)
}
