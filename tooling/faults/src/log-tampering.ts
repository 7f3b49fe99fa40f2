/**
 * Logs that somebody tampers with who goes around the store, in every way and at every position: `verify` tells it,
 * and what no store can tell by itself, a cut tail or a full rewrite with a head to match, it tells by a head that
 * was kept elsewhere.
 */

import { type AgentStore, auditLogEntries, traceEvents } from '@coffer/agents'
import type { LogDefinition, LogHead, LogReport } from '@coffer/core'
import { file } from '@coffer/file'
import { memory } from '@coffer/memory'
import { Violations } from './crash-model-violations.ts'
import {
  type ChainPlace,
  type EntryRow,
  fitsItself,
  type Tampering,
  tamperings,
} from './log-tampering-kinds.ts'
import { presentedPlace, type TamperingPlace } from './log-tampering-place.ts'
import { postgresIntruder, sqliteIntruder, sqlPlace } from './log-tampering-sql.ts'
import { randomFrom } from './random.ts'
import type { Effort, Rig, RigOptions, RigResult } from './rig.ts'
import { type SubjectName, type SubjectPlace, subjects } from './subjects.ts'

interface Extent {
  readonly entries: number
  /** Positions at which every way is tried; the ends are among them. */
  readonly positions: number
}

const EXTENTS: Readonly<Record<Effort, Extent>> = {
  short: { entries: 24, positions: 5 },
  long: { entries: 200, positions: 200 },
}

type BackendName = SubjectName | 'memory'

/** A log of the agent stores, and how it is written and asked. */
interface TamperedLog extends ChainPlace {
  readonly fill: (store: AgentStore, entries: number) => Promise<LogHead>
  readonly verify: (store: AgentStore, expectedHead?: LogHead) => Promise<LogReport>
}

const TRACE = 'trace'

const logs: readonly TamperedLog[] = [
  {
    log: auditLogEntries as LogDefinition,
    stream: 'audit',
    edited: 'action',
    fill: async ({ audit }, entries) => {
      const appends = Array.from({ length: entries }, (_each, index) =>
        audit.append(
          'agent',
          `action ${index}`,
          { count: index },
          { count: index + 1 },
          { id: `entry-${index}` },
        ),
      )
      await Promise.all(appends)
      return (await audit.head()) as LogHead
    },
    verify: ({ audit }, expectedHead) => audit.verifyLog({ expectedHead }),
  },
  {
    log: traceEvents as LogDefinition,
    stream: TRACE,
    edited: 'event_type',
    fill: async (store, entries) => {
      const events = Array.from({ length: entries }, (_each, index) => ({
        event_id: `event-${index}`,
        trace_id: TRACE,
        session_id: 'session',
        event_type: `type ${index}`,
        severity: 'info',
        timestamp: store.now().toISOString(),
        payload: { index },
      }))
      await store.registry.saveTraceEvents(events)
      return (await store.log(traceEvents).head(TRACE)) as LogHead
    },
    verify: ({ registry }, expectedHead) => registry.verifyTrace(TRACE, { expectedHead }),
  },
]

export const logTamperingRigs: readonly Rig[] = (['memory', 'file', 'sqlite', 'postgresql'] as const).map(
  (name) => ({
    name: `log-tampering.${name}`,
    description:
      'edits, removes, adds, swaps, repeats, forks, moves and cuts entries of logs behind the store: every time told',
    unavailable: async () => (name === 'memory' ? undefined : subjects[name].unavailable()),
    run: (options) => run(name, options),
  }),
)

async function run(name: BackendName, options: RigOptions): Promise<RigResult> {
  await using subject = name === 'memory' ? undefined : await subjects[name].start()
  const where = await subject?.newPlace()
  try {
    const place = await open(name, where)
    try {
      return await tamper(place, options)
    } finally {
      await place.end()
    }
  } finally {
    await where?.remove()
  }
}

async function open(name: BackendName, where: SubjectPlace | undefined): Promise<TamperingPlace> {
  const config = where?.config()
  if (config === undefined) return presentedPlace(memory())
  const { basePath, path, connectionString } = config as Readonly<Record<string, unknown>>
  if (name === 'file') return presentedPlace(file({ basePath: String(basePath) }))
  return sqlPlace(config, () =>
    name === 'sqlite' ? sqliteIntruder(String(path)) : postgresIntruder(String(connectionString)),
  )
}

async function tamper(place: TamperingPlace, { effort, seed, onProgress }: RigOptions): Promise<RigResult> {
  const { entries, positions: count } = EXTENTS[effort]
  const violations = new Violations()
  const counts = { tamperings: 0, 'told by a kept head': 0 }
  const guarded = { tried: 0 }
  const control = { description: 'a hash for each entry alone', trials: 0, violations: 0 }
  for (const [number, log] of logs.entries()) {
    const kept = await log.fill(place.store, entries)
    const { tried, accepted } = await place.tryChanges(log)
    guarded.tried += tried
    for (const statement of accepted)
      violations.add(log.log.name, `the engine lets rows be changed: ${statement}`)
    const rows = await place.rows(log)
    const positions = positionsOf(entries, count, randomFrom(seed, number).below)
    for (const position of positions) {
      for (const way of tamperings) {
        const tampered = way.apply(rows, position, log)
        await place.replace(log, tampered)
        const problem = await judge(place.store, log, way, position, kept)
        if (problem !== undefined) violations.add(`${log.log.name}: ${way.name} at ${position + 1}`, problem)
        counts.tamperings++
        if (way.needsKeptHead) counts['told by a kept head']++
        control.trials++
        if (isMissedAlone(tampered.rows, log)) control.violations++
        await place.replace(log, { rows, head: kept })
      }
      onProgress(counts.tamperings, logs.length * positions.length * tamperings.length)
    }
    const report = await log.verify(place.store, kept)
    if (!report.ok) violations.add(log.log.name, 'a log that was put back as it was is not in order')
  }
  return {
    counts: { ...counts, ...(guarded.tried > 0 && { 'changes refused by the engine': guarded.tried }) },
    violations: violations.told,
    control,
  }
}

/** What is wrong with what `verify` says of a log that was tampered with, if anything. */
async function judge(
  store: AgentStore,
  log: TamperedLog,
  way: Tampering,
  position: number,
  kept: LogHead,
): Promise<string | undefined> {
  const report = await log.verify(store, way.needsKeptHead ? kept : undefined)
  if (report.ok) return 'nothing was told'
  const told = report.problem?.sequence ?? 0
  // A head that was kept tells that the chain is another one, not since when.
  if (way.needsKeptHead) return undefined
  // What stands twice is noticed at the second, and what follows it at the third.
  const behind = told - (position + 1)
  return behind >= -1 && behind <= 2 ? undefined : `entry ${told} was told`
}

/** All positions, or the ends and some between. */
function positionsOf(entries: number, count: number, below: (limit: number) => number): readonly number[] {
  if (count >= entries) return Array.from({ length: entries }, (_each, position) => position)
  const chosen = new Set([0, entries - 1])
  while (chosen.size < count) chosen.add(below(entries))
  return [...chosen].sort((left, right) => left - right)
}

/** Whether hashes that cover one entry each would let all of it pass. */
function isMissedAlone(rows: readonly EntryRow[], log: TamperedLog): boolean {
  return rows.every((row) => fitsItself(row, log))
}
