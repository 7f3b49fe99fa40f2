/**
 * Many writers of one audit log and one trace, from several processes where the backend can be shared: no fork, no
 * gap, each writer's entries in its order, and an entry there exactly when the record of its transaction is.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type AgentStore, agents } from '@coffer/agents'
import { createStore, type StoreConfig } from '@coffer/core'
import { memory } from '@coffer/memory'
import {
  type Acknowledged,
  companions,
  naiveEntries,
  SHARED_TRACE,
  type WritingJob,
  writeAtOnce,
  writeNaively,
} from './log-writers-work.ts'
import type { Effort, Rig, RigOptions, RigResult } from './rig.ts'
import { type SubjectName, subjects } from './subjects.ts'

interface Extent {
  readonly writers: number
  readonly appends: number
  readonly processes: number
}

const EXTENTS: Readonly<Record<Effort, Extent>> = {
  short: { writers: 8, appends: 48, processes: 2 },
  long: { writers: 8, appends: 500, processes: 4 },
}
/** Appends of each naive writer. */
const NAIVE_APPENDS = 20

/** Where processes may not share a store, its writers are callers of one. */
const SHARED: readonly BackendName[] = ['sqlite', 'postgresql']

type BackendName = SubjectName | 'memory'

export const logWriterRigs: readonly Rig[] = (['memory', 'file', 'sqlite', 'postgresql'] as const).map(
  (name) => ({
    name: `log-writers.${name}`,
    description: SHARED.includes(name)
      ? 'appends to one log from many stores in several processes: one chain, and entries only with their data'
      : 'appends to one log from many callers at once: one chain, and entries only with their data',
    unavailable: async () => (name === 'memory' ? undefined : subjects[name].unavailable()),
    run: (options) => run(name, options),
  }),
)

async function run(name: BackendName, { effort, onProgress }: RigOptions): Promise<RigResult> {
  const extent = EXTENTS[effort]
  const total = extent.writers * extent.appends
  await using subject = name === 'memory' ? undefined : await subjects[name].start()
  const place = await subject?.newPlace()
  try {
    // What is in memory alone has to be judged through the store that wrote it.
    if (place === undefined) return await runInMemory(extent)
    const config = place.config()
    await createTables(config)
    const told = await Promise.all(jobs(name, config, extent).map(runJob))
    onProgress(total, total)
    await using store = createStore(config, agents)
    return await judge(store, told.flat(), extent)
  } finally {
    await place?.remove()
  }
}

async function runInMemory(extent: Extent): Promise<RigResult> {
  await using store = createStore({ backend: memory() }, agents)
  return await judge(store, await writeAtOnce([store], numbers(extent.writers), extent.appends), extent)
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_each, number) => number)
}

function jobs(name: BackendName, config: StoreConfig, extent: Extent): readonly WritingJob[] {
  const all = numbers(extent.writers)
  const { appends } = extent
  if (!SHARED.includes(name)) return [{ config, writers: all, appends, oneStore: true }]
  return numbers(extent.processes).map((process) => ({
    config,
    writers: all.filter((writer) => writer % extent.processes === process),
    appends,
    oneStore: false,
  }))
}

async function createTables(config: StoreConfig): Promise<void> {
  await using store = createStore(config, agents)
  store.collection(companions)
  store.collection(naiveEntries)
  await store.open()
}

async function runJob(job: WritingJob): Promise<readonly Acknowledged[]> {
  const child = fork(fileURLToPath(new URL('./log-writers-worker.ts', import.meta.url)), { execArgv: [] })
  const ended = once(child, 'close').then(([code]) => {
    throw new Error(`a writing process ended with ${code}`)
  })
  ended.catch(() => undefined)
  child.send(job)
  const [told] = await Promise.race([once(child, 'message'), ended])
  return told as readonly Acknowledged[]
}

async function judge(store: AgentStore, told: readonly Acknowledged[], extent: Extent): Promise<RigResult> {
  const violations: string[] = []
  for (const log of ['audit', 'trace'] as const) {
    const acknowledged = told.filter((each) => each.log === log)
    violations.push(...(await chainProblems(store, log, acknowledged)), ...orderProblems(acknowledged))
  }
  violations.push(...(await companionProblems(store, told)))
  return {
    counts: {
      writers: extent.writers,
      acknowledged: told.length,
      'with a record': told.filter((each) => each.withRecord).length,
    },
    violations,
    control: await runControl(store, extent),
  }
}

async function chainProblems(
  store: AgentStore,
  log: Acknowledged['log'],
  acknowledged: readonly Acknowledged[],
): Promise<string[]> {
  const report = await (log === 'audit' ? store.audit.verifyLog() : store.registry.verifyTrace(SHARED_TRACE))
  const problems = report.ok ? [] : [`${log}: ${report.problem?.problem} at ${report.problem?.sequence}`]
  if (report.entries !== acknowledged.length) {
    problems.push(`${log}: ${acknowledged.length} entries were acknowledged, ${report.entries} are there`)
  }
  const entries =
    log === 'audit'
      ? store.audit.iterateEntries({ limit: 1_000 })
      : store.registry.iterateTraceEvents(SHARED_TRACE)
  const stored = new Map<string, number>()
  for await (const entry of entries) stored.set('id' in entry ? entry.id : entry.event_id, entry.sequence)
  for (const { id, sequence } of acknowledged) {
    if (stored.get(id) === sequence) continue
    problems.push(`${log}: entry ${id} was acknowledged at ${sequence} and is at ${stored.get(id)}`)
  }
  return problems
}

/** Each writer waits for one entry before the next, so its places only grow. */
function orderProblems(acknowledged: readonly Acknowledged[]): string[] {
  const last = new Map<number, number>()
  return acknowledged.flatMap(({ log, writer, id, sequence }) => {
    const before = last.get(writer) ?? 0
    last.set(writer, sequence)
    return sequence > before
      ? []
      : [`${log}: entry ${id} is at ${sequence}, its writer's last was at ${before}`]
  })
}

async function companionProblems(store: AgentStore, told: readonly Acknowledged[]): Promise<string[]> {
  const expected = new Set(told.flatMap(({ id, withRecord }) => (withRecord ? [id] : [])))
  const problems: string[] = []
  let found = 0
  for await (const { id } of store.collection(companions).iterate({ limit: 1_000 })) {
    found++
    if (!expected.has(id)) problems.push(`record ${id} is there, and its entry is not`)
  }
  if (found !== expected.size)
    problems.push(`${expected.size} records were written with entries, ${found} are there`)
  return problems
}

/** Places that more than one entry of the naive log has. */
async function runControl(store: AgentStore, { writers }: Extent): Promise<RigResult['control']> {
  await writeNaively(store, writers, NAIVE_APPENDS)
  const places = new Set<number>()
  for await (const { sequence } of store.collection(naiveEntries).iterate({ limit: 1_000 }))
    places.add(sequence)
  const trials = writers * NAIVE_APPENDS
  return {
    description: 'a log that reads its last place and inserts behind it',
    trials,
    violations: trials - places.size,
  }
}
