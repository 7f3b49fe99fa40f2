/** Cases are data: what clause each proves, what it needs, and how. No case names a backend. */

import { createStore, type Modules, type Store, type StoreOptions } from '@coffer/core'
import type { Capabilities } from '@coffer/core/backend'
import type { Harness, Place } from './harness.ts'
import { ManualClock } from './manual-clock.ts'

/** What a case needs of a backend. A backend that does not declare it must refuse instead. */
export type Requirement = 'persistent' | 'secondOpener' | 'readsBesideTransaction' | 'savepoints' | 'tamper'

/** One case of the suite. */
export interface Case {
  /** `K1-empty-key`: the clause, a dash and a word or two. Unique and stable. */
  readonly id: string
  /** The clause of SPEC.md that it proves: `K1`. */
  readonly clause: string
  /** The behaviour in plain words. */
  readonly title: string
  readonly requires?: readonly Requirement[]
  /** Resolves when the behaviour is as it should be; throws an assertion error otherwise. */
  readonly run: (context: CaseContext) => Promise<void>
}

/** What a case works with: a place of its own, a clock of its own, and stores that are closed after it. */
export class CaseContext {
  readonly clock = new ManualClock()
  readonly capabilities: Capabilities
  readonly place: Place
  /** For cases that draw at random: the same seed gives the same case. */
  readonly seed: number
  readonly #stores: { close(): Promise<void> }[] = []

  constructor(harness: Harness, place: Place, seed: number) {
    this.capabilities = harness.capabilities
    this.place = place
    this.seed = seed
  }

  /**
   * A store on the case's place, with the case's clock. A second call opens the place a second time: close
   * the first store before it unless the case requires `secondOpener`.
   */
  store<const M extends Modules = Record<never, never>>(options: StoreOptions = {}, modules?: M): Store<M> {
    const store = createStore({ clock: this.clock, ...options, backend: this.place.backend() }, modules)
    this.#stores.push(store)
    return store
  }

  /** Closes what the case left open. */
  async end(): Promise<void> {
    for (const store of this.#stores) await store.close()
  }
}

/** Whether a backend on this harness offers what a case needs. */
export function offers(harness: Harness, place: Place, requirement: Requirement): boolean {
  const { capabilities } = harness
  switch (requirement) {
    case 'persistent':
      return capabilities.persistent
    case 'secondOpener':
      return capabilities.sharing !== 'none'
    case 'tamper':
      return place.tamper !== undefined
    case 'readsBesideTransaction':
    case 'savepoints':
      return capabilities[requirement]
  }
}
