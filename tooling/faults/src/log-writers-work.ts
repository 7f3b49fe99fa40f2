/**
 * What one writer of logs does, and what it says it has done: appends to the audit log and to a trace that all
 * writers share, alone, in transactions with a record beside the entry, and in transactions that are given up.
 */

import { type AgentStore, agents } from '@coffer/agents'
import { type BaseStore, createStore, defineCollection, isStoreError, type StoreConfig } from '@coffer/core'
import * as z from 'zod'

/** The trace that all writers append to. */
export const SHARED_TRACE = 'shared'

/** What a writer has been told about one entry. */
export interface Acknowledged {
  readonly log: 'audit' | 'trace'
  readonly id: string
  readonly sequence: number
  /** The place in what the writer was told, from 0. */
  readonly turn: number
  readonly writer: number
  /** Whether a record was written in the same transaction. */
  readonly withRecord: boolean
}

/** Who writes, where, and how much. Plain data, so that another process can be told. */
export interface WritingJob {
  readonly config: StoreConfig
  /** The numbers of the writers; each has a store of its own unless the store can't be shared. */
  readonly writers: readonly number[]
  readonly appends: number
  readonly oneStore: boolean
}

/** Records that are written beside entries. */
export const companions = defineCollection({
  name: 'companions',
  schema: z.object({ id: z.string(), writer: z.int() }),
  key: 'id',
})

/** What every transaction of a kind does is undone by this. */
const GIVEN_UP = new Error('given up')

/** How often an append is tried that others were always faster than. */
const MAX_ATTEMPTS = 50

/** Runs the writers of a job. Answers what they were told, of each in its order. */
export async function write({ config, writers, appends, oneStore }: WritingJob): Promise<Acknowledged[]> {
  const stores = (oneStore ? [0] : writers).map(() => createStore(config, agents))
  try {
    return await writeAtOnce(stores, writers, appends)
  } finally {
    for (const store of stores) await store.close()
  }
}

/** Runs writers at once, over the stores in turn. */
export async function writeAtOnce(
  stores: readonly AgentStore[],
  writers: readonly number[],
  appends: number,
): Promise<Acknowledged[]> {
  for (const store of stores) store.collection(companions)
  const told = await Promise.all(
    writers.map((writer, index) => writeAlone(stores[index % stores.length] as AgentStore, writer, appends)),
  )
  return told.flat()
}

async function writeAlone(store: AgentStore, writer: number, appends: number): Promise<Acknowledged[]> {
  const told: Acknowledged[] = []
  for (let turn = 0; turn < appends; turn++) {
    const id = `${writer}-${turn}`
    const log = turn % 2 === 0 ? 'audit' : 'trace'
    const how = Math.floor(turn / 2) % 4
    if (how === 3) await giveUp(store, log, `${id}-given-up`)
    const withRecord = how === 1
    const sequence = await again(() =>
      withRecord
        ? store.transaction(async (transaction) => {
            await transaction.collection(companions).put({ id, writer })
            return append(transaction, log, id)
          })
        : append(store, log, id),
    )
    told.push({ log, id, sequence, turn, writer, withRecord })
  }
  return told
}

async function append(store: AgentStore, log: Acknowledged['log'], id: string): Promise<number> {
  if (log === 'audit') return (await store.audit.append('writer', 'write', null, { id }, { id })).sequence
  const [event] = await store.registry.saveTraceEvents([
    {
      event_id: id,
      trace_id: SHARED_TRACE,
      session_id: 'session',
      event_type: 'write',
      severity: 'info',
      timestamp: store.now().toISOString(),
    },
  ])
  return event?.sequence ?? 0
}

/** Leaves nothing behind: neither the entry nor the record. */
async function giveUp(store: AgentStore, log: Acknowledged['log'], id: string): Promise<void> {
  const attempt = store.transaction(async (transaction) => {
    await transaction.collection(companions).put({ id, writer: -1 })
    await append(transaction, log, id)
    throw GIVEN_UP
  })
  await attempt.catch((error: unknown) => {
    if (error !== GIVEN_UP && !isStoreError(error, 'CONFLICT')) throw error
  })
}

/** A conflict that is left after the store's own attempts says that nothing has happened. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isStoreError(error, 'CONFLICT') || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

/** An entry of the log that control writers keep: the way that forks. */
export const naiveEntries = defineCollection({
  name: 'naive_entries',
  schema: z.object({ id: z.string(), sequence: z.int() }),
  key: 'id',
  fields: { sequence: 'index' },
})

/** Reads the last place and inserts behind it, as logs without a store like this one do. */
export async function writeNaively(store: BaseStore, writers: number, appends: number): Promise<void> {
  const entries = store.collection(naiveEntries)
  const writeOnes = async (writer: number) => {
    for (let turn = 0; turn < appends; turn++) {
      const last = await entries.findOne({ orderBy: { sequence: 'desc' } })
      await entries.insert({ id: `${writer}-${turn}`, sequence: (last?.sequence ?? 0) + 1 })
    }
  }
  await Promise.all(Array.from({ length: writers }, (_each, writer) => writeOnes(writer)))
}
