/**
 * The model: a backend of plain maps that runs core's pure rules and nothing else. It is as slow as it is
 * short, and every other backend must answer as it does.
 */

import {
  type Applied,
  aggregateRows,
  type Backend,
  type BackendTransaction,
  type Capabilities,
  type CountQuestion,
  comparePosition,
  compareRows,
  compareText,
  decide,
  type FieldValue,
  type Group,
  HISTORY,
  historyRow,
  isExpired,
  isLive,
  isStoreError,
  isVisible,
  type Key,
  type Layout,
  matches,
  type NewRow,
  type Operation,
  type Outcome,
  type Page,
  positionOf,
  type Query,
  type ReferenceCheck,
  type RefusalCode,
  StoreError,
  type Sweep,
} from '@coffer/core/backend'
import { modelContents } from './model-contents.ts'
import { copyOf, emptyState, nameOf, openTables, rewriteRows, type State, tableOf } from './model-state.ts'

const CAPABILITIES: Capabilities = Object.freeze({
  durability: 'none',
  persistent: false,
  sharing: 'none',
  readsBesideTransaction: false,
  joinReads: false,
  savepoints: true,
  lanes: 1,
  contents: true,
})

/** A backend for one store that keeps everything in plain maps. Transactions run one after the other. */
export function modelBackend(): Backend {
  let state = emptyState()
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const mine = last.then(run, run)
    last = mine.catch(() => undefined)
    return mine
  }
  return {
    name: 'model',
    capabilities: CAPABILITIES,
    open: (layouts) => inTurn(async () => openTables(state, layouts)),
    close: async () => undefined,
    read: (layout, keys) => inTurn(async () => readRows(state, layout, keys)),
    query: (layout, query, at) => inTurn(async () => pageOf(state, layout, query, at)),
    count: (layout, question, at) => inTurn(async () => rowsOf(state, layout, question, at).length),
    aggregate: (layout, aggregation, at) =>
      inTurn(async () => aggregateRows(rowsOf(state, layout, aggregation, at), aggregation)),
    tenants: async (layout) =>
      [...new Set([...tableOf(state, layout).values()].map((row) => row.tenant))].sort(compareText),
    write: (groups, at) => inTurn(async () => groups.map((group) => applyWhole(group, at))),
    transaction: (run) =>
      inTurn(async () => {
        const before = copyOf(state)
        try {
          return await run(transactionOf())
        } catch (error) {
          state = before
          throw error
        }
      }),
    sweep: (layout, sweep, limit, at) => inTurn(async () => sweepRows(state, layout, sweep, limit, at)),
    reindex: (layout, rows, finished) => inTurn(async () => rewriteRows(state, layout, rows, finished)),
    contents: modelContents({ inTurn, state: () => state, become: (next) => (state = next) }),
    errorCode: (cause) => (isStoreError(cause) ? cause.code : 'INTERNAL'),
  }

  function applyWhole(group: Group, at: number): Outcome {
    const before = copyOf(state)
    const outcome = applyGroup(state, group, at)
    if (!outcome.ok) state = before
    return outcome
  }

  function transactionOf(): BackendTransaction {
    return {
      read: async (layout, keys) => readRows(state, layout, keys),
      query: async (layout, query, at) => pageOf(state, layout, query, at),
      count: async (layout, question, at) => rowsOf(state, layout, question, at).length,
      aggregate: async (layout, aggregation, at) =>
        aggregateRows(rowsOf(state, layout, aggregation, at), aggregation),
      write: async (group, at) => applyWhole(group, at),
      savepoint: async (run) => {
        const before = copyOf(state)
        try {
          return await run()
        } catch (error) {
          state = before
          throw error
        }
      },
    }
  }
}

function readRows(state: State, layout: Layout, keys: readonly Key[]) {
  return keys.map((key) => tableOf(state, layout).get(nameOf(key)))
}

function rowsOf(state: State, layout: Layout, question: CountQuestion, at: number): NewRow[] {
  const { tenant, where, visibility } = question
  return [...tableOf(state, layout).values()].filter(
    (row) =>
      row.tenant === tenant && isVisible(row, visibility, at) && (where === undefined || matches(row, where)),
  )
}

