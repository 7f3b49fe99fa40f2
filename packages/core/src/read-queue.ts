/**
 * Joins concurrent reads by key into one round trip, for backends where a read costs one. Reads that arrive
 * while one is in flight wait for it and then leave together.
 */

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
  readonly #lanes = new Map<Layout, { waiting: Waiting[]; leaving: boolean }>()

  constructor(send: (layout: Layout, keys: readonly Key[]) => Promise<Rows>) {
    this.#send = send
  }

  /** Reads the keys, together with those of other callers. */
  read(layout: Layout, keys: readonly Key[]): Promise<Rows> {
    return new Promise((resolve, reject) => {
      const lane = this.#lanes.get(layout) ?? { waiting: [], leaving: false }
      this.#lanes.set(layout, lane)
      lane.waiting.push({ keys, resolve, reject })
      if (!lane.leaving) this.#leave(layout, lane)
    })
  }

  #leave(layout: Layout, lane: { waiting: Waiting[]; leaving: boolean }): void {
    lane.leaving = true
    afterReadyWork(async () => {
      const batch = takeBatch(lane)
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
