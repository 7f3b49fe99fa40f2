/** What happens in a round of the kill rig, drawn from its seed. */

import type { KillFrom } from './kill-child.ts'
import { type Random, randomFrom } from './random.ts'
import type { Opening } from './subjects.ts'

/**
 * What a process is in the middle of when it is killed:
 *
 * - `work`: calls alone
 * - `compaction`: calls, while the log is written anew again and again
 * - `cleanup`: calls, while expired records are removed
 * - `schema`: opening with a definition that has changed, and calls
 * - `opening`: calls; and then processes that open what it left, several in a row
 * - `closing`: calls; and then the store is closed, while they still come
 * - `crash`: calls, while the server crashes and comes back
 */
export type Mode = 'work' | 'compaction' | 'cleanup' | 'schema' | 'opening' | 'closing' | 'crash'

export interface Round {
  readonly mode: Mode
  readonly from: KillFrom
  readonly afterMs: number
  /** For each process that only opens: how long after it began it is killed. */
  readonly openingsMs: readonly number[]
  /** How long after it began to close a process is killed. */
  readonly closingMs: number
  readonly opening: Opening
}

/** The bounds of what is drawn. */
export interface RoundLimits {
  /** The longest that a process works after its first acknowledgement. */
  readonly maxWorkMs: number
  readonly maxOpenings: number
}

const MIN_WORK_MS = 20
/** An opening is over by then. */
const MAX_OPENING_MS = 60
/** A change of a definition, with all documents written anew, takes longer. */
const MAX_SCHEMA_MS = 250
/** Closing is over by then, or nearly. */
const MAX_CLOSING_MS = 20
const POWER_PERCENT = 70

/** So small that the log is written anew all the time. */
const EAGER_COMPACTION = { minBytes: 65_536, deadShare: 0.1 }
/** How often it is in the other modes. */
const EAGER_PERCENT = 25

/** The modes come by turns, so that each comes often enough; where the turns begin depends on the seed. */
export function drawRound(
  seed: number,
  index: number,
  modes: readonly Mode[],
  { maxWorkMs, maxOpenings }: RoundLimits,
): Round {
  const random = randomFrom(seed, index)
  const mode = modes[(randomFrom(seed).below(modes.length) + index) % modes.length] ?? 'work'
  const openings = mode === 'opening' ? between(random, 1, maxOpenings) : 0
  return {
    mode,
    ...(mode === 'schema'
      ? { from: 'opening', afterMs: between(random, 0, MAX_SCHEMA_MS) }
      : { from: 'first acknowledgement', afterMs: between(random, MIN_WORK_MS, maxWorkMs) }),
    openingsMs: Array.from({ length: openings }, () => between(random, 0, MAX_OPENING_MS)),
    closingMs: between(random, 0, MAX_CLOSING_MS),
    opening: {
      // What only survives the death of a process is not promised to survive the server's.
      durability: mode === 'crash' || random.percent(POWER_PERCENT) ? 'power' : 'process',
      ...((mode === 'compaction' || random.percent(EAGER_PERCENT)) && { compaction: EAGER_COMPACTION }),
    },
  }
}

/** The round in one phrase, for whoever has to find out what went wrong. */
export function describeRound({ mode, from, afterMs, openingsMs, closingMs, opening }: Round): string {
  const compaction = opening.compaction === undefined ? '' : ', eager compaction'
  const closing = mode === 'closing' ? `, ${closingMs} ms after it began to close` : ''
  const openings = openingsMs.map((milliseconds) => `, opener killed after ${milliseconds} ms`).join('')
  return `${mode}, durability ${opening.durability}${compaction}, killed ${afterMs} ms after ${from}${closing}${openings}`
}

function between(random: Random, least: number, most: number): number {
  return least + random.below(most - least + 1)
}
