/**
 * Joins concurrent reads by key into one round trip, for backends where a read costs one. Reads that arrive
 * while every lane to the engine has one wait for the first to return and then leave together. Reads need no
 * order among them; one that is asked for after a write was acknowledged leaves after it and so sees it.
 */

import { StoreError } from './errors.ts'
import { shareOf } from './lane-share.ts'
import type { Layout } from './layout.ts'
import type { Key, StoredRow } from './row.ts'
import { afterReadyWork } from './turn.ts'

type Rows = readonly (StoredRow | undefined)[]

interface Waiting {
  readonly keys: readonly Key[]
  readonly resolve: (rows: Rows) => void
  readonly reject: (error: unknown) => void
}

/** What is asked of one layout. */
interface Line {
  waiting: Waiting[]
  leaving: boolean
  /** The number of keys of each read in flight. */
  readonly flights: number[]
}

/** What a queue needs to know. */
export interface ReadQueueOptions {
  /** How many reads may wait; one more is refused with `LIMIT_EXCEEDED`. */
  readonly maxQueued: number
  /** How many reads of one layout may be in flight at once. */
  readonly lanes: () => number
  readonly send: (layout: Layout, keys: readonly Key[]) => Promise<Rows>
}

/** The most keys of one joined read. */
const MAX_KEYS = 10_000

export class ReadQueue {
  readonly #options: ReadQueueOptions
  readonly #lines = new Map<Layout, Line>()
  #waiting = 0

  constructor(options: ReadQueueOptions) {
    this.#options = options
  }

  /** Reads the keys, together with those of other callers. */
  read(layout: Layout, keys: readonly Key[]): Promise<Rows> {
    const { maxQueued } = this.#options
    if (this.#waiting >= maxQueued) {
      throw new StoreError('LIMIT_EXCEEDED', `${maxQueued} reads are waiting already (maxQueued)`)
    }
    return new Promise((resolve, reject) => {
      const line = this.#lines.get(layout) ?? { waiting: [], leaving: false, flights: [] }
      this.#lines.set(layout, line)
      line.waiting.push({ keys, resolve, reject })
      this.#waiting++
      this.#leave(layout, line)
    })
  }

  /** Sets out once all that is ready has come, if there is a lane. */
  #leave(layout: Layout, line: Line): void {
    const { waiting, leaving, flights } = line
    const hasFreeLane = flights.length === 0 || flights.length < this.#options.lanes()
    if (leaving || waiting.length === 0 || !hasFreeLane) return
    line.leaving = true
    afterReadyWork(() => void this.#sendNext(layout, line))
  }

  async #sendNext(layout: Layout, line: Line): Promise<void> {
    const lanes = this.#options.lanes()
    const batch = takeBatch(line, lanes)
    const keys = batch.flatMap((waiting) => waiting.keys)
    this.#waiting -= batch.length
    line.leaving = false
    line.flights.push(keys.length)
    const answered = this.#answer(layout, batch, keys)
    // All that is ready has come: what this lane left goes by the next one at once.
    if (line.waiting.length > 0 && line.flights.length < lanes) void this.#sendNext(layout, line)
    await answered
    line.flights.splice(line.flights.indexOf(keys.length), 1)
    this.#leave(layout, line)
  }

  async #answer(layout: Layout, batch: readonly Waiting[], keys: readonly Key[]): Promise<void> {
    try {
      const rows = await this.#options.send(layout, keys)
      let position = 0
      for (const waiting of batch) {
        const { length } = waiting.keys
        waiting.resolve(rows.slice(position, position + length))
        position += length
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}

/** What waits, up to one lane's share and the most keys; the first goes however large it is. */
function takeBatch(line: Line, lanes: number): Waiting[] {
  const share = lanes > 1 ? shareOf(keysHere(line), lanes) : MAX_KEYS
  let taken = 0
  let total = 0
  for (const { keys } of line.waiting) {
    if (taken > 0 && (total >= share || total + keys.length > MAX_KEYS)) break
    total += keys.length
    taken++
  }
  return line.waiting.splice(0, taken)
}

function keysHere({ waiting, flights }: Line): number {
  const waitingKeys = waiting.reduce((sum, { keys }) => sum + keys.length, 0)
  return flights.reduce((sum, keys) => sum + keys, waitingKeys)
}
