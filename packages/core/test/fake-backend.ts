/** The smallest backend that keeps the contract, so that core can be tested without any other package. */

import {
  type Aggregation,
  type Applied,
  aggregateRows,
  type Backend,
  type BackendTransaction,
  comparePosition,
  compareRows,
  decide,
  type Group,
  isStoreError,
  isVisible,
  type Key,
  type Layout,
  matches,
  type Outcome,
  positionOf,
  type Query,
  type StoredRow,
} from '../src/backend.ts'

export type Row = StoredRow & {
  readonly fields: readonly (string | number | boolean | readonly string[] | null)[]
}
export type Rows = Map<string, Row>

/** What a test may put in the way of each call. */
export interface FakeHooks {
  open?: () => void | Promise<void>
  read?: () => void | Promise<void>
  write?: (groups: readonly Group[]) => void | Promise<void>
  count?: () => void | Promise<void>
  aggregate?: () => void | Promise<void>
  /** Within a transaction, before its commit. */
  commit?: () => void | Promise<void>
  /** When something has been undone, before its end is told. */
  rollback?: () => void | Promise<void>
  sweep?: () => void | Promise<void>
}

export interface FakeBackend extends Backend {
  readonly hooks: FakeHooks
  /** All rows there are, by what `rowName` says. */
  readonly rows: Rows
  readonly calls: string[]
}

/** What a row is kept under. */
export const rowName = (layout: Layout, { tenant, id }: Key) => JSON.stringify([layout.name, tenant, id])

/** Applies a group whole or not at all; of its checks, those that ask for a live record. */
function applyTo(rows: Rows, { operations, checks }: Group, at: number): Outcome {
  const next = new Map(rows)
  const applied: Applied[] = []
  for (const [index, operation] of operations.entries()) {
    const name = rowName(operation.layout, operation)
    const row = next.get(name)
    const decision = decide(operation, row, 0, at)
    if (decision.type === 'refuse') return { ok: false, code: decision.code, index, check: false }
    if (decision.type === 'remove') next.delete(name)
    if (decision.type === 'store') {
      const { tenant, id } = operation
      const content = operation.type === 'put' ? operation : (row as Row)
      const { document, fields, hash } = content
      const { schemaVersion } = operation.type === 'put' ? operation.layout : (row as Row)
      next.set(name, { tenant, id, document, fields, hash, schemaVersion, ...decision.state })
    }
    applied.push(decision.applied)
  }
  const broken = checks.findIndex((check) => check.type === 'live' && !next.has(rowName(check.layout, check)))
  if (broken !== -1) return { ok: false, code: 'REFERENCE_VIOLATION', index: broken, check: true }
  rows.clear()
  for (const [name, row] of next) rows.set(name, row)
  return { ok: true, applied }
}

function select(
  rows: Rows,
  layout: Layout,
  question: Pick<Query, 'tenant' | 'where' | 'visibility'>,
  at: number,
) {
  const { tenant, where, visibility } = question
  return [...rows]
    .filter(([name, row]) => name === rowName(layout, row) && row.tenant === tenant)
    .map(([, row]) => row)
    .filter((row) => isVisible(row, visibility, at) && (where === undefined || matches(row, where)))
}

function readers(rows: Rows, hooks: FakeHooks) {
  return {
    read: async (layout: Layout, keys: readonly Key[]) => {
      await hooks.read?.()
      return keys.map((key) => rows.get(rowName(layout, key)))
    },
    query: async (layout: Layout, query: Query, at: number) => {
      const { order, after, offset, limit } = query
      const found = select(rows, layout, query, at)
        .filter((row) => after === undefined || comparePosition(row, after, order) > 0)
        .sort((left, right) => compareRows(left, right, order))
        .slice(offset)
      const page = found.slice(0, limit)
      const last = page.at(-1)
      return { rows: page, next: found.length > limit && last ? positionOf(last, order) : undefined }
    },
    count: async (layout: Layout, question: Parameters<Backend['count']>[1], at: number) => {
      await hooks.count?.()
      return select(rows, layout, question, at).length
    },
    aggregate: async (layout: Layout, aggregation: Aggregation, at: number) => {
      await hooks.aggregate?.()
      return aggregateRows(select(rows, layout, aggregation, at), aggregation)
    },
  }
}

/** A transaction writes at once into a copy; savepoints are copies of the copy. */
function transactionOn(rows: Rows, hooks: FakeHooks): BackendTransaction {
  return {
    ...readers(rows, hooks),
    write: async (group, at) => {
      await hooks.write?.([group])
      return applyTo(rows, group, at)
    },
    savepoint: async (run) => {
      const before = new Map(rows)
      try {
        return await run()
      } catch (error) {
        rows.clear()
        for (const [name, row] of before) rows.set(name, row)
        await hooks.rollback?.()
        throw error
      }
    },
  }
}

export function fakeBackend(hooks: FakeHooks = {}, joinReads = false): FakeBackend {
  const rows: Rows = new Map()
  const calls: string[] = []
  return {
    hooks,
    rows,
    calls,
    name: 'fake',
    capabilities: {
      durability: 'none',
      persistent: false,
      sharing: 'none',
      readsBesideTransaction: true,
      joinReads,
      savepoints: true,
      lanes: 1,
      contents: false,
    },
    open: async (layouts) => {
      calls.push(`open ${layouts.map((layout) => layout.name).join()}`)
      await hooks.open?.()
      return []
    },
    close: async () => void calls.push('close'),
    ...readers(rows, hooks),
    tenants: async (layout) => {
      const own = [...rows].filter(([name, row]) => name === rowName(layout, row))
      return [...new Set(own.map(([, row]) => row.tenant))].sort()
    },
    write: async (groups, at) => {
      calls.push(`write ${groups.length}`)
      await hooks.write?.(groups)
      return groups.map((group) => applyTo(rows, group, at))
    },
    transaction: async (run) => {
      const copy = new Map(rows)
      let result: Awaited<ReturnType<typeof run>>
      try {
        result = await run(transactionOn(copy, hooks))
      } catch (error) {
        await hooks.rollback?.()
        throw error
      }
      await hooks.commit?.()
      rows.clear()
      for (const [name, row] of copy) rows.set(name, row)
      return result
    },
    sweep: async () => {
      calls.push('sweep')
      await hooks.sweep?.()
      return { removed: 0, more: false }
    },
    reindex: async ({ name: layout, schemaVersion }, rewritten, finished) => {
      calls.push(`reindex ${layout} ${finished ? 'finished' : rewritten.map(({ id }) => id).join()}`)
      for (const { tenant, id, version, document, fields, hash } of rewritten) {
        const name = JSON.stringify([layout, tenant, id])
        const row = rows.get(name)
        if (row?.version === version) rows.set(name, { ...row, document, fields, hash, schemaVersion })
      }
    },
    errorCode: (cause) => {
      if (isStoreError(cause)) return cause.code
      return (cause as { native?: unknown }).native === 'serialization' ? 'CONFLICT' : 'INTERNAL'
    },
  }
}

/** A failure as a driver would throw it, which the fake backend takes for a conflict. */
export function driverConflict(): Error {
  return Object.assign(new Error('could not serialize'), { native: 'serialization' })
}

/** A promise that a test settles when it likes. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

/** Waits until all that is ready to run has run. */
export function readyWork(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
