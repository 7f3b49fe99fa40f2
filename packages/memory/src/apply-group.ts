/** Applies one group of operations to tables: each as core's `decide` says, all or none. */

import {
  type Applied,
  type Change,
  decide,
  type Group,
  HISTORY,
  historyRow,
  isLive,
  type Layout,
  type Operation,
  type Outcome,
  type ReferenceCheck,
  type RefusalCode,
  type RowState,
  StoreError,
} from '@coffer/core/backend'
import { countRows } from './search.ts'
import { keyOf, rangeOf, walk } from './sorted-tree.ts'
import type { Row } from './table.ts'
import type { RowChange, Tables } from './tables.ts'

/**
 * Applies a group and adds its row changes to the journal. A refused group leaves tables and journal as
 * they were. When it throws, what the group did so far is in the journal, for the caller to undo.
 *
 * @throws StoreError `UNSUPPORTED` for anything but an insert into an append-only layout
 */
export function applyGroup(tables: Tables, group: Group, at: number, journal: RowChange[]): Outcome {
  const length = journal.length
  const applied: Applied[] = []
  for (const [index, operation] of group.operations.entries()) {
    const result = applyOperation(tables, operation, at, journal)
    if (typeof result === 'string') {
      tables.undo(journal, length)
      return { ok: false, code: result, index, check: false }
    }
    applied.push(result)
  }
  for (const [index, check] of group.checks.entries()) {
    if (holds(tables, check, at)) continue
    tables.undo(journal, length)
    return { ok: false, code: 'REFERENCE_VIOLATION', index, check: true }
  }
  return { ok: true, applied }
}

function applyOperation(
  tables: Tables,
  operation: Operation,
  at: number,
  journal: RowChange[],
): Applied | RefusalCode {
  const { layout } = operation
  if (layout.appendOnly) assertInsert(operation)
  const table = tables.table(layout.name)
  const row = table.get(operation)
  const decision = decide(operation, row, row === undefined ? table.floor(operation.tenant) : 0, at)
  if (decision.type === 'refuse') return decision.code
  if (layout.appendOnly && row !== undefined) throw appendOnly(layout)
  const erases = operation.type === 'delete' && operation.mode === 'erase'
  if (erases && layout.history !== undefined) eraseHistory(tables, layout.history, operation, journal)
  if (decision.type === 'store') {
    const next = nextRow(operation, row, decision.state)
    tables.change(layout, row, next, 0, journal)
    if (layout.history !== undefined)
      addHistory(tables, layout.history, operation.type, next, next, at, journal)
  } else if (decision.type === 'remove' && row !== undefined) {
    const { version } = decision.applied
    tables.change(layout, row, undefined, version, journal)
    if (layout.history !== undefined && !erases) {
      const state = { ...row, version, updatedAt: at }
      addHistory(tables, layout.history, 'delete', row, state, at, journal)
    }
  }
  return decision.applied
}

function nextRow(operation: Operation, row: Row | undefined, state: RowState): Row {
  const { tenant, id } = operation
  const content = operation.type === 'put' ? operation : row
  return {
    tenant,
    id,
    version: state.version,
    createdAt: state.createdAt,
    updatedAt: state.updatedAt,
    expiresAt: state.expiresAt,
    deletedAt: state.deletedAt,
    document: content?.document ?? '',
    schemaVersion: operation.type === 'put' ? operation.layout.schemaVersion : (row?.schemaVersion ?? 0),
    hash: content?.hash ?? null,
    fields: content?.fields ?? [],
  }
}

function addHistory(
  tables: Tables,
  history: Layout,
  type: Change,
  row: Row,
  state: RowState,
  at: number,
  journal: RowChange[],
): void {
  const entry = historyRow(type, row, state, row.document, row.schemaVersion, at)
  tables.change(history, tables.table(history.name).get(entry), entry, 0, journal)
}

/** Removes the history of a key, also when the row itself has gone before. */
function eraseHistory(tables: Tables, history: Layout, operation: Operation, journal: RowChange[]): void {
  const { tenant, id } = operation
  const table = tables.table(history.name)
  const index = table.indexes.find(({ fields }) => fields[0] === HISTORY.key)
  if (index === undefined) throw new Error(`layout '${history.name}' has no index on the key`)
  for (const row of [...walk(index.tree, rangeOf(keyOf([tenant, id])))]) {
    tables.change(history, row, undefined, row.version, journal)
  }
}

function holds(tables: Tables, check: ReferenceCheck, at: number): boolean {
  const table = tables.table(check.layout.name)
  if (check.type === 'live') {
    const row = table.get(check)
    return row !== undefined && isLive(row, at)
  }
  return countRows(table, referrers(check), at) === 0
}

/** The question whose answer an `unreferenced` check wants to be nought. */
export function referrers(check: Extract<ReferenceCheck, { type: 'unreferenced' }>) {
  const { tenant, field, value } = check
  return {
    tenant,
    where: { type: 'compare', field, comparison: 'eq', value },
    visibility: 'live',
  } as const
}

function assertInsert(operation: Operation): void {
  if (operation.type !== 'put' || operation.condition.type !== 'absent') throw appendOnly(operation.layout)
}

/** The refusal of any change to an append-only layout. */
export function appendOnly(layout: Layout): StoreError {
  return new StoreError('UNSUPPORTED', `'${layout.name}' is append-only: rows can only be inserted`, {
    collection: layout.name,
  })
}
