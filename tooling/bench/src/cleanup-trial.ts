/**
 * What removing expired records does to those who read and write at the same time. Not a contest: Coffer
 * stands against itself, and what counts is how slow the slowest calls become.
 */

import { setTimeout as passed } from 'node:timers/promises'
import type { Clock } from '@coffer/core'
import { type Effort, median } from './contest.ts'
import { percentile, startLoad } from './latency.ts'
import { type Steps, step } from './step.ts'
import { records } from './workload.ts'

/** A store to clean up, on a clock that the trial turns. */
export interface CleanupSubject {
  readonly collection: Steps
  /** Removes what has expired, and answers how many records that was. */
  cleanUp(): Promise<number>
  /** Waits until nothing is left to do from filling the store. */
  settle(): Promise<void>
  close(): Promise<void>
}

/** A trial, by its name. */
export interface CleanupTrial {
  readonly name: string
  readonly run: (effort: Effort) => Promise<CleanupStanding>
}

/** Medians of the rounds. Times are milliseconds. */
export interface CleanupStanding {
  readonly name: string
  /** The time that 99 of 100 calls did not exceed, without a cleanup and during one. */
  readonly alone: number
  readonly during: number
  /** `during` by `alone`: 1 is a cleanup that nobody notices. */
  readonly ratio: number
  readonly unit: 'ms'
  /** How long the cleanup took. */
  readonly cleanup: number
  readonly removed: number
  /** Records that were stored anew while the cleanup ran, expired or just removed; all were there after it. */
  readonly renewed: number
}

/** Each round stores all the records again, so a few must be enough. */
const MAX_ROUNDS = 3
/** The baseline needs as many calls as a percentile can be trusted with. */
const BASELINE_TURNS = 6
const CALLERS = 8
const BULK = 10_000
const MAX_LIVE = 10_000

const SHORT_MS = 60_000
const LONG_MS = 24 * 3_600_000

/** A trial that cleans up so many records. */
export function cleanupTrial(
  name: string,
  expired: number,
  open: (clock: Clock) => Promise<CleanupSubject>,
): CleanupTrial {
  return {
    name,
    run: async ({ rounds, milliseconds }) => {
      let ahead = 0
      const subject = await open({ now: () => Date.now() + ahead })
      const { collection } = subject
      try {
        const results: Round[] = []
        for (let round = 0; round < Math.min(rounds, MAX_ROUNDS); round++) {
          await fill(collection, 0, expired, SHORT_MS)
          await fill(collection, expired, liveBeside(expired), LONG_MS)
          ahead += 2 * SHORT_MS
          await subject.settle()
          results.push(await runRound(subject, expired, milliseconds))
        }
        const middle = (figure: (round: Round) => number) => median(results.map(figure))
        return {
          name,
          alone: middle(({ alone }) => alone),
          during: middle(({ during }) => during),
          ratio: middle(({ alone, during }) => during / alone),
          unit: 'ms',
          cleanup: middle(({ cleanup }) => cleanup),
          removed: middle(({ removed }) => removed),
          renewed: middle(({ renewed }) => renewed),
        }
      } finally {
        await subject.close()
      }
    },
  }
}

type Round = Pick<CleanupStanding, 'alone' | 'during' | 'cleanup' | 'removed' | 'renewed'>

/** Half of the calls renew expired records, half read records that live. */
async function runRound(subject: CleanupSubject, expired: number, milliseconds: number): Promise<Round> {
  const { collection } = subject
  const renewed = new Set<number>()
  const load = startLoad(CALLERS, async (turn) => {
    const number = ((turn >> 1) * 7919) % expired
    if (turn % 2 === 0) {
      await collection.get(step(expired + (number % liveBeside(expired))).step_id)
      return
    }
    await collection.put(step(number), { ttlMs: LONG_MS })
    renewed.add(number)
  })
  try {
    await passed(milliseconds)
    const from = performance.now()
    await passed(milliseconds * BASELINE_TURNS)
    const to = performance.now()
    const alone = percentile(load.latencies(from, to), 99)
    const before = renewed.size
    const startedAt = performance.now()
    const removed = await subject.cleanUp()
    const endedAt = performance.now()
    const during = renewed.size - before
    await load.stop()
    await expectAll(collection, [...renewed])
    return {
      alone,
      during: percentile(load.latencies(startedAt, endedAt), 99),
      cleanup: endedAt - startedAt,
      removed,
      renewed: during,
    }
  } finally {
    await load.stop()
  }
}

/** How many records live on; their numbers begin where those of the expired end. */
function liveBeside(expired: number): number {
  return Math.min(MAX_LIVE, expired)
}

async function fill(collection: Steps, from: number, count: number, ttlMs: number): Promise<void> {
  for (let done = 0; done < count; done += BULK) {
    await collection.putMany(records(from + done, Math.min(BULK, count - done)), { ttlMs })
  }
}

/** @throws Error when one is not there: a cleanup must leave what was renewed. */
async function expectAll(collection: Steps, numbers: readonly number[]): Promise<void> {
  for (let from = 0; from < numbers.length; from += BULK) {
    const found = await collection.getMany(
      numbers.slice(from, from + BULK).map((number) => step(number).step_id),
    )
    const lost = found.filter((each) => each === undefined).length
    if (lost > 0) throw new Error(`the cleanup removed ${lost} records that had been renewed`)
  }
}
