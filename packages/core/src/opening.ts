/** Which collections are open in a backend, and the opening of those that turn up, one after the other. */

import type { Backend } from './backend.ts'
import type { CollectionDefinition } from './definition.ts'
import { Definitions } from './definitions.ts'
import { isStoreError } from './errors.ts'
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

  constructor(parts: OpeningParts) {
    this.#parts = parts
  }

  /** True once the backend has been opened. */
  get isOpened(): boolean {
    return this.#isOpened
  }

  /** True once any collection has been opened. */
  get hasCollections(): boolean {
    return this.#opened.size > 0
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
      const isOwn = this.#running === undefined
      this.#running ??= this.#open(wanted(), rewriting).finally(() => {
        this.#running = undefined
      })
      try {
        await this.#running
      } catch (error) {
        // Somebody else's patience is no reason to fail: the rest is opened anew.
        if (isOwn || !isStoreError(error, 'ABORTED')) throw error
      }
    }
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
