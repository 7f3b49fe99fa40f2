/** Stores that are asked at the moment of reading what they have on their hands. */

import { type BaseStore, type PlaceStatistics, StoreError } from '@coffer/core'

/** A store that can be watched: not a handle of a tenant or a transaction. */
export type WatchedStore = Pick<BaseStore, 'place'>

/** How one store stands. */
export interface Standing extends PlaceStatistics {
  /** The name that the application gave it. */
  readonly store: string
  readonly backend: string
}

export class WatchedStores {
  readonly #places = new Map<string, ReturnType<WatchedStore['place']>>()

  /**
   * Watches a store under a name.
   *
   * @returns how to stop
   * @throws StoreError `INVALID_ARGUMENT` for an empty name, or one that is taken
   */
  watch(name: string, store: WatchedStore): () => void {
    if (typeof name !== 'string' || name === '') throw refused('a store is watched under a name of its own')
    if (this.#places.has(name)) throw refused(`there is a store named '${name}' already; give another name`)
    if (typeof store?.place !== 'function')
      throw refused(`'${name}' is not a store; give what createStore made`)
    const place = store.place()
    this.#places.set(name, place)
    return () => {
      if (this.#places.get(name) === place) this.#places.delete(name)
    }
  }

  standings(): readonly Standing[] {
    return [...this.#places].map(([store, place]) => ({
      store,
      backend: place.backend,
      ...place.statistics(),
    }))
  }

  clear(): void {
    this.#places.clear()
  }
}

function refused(sentence: string): StoreError {
  return new StoreError('INVALID_ARGUMENT', sentence)
}
