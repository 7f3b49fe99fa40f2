/**
 * Writes, as a backend receives them, and the one rule that decides each of them. A backend that can look
 * at the row in place calls `decide` and does what it says; an engine that decides in SQL is held to it by
 * the suite.
 */

import type { ErrorCode } from './errors.ts'
import type { Layout } from './layout.ts'
import { type FieldValue, isExpired, isLive, type Key, type RowState } from './row.ts'

/**
 * What must be true of the record for the operation to happen. Only a live record counts as being there:
 * `version: 0` and `absent` both mean "not there" and differ in their refusal.
 */
export type Condition =
  | { readonly type: 'none' }
  | { readonly type: 'absent' }
  | { readonly type: 'present' }
  | { readonly type: 'version'; readonly version: number }

/** Stores a record whole, over whatever is there. */
export interface PutOperation extends Key {
  readonly type: 'put'
  readonly layout: Layout
  readonly condition: Condition
  /** JSON text of the encoded record. */
  readonly document: string
  /** One value per field of the layout, in its order. */
  readonly fields: readonly FieldValue[]
  readonly hash: string | null
  /** The deadline in milliseconds, `null` for none, `'keep'` for that of the live record in place. */
  readonly expiresAt: number | null | 'keep'
}

/**
 * Removes a record.
 *
 * - `soft` marks a live record as deleted and keeps it
 * - `hard` removes a live record
 * - `erase` removes the row in whatever state it is, and its history with it
 */
export interface DeleteOperation extends Key {
  readonly type: 'delete'
  readonly layout: Layout
  readonly condition: Condition
  readonly mode: 'soft' | 'hard' | 'erase'
}

/** Makes a soft-deleted record live again, as it was. Refused with `NOT_FOUND` when there is none. */
export interface RestoreOperation extends Key {
  readonly type: 'restore'
  readonly layout: Layout
}

/** One write of one record; what it concerns is told by its `type`. */
export type Operation = PutOperation | DeleteOperation | RestoreOperation

/**
 * A reference to be checked when the operations of its group have been applied:
 *
 * - `live`: the record must be live
 * - `unreferenced`: no live record of the layout may have the value in the field. The value is the id of a
 *   record of `target` that the group removes
 */
export type ReferenceCheck =
  | ({ readonly type: 'live'; readonly layout: Layout } & Key)
  | {
      readonly type: 'unreferenced'
      readonly layout: Layout
      readonly target: Layout
      readonly tenant: string
      /** Position of a `text` field in the layout. */
      readonly field: number
      readonly value: string
    }

/**
 * Operations that happen all or not at all, in their order; later ones see what earlier ones did, and two
 * may concern one key. Groups of one call are independent: the refusal of one leaves the others alone.
 */
export interface Group {
  readonly operations: readonly Operation[]
  readonly checks: readonly ReferenceCheck[]
}

/** The refusals that are answers, not failures of the engine. */
export type RefusalCode = Extract<
  ErrorCode,
  'NOT_FOUND' | 'ALREADY_EXISTS' | 'VERSION_CONFLICT' | 'REFERENCE_VIOLATION'
>

/** What one operation did. */
export interface Applied {
  /** The record's version after the write, a removal counting as one too; 0 when nothing was there. */
  readonly version: number
  /** Of a removal: whether the record was live. A put or a restoration need not tell. */
  readonly existed: boolean
}

/** What became of one group. */
export type Outcome =
  | { readonly ok: true; readonly applied: readonly Applied[] }
  | {
      readonly ok: false
      readonly code: RefusalCode
      /** Position of the refused operation, or of the failed check where `check` is true. */
      readonly index: number
      readonly check: boolean
    }

/** What an operation does to the row in place. */
export type Decision =
  | { readonly type: 'refuse'; readonly code: RefusalCode }
  /** Nothing to do: there was no record to remove. */
  | { readonly type: 'nothing'; readonly applied: Applied }
  /** The row's new state. A put replaces document, fields and hash as well; the others leave them. */
  | { readonly type: 'store'; readonly state: RowState; readonly applied: Applied }
  /** The row goes. The floor of its tenant and layout rises to `applied.version`. */
  | { readonly type: 'remove'; readonly applied: Applied }

/**
 * Decides one operation.
 *
 * @param state the row in place, in whatever state, or `undefined`
 * @param floor the highest version that any removed row of this tenant and layout ever had, 0 at first: a
 *   new row starts above it, so that versions never restart
 * @param at core's clock, in milliseconds
 */
export function decide(
  operation: Operation,
  state: RowState | undefined,
  floor: number,
  at: number,
): Decision {
  const live = state !== undefined && isLive(state, at)
  if (operation.type === 'restore') return decideRestore(state, at)
  const refusal = refusalOf(operation.condition, live ? state : undefined)
  if (refusal !== undefined) return { type: 'refuse', code: refusal }
  if (operation.type === 'delete') return decideDelete(operation, state, live, at)
  const version = (state?.version ?? floor) + 1
  const kept = live ? state.expiresAt : null
  return {
    type: 'store',
    state: {
      version,
      createdAt: live ? state.createdAt : at,
      updatedAt: at,
      expiresAt: operation.expiresAt === 'keep' ? kept : operation.expiresAt,
      deletedAt: null,
    },
    applied: { version, existed: live },
  }
}

function refusalOf(condition: Condition, live: RowState | undefined): RefusalCode | undefined {
  switch (condition.type) {
    case 'none':
      return undefined
    case 'absent':
      return live === undefined ? undefined : 'ALREADY_EXISTS'
    case 'present':
      return live === undefined ? 'NOT_FOUND' : undefined
    case 'version':
      return (live?.version ?? 0) === condition.version ? undefined : 'VERSION_CONFLICT'
  }
}

function decideDelete(
  operation: DeleteOperation,
  state: RowState | undefined,
  live: boolean,
  at: number,
): Decision {
  const goes = state !== undefined && (live || operation.mode === 'erase')
  if (!goes) return { type: 'nothing', applied: { version: 0, existed: false } }
  if (operation.mode !== 'soft') {
    return { type: 'remove', applied: { version: state.version + 1, existed: live } }
  }
  const version = state.version + 1
  return {
    type: 'store',
    state: { ...state, version, updatedAt: at, deletedAt: at },
    applied: { version, existed: true },
  }
}

function decideRestore(state: RowState | undefined, at: number): Decision {
  if (state === undefined || state.deletedAt === null || isExpired(state, at)) {
    return { type: 'refuse', code: 'NOT_FOUND' }
  }
  const version = state.version + 1
  return {
    type: 'store',
    state: { ...state, version, updatedAt: at, deletedAt: null },
    applied: { version, existed: false },
  }
}
