/**
 * Joins concurrent reads by key into one round trip, for backends where a read costs one. Reads that arrive
 * while one is in flight wait for it and then leave together.
 */

import { StoreError } from './errors.ts'
import type { Layout } from './layout.ts'
import type { Key, StoredRow } from './row.ts'
import { afterReadyWork } from './turn.ts'

type Rows = readonly (StoredRow | undefined)[]

interface Waiting {
  readonly keys: readonly Key[]
  readonly resolve: (rows: Rows) => void
  readonly reject: (error: unknown) => void
}

/** The most keys of one joined read. */
const MAX_KEYS = 10_000

export class ReadQueue {
  readonly #send: (layout: Layout, keys: readonly Key[]) => Promise<Rows>
  readonly #maxQueued: number
  readonly #lanes = new Map<Layout, { waiting: Waiting[]; leaving: boolean }>()
  #waiting = 0

  /** @param maxQueued how many reads may wait; one more is refused with `LIMIT_EXCEEDED` */
  constructor(send: (layout: Layout, keys: readonly Key[]) => Promise<Rows>, maxQueued: number) {
    this.#send = send
    this.#maxQueued = maxQueued
  }

  /** Reads the keys, together with those of other callers. */
  read(layout: Layout, keys: readonly Key[]): Promise<Rows> {
    if (this.#waiting >= this.#maxQueued) {
      throw new StoreError('LIMIT_EXCEEDED', `${this.#maxQueued} reads are waiting already (maxQueued)`)
    }
    return new Promise((resolve, reject) => {
      const lane = this.#lanes.get(layout) ?? { waiting: [], leaving: false }
      this.#lanes.set(layout, lane)
      lane.waiting.push({ keys, resolve, reject })
      this.#waiting++
      if (!lane.leaving) this.#leave(layout, lane)
    })
  }

  #leave(layout: Layout, lane: { waiting: Waiting[]; leaving: boolean }): void {
    lane.leaving = true
    afterReadyWork(async () => {
      const batch = takeBatch(lane)
      this.#waiting -= batch.length
      await this.#answer(layout, batch)
      if (lane.waiting.length > 0) this.#leave(layout, lane)
      else lane.leaving = false
    })
  }

  async #answer(layout: Layout, batch: readonly Waiting[]): Promise<void> {
    try {
      const rows = await this.#send(
        layout,
        batch.flatMap((waiting) => waiting.keys),
      )
      let position = 0
      for (const { keys, resolve } of batch) {
        resolve(rows.slice(position, position + keys.length))
        position += keys.length
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}

function takeBatch(lane: { waiting: Waiting[] }): Waiting[] {
  let keys = 0
  const taken = lane.waiting.findIndex((waiting, position) => {
    keys += waiting.keys.length
    return position > 0 && keys > MAX_KEYS
  })
  return lane.waiting.splice(0, taken === -1 ? lane.waiting.length : taken)
}