function pageOf(state: State, layout: Layout, query: Query, at: number): Page {
  const { order, after, offset, limit } = query
  const rows = rowsOf(state, layout, query, at)
    .filter((row) => after === undefined || comparePosition(row, after, order) > 0)
    .sort((left, right) => compareRows(left, right, order))
    .slice(offset)
  const page = rows.slice(0, limit)
  const end = page.at(-1)
  return { rows: page, next: end === undefined || rows.length <= limit ? undefined : positionOf(end, order) }
}

function applyGroup(state: State, group: Group, at: number): Outcome {
  const applied: Applied[] = []
  for (const [index, operation] of group.operations.entries()) {
    const result = applyOne(state, operation, at)
    if (typeof result === 'string') return { ok: false, code: result, index, check: false }
    applied.push(result)
  }
  const index = group.checks.findIndex((check) => !holds(state, check, at))
  if (index >= 0) return { ok: false, code: 'REFERENCE_VIOLATION', index, check: true }
  return { ok: true, applied }
}

function applyOne(state: State, operation: Operation, at: number): Applied | RefusalCode {
  const { layout, tenant, id } = operation
  const { history } = layout
  const table = tableOf(state, layout)
  const row = table.get(nameOf(operation))
  const floor = state.floors.get(nameOf({ tenant, id: layout.name })) ?? 0
  if (layout.appendOnly && (operation.type !== 'put' || operation.condition.type !== 'absent')) {
    throw new StoreError('UNSUPPORTED', `${layout.name} is append-only`)
  }
  const decision = decide(operation, row, floor, at)
  if (decision.type === 'refuse') return decision.code
  const erases = operation.type === 'delete' && operation.mode === 'erase'
  if (erases && history !== undefined) {
    for (const past of [...tableOf(state, history).values()]) {
      if (past.tenant === tenant && past.fields[HISTORY.key] === id) remove(state, history, past, 1)
    }
  }
  if (decision.type === 'store') {
    const next = { ...contentOf(operation, row), ...decision.state }
    table.set(nameOf(operation), next)
    if (history !== undefined) remember(state, history, operation.type, next, next, at)
  } else if (decision.type === 'remove' && row !== undefined) {
    const { version } = decision.applied
    remove(state, layout, row, version)
    if (history !== undefined && !erases) {
      remember(state, history, 'delete', row, { ...row, version, updatedAt: at }, at)
    }
  }
  return decision.applied
}

type Content = Pick<NewRow, 'tenant' | 'id' | 'document' | 'schemaVersion' | 'hash'> & {
  readonly fields: readonly FieldValue[]
}

/** What a row holds after an operation, but for its state: only a put brings anything new. */
function contentOf(operation: Operation, row: NewRow | undefined): Content {
  if (operation.type !== 'put') {
    if (row === undefined) throw new Error('only a put makes a row')
    return row
  }
  const { tenant, id, document, hash, fields, layout } = operation
  return { tenant, id, document, hash, fields, schemaVersion: layout.schemaVersion }
}

function remember(
  state: State,
  history: Layout,
  change: Operation['type'],
  row: NewRow,
  after: NewRow,
  at: number,
): void {
  const past = historyRow(change, row, after, row.document, row.schemaVersion, at)
  tableOf(state, history).set(nameOf(past), past)
}

function remove(state: State, layout: Layout, row: NewRow, version: number): void {
  tableOf(state, layout).delete(nameOf(row))
  const place = nameOf({ tenant: row.tenant, id: layout.name })
  state.floors.set(place, Math.max(state.floors.get(place) ?? 0, version))
}

/** Removes rows that the sweep means, up to the limit. */
function sweepRows(state: State, layout: Layout, sweep: Sweep, limit: number, at: number) {
  const gone = [...tableOf(state, layout).values()].filter(
    (row) =>
      (sweep.tenant === undefined || row.tenant === sweep.tenant) &&
      (sweep.type === 'expired'
        ? isExpired(row, at)
        : row.deletedAt !== null && row.deletedAt <= sweep.deletedBefore),
  )
  for (const row of gone.slice(0, limit)) remove(state, layout, row, row.version)
  return { removed: Math.min(gone.length, limit), more: gone.length > limit }
}

function holds(state: State, check: ReferenceCheck, at: number): boolean {
  const { layout, tenant } = check
  if (check.type === 'live') {
    const row = tableOf(state, layout).get(nameOf(check))
    return row !== undefined && isLive(row, at)
  }
  const where = { type: 'compare', field: check.field, comparison: 'eq', value: check.value } as const
  return rowsOf(state, layout, { tenant, where, visibility: 'live' }, at).length === 0
}
