/** Sends changes to the target of a copy: some batches are on their way while the next is put together. */

import type { Layout, Merge, Place, TenantFloor } from '@coffer/core'
import type { Key, NewRow } from '@coffer/core/backend'

/** A batch is sent when it has so many rows, or so much text. */
const MAX_ROWS = 1_000
const MAX_LENGTH = 2 * 1_024 * 1_024
/** How many batches may be on their way: no key is in two of them, so their order is no matter. */
const MAX_UNDERWAY = 3

export class CopyBatch {
  readonly #place: Place
  readonly #layout: Layout
  #put: NewRow[] = []
  #remove: Key[] = []
  #length = 0
  readonly #underway: Promise<void>[] = []

  constructor(place: Place, layout: Layout) {
    this.#place = place
    this.#layout = layout
  }

  /** True when it is time to send. */
  get isFull(): boolean {
    return this.#put.length + this.#remove.length >= MAX_ROWS || this.#length >= MAX_LENGTH
  }

  put(row: NewRow): void {
    this.#put.push(row)
    this.#length += row.document.length
  }

  remove({ tenant, id }: Key): void {
    this.#remove.push({ tenant, id })
  }

  /** Sends what there is, once there is room for it on the way. Throws what became of a batch that failed. */
  async send(): Promise<void> {
    const merge = { put: this.#put, remove: this.#remove, floors: [] }
    this.#put = []
    this.#remove = []
    this.#length = 0
    if (merge.put.length + merge.remove.length > 0) await this.#merge(merge)
  }

  /** Sends floors, behind all rows. */
  async raise(floors: readonly TenantFloor[]): Promise<void> {
    await this.arrived()
    await this.#merge({ put: [], remove: [], floors })
  }

  async #merge(merge: Merge): Promise<void> {
    if (this.#underway.length === MAX_UNDERWAY) {
      await this.#underway[0]
      this.#underway.shift()
    }
    const sent = this.#place.merge(this.#layout, merge)
    // Told when it is waited for.
    sent.catch(() => undefined)
    this.#underway.push(sent)
  }

  /** Waits for all that is on its way. Throws what became of a batch that failed, at every call. */
  async arrived(): Promise<void> {
    await Promise.allSettled(this.#underway)
    for (const sent of this.#underway) await sent
    this.#underway.length = 0
  }
}
