/** Where logs are tampered with: what is behind a store, as somebody reaches it who goes around the store. */

import { type AgentStore, agents } from '@coffer/agents'
import { createStore, type LogHead } from '@coffer/core'
import { type Backend, type Layout, type StoredRow, totalOrder } from '@coffer/core/backend'
import type { ChainPlace, EntryRow, Tampered } from './log-tampering-kinds.ts'

/** More entries than any rig writes. */
const MAX_ROWS = 10_000

/** One place with a store on it. */
export interface TamperingPlace {
  readonly store: AgentStore
  /** The rows of the log's table, by their place in the chain. */
  rows(place: ChainPlace): Promise<readonly EntryRow[]>
  /** Puts these rows in the place of all that are there. */
  replace(place: ChainPlace, tampered: Tampered): Promise<void>
  /** Tries to change rows while the engine guards them. Answers the statements that it has not refused. */
  tryChanges(place: ChainPlace): Promise<{ readonly tried: number; readonly accepted: readonly string[] }>
  end(): Promise<void>
}

/** The members of a row that queries go by. */
export function columnsOf(row: EntryRow, { log, edited }: ChainPlace): Readonly<Record<string, unknown>> {
  const names = [log.chain.sequence, log.chain.hash, edited, ...(log.key === undefined ? [] : [log.key])]
  return Object.fromEntries(names.map((name) => [name, row.document[name]]))
}

/**
 * A place where nothing reaches around the backend: what is tampered with is what the backend answers. Rows of the
 * log come from here once they were replaced, in the order in which the engine would have them.
 */
export function presentedPlace(backend: Backend): TamperingPlace {
  const presented = new Map<string, { rows: readonly StoredRow[]; head: LogHead | undefined }>()
  const query: Backend['query'] = async (layout, question, ...rest) => {
    const mine = presented.get(layout.name)
    if (mine === undefined) return backend.query(layout, question, ...rest)
    return { rows: mine.rows.filter((row) => row.tenant === question.tenant), next: undefined }
  }
  const read: Backend['read'] = async (layout, keys, ...rest) => {
    const rows = await backend.read(layout, keys, ...rest)
    const head = [...presented].find(([log]) => layout.name === `${log}_heads`)?.[1].head
    if (head === undefined) return rows
    return rows.map(
      (row) => row && { ...row, document: JSON.stringify({ ...JSON.parse(row.document), ...head }) },
    )
  }
  const methods: Partial<Backend> = { query, read }
  const presenting = new Proxy(backend, {
    get: (target, name) => {
      const value: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const store = createStore({ backend: presenting }, agents)
  return {
    store,
    rows: async ({ log }) => {
      const question = { tenant: store.tenantName, where: undefined, after: undefined, offset: 0 }
      const { rows } = await backend.query(
        log.entries.layout,
        { ...question, order: totalOrder([]), limit: MAX_ROWS, visibility: 'any', withFields: true },
        0,
      )
      return rows.map((row) => entryRow(row)).sort(bySequence(log.chain.sequence))
    },
    replace: async (place, { rows, head }) => {
      const { layout } = place.log.entries
      const ordered = rows.toSorted(bySequence(place.log.chain.sequence))
      presented.set(layout.name, { rows: ordered.map((row) => storedRow(row, place, layout)), head })
    },
    tryChanges: async () => ({ tried: 0, accepted: [] }),
    end: () => store.close(),
  }
}

function entryRow(row: StoredRow): EntryRow {
  return { tenant: row.tenant, id: row.id, document: JSON.parse(row.document), kept: row }
}

function storedRow(row: EntryRow, place: ChainPlace, layout: Layout): StoredRow {
  const kept = row.kept as StoredRow
  const columns = columnsOf(row, place)
  const fields = layout.fields.map(({ name }, position) =>
    name in columns ? (columns[name] as string | number) : (kept.fields?.[position] ?? null),
  )
  return { ...kept, tenant: row.tenant, id: row.id, document: JSON.stringify(row.document), fields }
}

/** As an engine orders rows: by place, those of one place by id. */
function bySequence(member: string): (left: EntryRow, right: EntryRow) => number {
  return (left, right) =>
    Number(left.document[member]) - Number(right.document[member]) || (left.id < right.id ? -1 : 1)
}
