/** All that is stored at one place, as a store shows it. */

import type { Store } from '@coffer/core'
import { entriesKey, entryName } from './kill-model.ts'
import {
  accounts,
  INDEXED_FORM,
  journal,
  STREAMS,
  type ThingRecord,
  type ThingsDefinition,
} from './kill-records.ts'
import { isLease } from './kill-steps.ts'

export interface Observation {
  readonly things: ReadonlyMap<string, ThingRecord>
  readonly balances: ReadonlyMap<string, number>
  /** By stream and caller: the caller's entries in their order. */
  readonly entries: ReadonlyMap<string, readonly string[]>
  /** What the store itself finds wrong: hashes, index fields, chains. */
  readonly problems: readonly string[]
}

const PAGE = 1_000

/** Reads everything, and lets the store check it. */
export async function observe(store: Store, definition: ThingsDefinition): Promise<Observation> {
  const things = store.collection(definition)
  const found = new Map<string, ThingRecord>()
  for await (const record of things.iterate({ limit: PAGE })) found.set(record.id, record)
  const balances = new Map<string, number>()
  for await (const { id, balance } of store.collection(accounts).iterate()) balances.set(id, balance)
  const entries = new Map<string, string[]>()
  for (const stream of STREAMS) {
    for await (const entry of store.log(journal).iterate(stream, { limit: PAGE })) {
      const key = entriesKey(stream, entry.caller)
      const own = entries.get(key) ?? []
      own.push(entryName(entry.caller, entry.step, entry.part))
      entries.set(key, own)
    }
  }
  const problems = [
    ...(await indexProblems(store, definition, found)),
    ...(await reported(store, definition)),
  ]
  return { things: found, balances, entries, problems }
}

/** Whether the indexes lead to the records that are there. What may expire between two reads is passed over. */
async function indexProblems(
  store: Store,
  definition: ThingsDefinition,
  found: ReadonlyMap<string, ThingRecord>,
): Promise<readonly string[]> {
  const things = store.collection(definition)
  const missing = new Set([...found.keys()].filter((id) => !isLease(id)))
  const problems: string[] = []
  for await (const { id } of things.iterate({ orderBy: 'owner', limit: PAGE })) {
    if (!missing.delete(id) && !isLease(id)) problems.push(`${id} is found by its owner, but not by its key`)
  }
  for (const id of missing) problems.push(`${id} is found by its key, but not by its owner`)
  const { version } = definition
  if (version >= INDEXED_FORM) {
    const old = await things.count({ form: { lt: version } })
    if (old > 0) problems.push(`${old} things are in the index with a form from before generation ${version}`)
  }
  return problems
}

async function reported(store: Store, definition: ThingsDefinition): Promise<readonly string[]> {
  const problems: string[] = []
  for (const collection of [store.collection(definition), store.collection(accounts)]) {
    const report = await collection.verify()
    if (!report.ok) problems.push(`${collection.name}: verify found ${JSON.stringify(report.problems[0])}`)
  }
  for (const stream of STREAMS) {
    const { ok, problem } = await store.log(journal).verify(stream)
    if (!ok) problems.push(`${stream}: verify found at ${problem?.sequence}: ${problem?.problem}`)
  }
  return problems
}
