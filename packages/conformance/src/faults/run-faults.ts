/** Plants faults in a healthy backend, one after the other, and sees which case notices each. */

import type { Case } from '../case.ts'
import type { Harness } from '../harness.ts'
import { runCase } from '../run.ts'
import { allCases, DEFAULT_SEED } from '../suite.ts'
import type { Fault } from './fault.ts'
import { alter } from './seams.ts'

/** How faults are run. */
export interface FaultOptions {
  readonly seed?: number
  /** Default: all. */
  readonly cases?: readonly Case[]
  /** Called after each fault. */
  readonly onFault?: (result: FaultResult) => void
  /** How long one case may take on a broken backend, in milliseconds. Default: 2,000. */
  readonly timeLimitMs?: number
}

/** What became of one fault. */
export interface FaultResult {
  readonly fault: string
  /** The id of the case that noticed it first, `undefined` when none did. */
  readonly caughtBy: string | undefined
  readonly durationMs: number
}

/** The score. */
export interface FaultReport {
  readonly planted: number
  readonly caught: number
  /** The ids of the faults that no case noticed. */
  readonly survivors: readonly string[]
  readonly by: readonly FaultResult[]
}

const TIME_LIMIT_MS = 2_000

/**
 * Runs the cases against every fault: those of its clause first, then the others, up to the first that
 * fails. A case that fails on a healthy backend too, merely because it is wrapped, notices nothing and does
 * not count.
 */
export async function runFaults(
  harness: Harness,
  faults: readonly Fault[],
  options: FaultOptions = {},
): Promise<FaultReport> {
  const { seed = DEFAULT_SEED, cases = allCases, timeLimitMs = TIME_LIMIT_MS } = options
  const statusOf = async (on: Harness, each: Case) => (await runCase(on, each, { seed, timeLimitMs })).status
  const healthy = withFault(harness, control)
  const sound: Case[] = []
  for (const each of cases) {
    if ((await statusOf(healthy, each)) === 'passed') sound.push(each)
  }
  const by: FaultResult[] = []
  for (const fault of faults) {
    const startedAt = performance.now()
    const broken = withFault(harness, fault)
    let caughtBy: string | undefined
    for (const each of ownFirst(sound, fault.clause)) {
      if ((await statusOf(broken, each)) !== 'failed') continue
      caughtBy = each.id
      break
    }
    fault.mend?.()
    const result = { fault: fault.id, caughtBy, durationMs: performance.now() - startedAt }
    by.push(result)
    options.onFault?.(result)
  }
  const survivors = by.filter((each) => each.caughtBy === undefined).map((each) => each.fault)
  return { planted: by.length, caught: by.length - survivors.length, survivors, by }
}

function ownFirst(cases: readonly Case[], clause: string): readonly Case[] {
  return [
    ...cases.filter((each) => each.clause === clause),
    ...cases.filter((each) => each.clause !== clause),
  ]
}

/** Wraps a backend as faults do, and changes nothing. */
const control: Fault = {
  id: 'none',
  title: 'nothing is wrong',
  clause: 'S1',
  plant: (backend) =>
    alter(backend, {
      read: async (door, layout, keys) => await door.read(layout, keys),
      query: async (door, layout, query, at) => await door.query(layout, query, at),
      count: async (door, layout, question, at) => await door.count(layout, question, at),
      aggregate: async (door, layout, aggregation, at) => await door.aggregate(layout, aggregation, at),
      write: async (door, group, at) => await door.write(group, at),
    }),
}

/** The same harness, whose backends all have the fault. */
export function withFault(harness: Harness, fault: Fault): Harness {
  return {
    name: `${harness.name} with ${fault.id}`,
    capabilities: harness.capabilities,
    create: async () => {
      const place = await harness.create()
      return {
        ...(place.tamper && { tamper: place.tamper.bind(place) }),
        ...(place.replica !== undefined && { replica: place.replica }),
        ...(place.withCache && { withCache: fault.plantCache?.(place.withCache) ?? place.withCache }),
        ...(place.newerFormat && { newerFormat: place.newerFormat.bind(place) }),
        backend: () => fault.plant(place.backend()),
        destroy: () => place.destroy(),
      }
    },
  }
}
