/** Groups of writes, inside a transaction that is already open on the connection. */

import {
  type Applied,
  type Change,
  type Decision,
  decide,
  type Group,
  historyRow,
  isLive,
  type Key,
  type Layout,
  type Operation,
  type Outcome,
  type PutOperation,
  type ReferenceCheck,
  type RowState,
} from '@coffer/core/backend'
import { findReferrer, rowState } from '@coffer/sql'
import type { Batch } from './batch.ts'
import { get, run } from './connection.ts'
import { isRefusedByTrigger } from './error-code.ts'

/** True when a refusal can come after a write of the same group, so that the group needs an undo of its own. */
export function needsUndo(group: Group): boolean {
  return group.operations.length > 1 || group.checks.length > 0
}

/** Applies a group; when it is refused, nothing of it stays. */
export function applyUndoable(batch: Batch, group: Group): Outcome {
  if (!needsUndo(group)) return applyGroup(batch, group)
  const { connection } = batch
  connection.run('SAVEPOINT coffer_group', [])
  const outcome = applyGroup(batch, group)
  if (!outcome.ok) {
    connection.run('ROLLBACK TO coffer_group', [])
    batch.forget()
  }
  connection.run('RELEASE coffer_group', [])
  return outcome
}

/** Applies a group; when it is refused, the caller undoes what came before the refusal. */
export function applyGroup(batch: Batch, group: Group): Outcome {
  const applied: Applied[] = []
  for (const [index, operation] of group.operations.entries()) {
    const decision = applyOperation(batch, operation)
    if (decision.type === 'refuse') return { ok: false, code: decision.code, index, check: false }
    applied.push(decision.applied)
  }
  const failed = group.checks.findIndex((check) => !holds(batch, check))
  if (failed < 0) return { ok: true, applied }
  return { ok: false, code: 'REFERENCE_VIOLATION', index: failed, check: true }
}

function applyOperation(batch: Batch, operation: Operation): Decision {
  const { layout } = operation
  const inserted = operation.type === 'put' ? tryInsert(batch, operation) : undefined
  if (inserted !== undefined) return inserted
  const state = stateOf(batch, layout, operation)
  const isNew = state === undefined && operation.type === 'put'
  if (operation.type === 'put') batch.expectsNew = isNew
  const decision = decide(operation, state, isNew ? batch.floorOf(layout, operation.tenant) : 0, batch.at)
  if (decision.type === 'store') store(batch, operation, state, decision.state)
  if (decision.type === 'remove' && state !== undefined) remove(batch, operation, state, decision.applied)
  if (decision.type === 'nothing') erasePast(batch, operation)
  return decision
}

/** Stores a new record without looking for an old one, or does nothing where one is in the way. */
function tryInsert(batch: Batch, operation: PutOperation): Decision | undefined {
  const { layout } = operation
  // Entries of a log are new, whatever the operation before has met.
  if (!batch.expectsNew && !layout.appendOnly) return undefined
  const decision = decide(operation, undefined, batch.floorOf(layout, operation.tenant), batch.at)
  if (decision.type !== 'store' || !insert(batch, operation, decision.state)) return undefined
  addHistory(batch, operation, 'put', decision.state)
  return decision
}

/** Whether there was no row in the way. */
function insert(batch: Batch, operation: PutOperation, state: RowState): boolean {
  const { insert } = batch.statementsOf(operation.layout)
  try {
    return run(batch.connection, insert, operation, state) > 0
  } catch (error) {
    // The guard of an append-only table refuses the attempt as a change.
    if (operation.layout.appendOnly && isRefusedByTrigger(error)) return false
    throw error
  }
}

function stateOf(batch: Batch, layout: Layout, key: Key): RowState | undefined {
  const row = get(batch.connection, batch.statementsOf(layout).state, key)
  return row === undefined ? undefined : rowState(row)
}

function store(batch: Batch, operation: Operation, before: RowState | undefined, state: RowState): void {
  const { connection, statementsOf } = batch
  const statements = statementsOf(operation.layout)
  if (operation.type !== 'put') run(connection, statements.updateState, operation, state)
  else run(connection, before === undefined ? statements.insert : statements.update, operation, state)
  addHistory(batch, operation, operation.type, state)
}

function remove(batch: Batch, operation: Operation, before: RowState, applied: Applied): void {
  const { layout } = operation
  const statements = batch.statementsOf(layout)
  const isErased = operation.type === 'delete' && operation.mode === 'erase'
  const state = { ...before, version: applied.version, updatedAt: batch.at }
  if (isErased) erasePast(batch, operation)
  else addHistory(batch, operation, 'delete', state)
  run(batch.connection, statements.delete, operation)
  batch.raiseFloor(layout, operation.tenant, applied.version)
}

/** An erased record may be gone already and still have a past. */
function erasePast(batch: Batch, operation: Operation): void {
  const { history } = batch.statementsOf(operation.layout)
  const isErased = operation.type === 'delete' && operation.mode === 'erase'
  if (isErased && history !== undefined) run(batch.connection, history.erase, operation)
}

function addHistory(batch: Batch, operation: Operation, change: Change, state: RowState): void {
  const { history, table } = batch.statementsOf(operation.layout)
  if (history === undefined) return
  const row = historyRow(change, operation, state, '', table.layout.schemaVersion, batch.at)
  run(batch.connection, history.insert, row)
}

function holds(batch: Batch, check: ReferenceCheck): boolean {
  if (check.type === 'live') {
    const state = stateOf(batch, check.layout, check)
    return state !== undefined && isLive(state, batch.at)
  }
  const { table } = batch.statementsOf(check.layout)
  const referrer = findReferrer(table, check.field)
  return get(batch.connection, referrer, check.tenant, check.value, batch.at) === undefined
}
