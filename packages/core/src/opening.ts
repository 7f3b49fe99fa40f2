/** Which collections are open in a backend, and the opening of those that turn up, one after the other. */

import type { Backend } from './backend.ts'
import { CallbackError } from './callback-error.ts'
import type { CollectionDefinition } from './definition.ts'
import { Definitions } from './definitions.ts'
import { invalid, isStoreError } from './errors.ts'
import { type Rewriting, reindexRows } from './reindex.ts'

/** What an opening stands on. */
export interface OpeningParts {
  /** The backend to open, loaded where it is not yet. */
  readonly load: () => Promise<Backend>
  readonly now: () => number
  /** Refuses an opening where it would wait for whoever asks for it. */
  readonly refuse: () => void
}

export class Opening {
  readonly #parts: OpeningParts
  readonly #opened = new Set<CollectionDefinition>()
  /** True once the backend has been opened, be it without any collection. */
  #isOpened = false
  #running: Promise<void> | undefined
  /** How many are at work that no collection may be opened beside. */
  #alone = 0
  readonly #beside = new Set<Promise<unknown>>()

  constructor(parts: OpeningParts) {
    this.#parts = parts
  }

  /** True once the backend has been opened. */
  get isOpened(): boolean {
    return this.#isOpened
  }

  /** True when the collection is open. */
  has(definition: CollectionDefinition): boolean {
    return this.#opened.has(definition)
  }

  /**
   * Opens what is missing of the wanted collections, and rewrites rows that have another form. Concurrent callers
   * share it; a failure may be retried.
   */
  async complete(wanted: () => readonly CollectionDefinition[], rewriting: Rewriting): Promise<void> {
    while (!this.#isOpened || wanted().some((each) => !this.#opened.has(each))) {
      this.#parts.refuse()
      this.#refuseBesideAlone()
      const isOwn = this.#running === undefined
      this.#running ??= this.#open(wanted(), rewriting).finally(() => {
        this.#running = undefined
      })
      try {
        await this.#running
      } catch (error) {
        // Somebody else's patience, or callback, is no reason to fail: the rest is opened anew.
        if (isOwn || !(isStoreError(error, 'ABORTED') || error instanceof CallbackError)) throw error
      }
    }
  }

  /**
   * Runs what may leave other tables behind, while nothing is opened.
   *
   * @throws StoreError `INVALID_ARGUMENT` where a collection is open
   */
  async alone<T>(action: string, run: () => Promise<T>): Promise<T> {
    this.#alone++
    try {
      await Promise.allSettled([this.#running, ...this.#beside])
      if (this.#opened.size > 0) {
        throw invalid(`${action} is for a store that has used no collection yet: make one for it alone`)
      }
      return await run()
    } finally {
      this.#alone--
    }
  }

  /** Runs what opens a table by itself, which those that are alone wait for. */
  async beside<T>(run: () => Promise<T>): Promise<T> {
    this.#refuseBesideAlone()
    const work = run()
    this.#beside.add(work)
    try {
      return await work
    } finally {
      this.#beside.delete(work)
    }
  }

  #refuseBesideAlone(): void {
    if (this.#alone === 0 || !this.#isOpened) return
    throw invalid(
      'while everything is replaced the store opens no collection: wait for the end, or take another store',
    )
  }

  async #open(wanted: readonly CollectionDefinition[], rewriting: Rewriting): Promise<void> {
    const { load, now } = this.#parts
    const missing = wanted.filter((each) => !this.#opened.has(each))
    const backend = await load()
    const stale = await backend.open(Definitions.layouts(missing))
    for (const definition of missing) {
      if (stale.includes(definition.name)) await reindexRows(backend, definition, now(), rewriting)
    }
    for (const definition of missing) this.#opened.add(definition)
    this.#isOpened = true
  }
}
