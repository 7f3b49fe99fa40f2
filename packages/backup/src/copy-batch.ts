/** Sends changes to the target of a copy: one batch is on its way while the next is put together. */

import type { Layout, Place, TenantFloor } from '@coffer/core'
import type { Key, NewRow } from '@coffer/core/backend'

/** A batch is sent when it has so many rows, or so much text. */
const MAX_ROWS = 1_000
const MAX_LENGTH = 2 * 1_024 * 1_024

export class CopyBatch {
  readonly #place: Place
  readonly #layout: Layout
  #put: NewRow[] = []
  #remove: Key[] = []
  #length = 0
  #sent: Promise<void> = Promise.resolve()

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

  /** Sends what there is, once the batch before has arrived. */
  async send(floors: readonly TenantFloor[] = []): Promise<void> {
    const merge = { put: this.#put, remove: this.#remove, floors }
    this.#put = []
    this.#remove = []
    this.#length = 0
    await this.#sent
    if (merge.put.length + merge.remove.length + floors.length === 0) return
    this.#sent = this.#place.merge(this.#layout, merge)
    // Told when the next one is sent.
    this.#sent.catch(() => undefined)
  }

  /** Waits for what is on its way. */
  arrived(): Promise<void> {
    return this.#sent
  }
}
