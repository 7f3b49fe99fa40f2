/**
 * Reads by key on their way to the backend. Where one costs a round trip, those of several callers are joined,
 * but only with those that ask for the same: each consistency has a queue of its own.
 */

import type { Backend, ReadOptions } from './backend.ts'
import type { Layout } from './layout.ts'
import { ReadQueue } from './read-queue.ts'
import type { Key, StoredRow } from './row.ts'

export class JoinedReads {
  readonly #maxQueued: number
  readonly #isAlone: () => boolean
  readonly #queues = new Map<ReadOptions['consistency'] | undefined, ReadQueue>()

  /**
   * @param maxQueued how many reads of one kind may wait; one more is refused with `LIMIT_EXCEEDED`
   * @param isAlone whether the read at hand is the only operation of the store, so that none could join it
   */
  constructor(maxQueued: number, isAlone: () => boolean) {
    this.#maxQueued = maxQueued
    this.#isAlone = isAlone
  }

  /** Reads the keys: a lone read at once, among others together with theirs. */
  read(
    backend: Backend,
    layout: Layout,
    keys: readonly Key[],
    options: ReadOptions | undefined,
  ): Promise<readonly (StoredRow | undefined)[]> {
    if (!backend.capabilities.joinReads || this.#isAlone()) return backend.read(layout, keys, options)
    return this.#queue(backend, options).read(layout, keys)
  }

  #queue(backend: Backend, options: ReadOptions | undefined): ReadQueue {
    const known = this.#queues.get(options?.consistency)
    if (known !== undefined) return known
    const queue = new ReadQueue({
      maxQueued: this.#maxQueued,
      lanes: () => backend.capabilities.lanes,
      send: (layout, keys) => backend.read(layout, keys, options),
    })
    this.#queues.set(options?.consistency, queue)
    return queue
  }
}
