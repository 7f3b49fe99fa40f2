/** Cases are data: what clause each proves, what it needs, and how. No case names a backend. */

import { type BaseStore, createStore, type Modules, type Store, type StoreOptions } from '@coffer/core'
import type { Backend, Capabilities } from '@coffer/core/backend'
import type { Harness, Place } from './harness.ts'
import { ManualClock } from './manual-clock.ts'

/** What a case needs of a backend. A backend that does not declare it must refuse instead. */
export type Requirement =
  | 'persistent'
  | 'secondOpener'
  | 'readsBesideTransaction'
  | 'savepoints'
  | 'contents'
  | 'tamper'
  | 'newerFormat'
  | 'lent'
  | 'replica'
  | 'cache'

/** One case of the suite. */
export interface Case {
  /** `K1-empty-key`: the clause, a dash and a word or two. Unique and stable. */
  readonly id: string
  /** The clause of SPEC.md that it proves: `K1`. */
  readonly clause: string
  /** The behaviour in plain words. */
  readonly title: string
  /** The case is refused, and shown as such, where one of these is not offered. */
  readonly requires?: readonly Requirement[]
  /** The case is about backends that do not offer these: how they refuse. It is left out where one is offered. */
  readonly without?: readonly Requirement[]
  /** Resolves when the behaviour is as it should be; throws an assertion error otherwise. */
  readonly run: (context: CaseContext) => Promise<void>
}

/** Makes another handle out of a store: how a group of cases runs again in a tenant or in transactions. */
export type Dress = <S extends BaseStore>(store: S) => S

/** What a case works with: a place of its own, a clock of its own, and stores that are closed after it. */
export class CaseContext {
  readonly clock = new ManualClock()
  readonly capabilities: Capabilities
  readonly place: Place
  /** For cases that draw at random: the same seed gives the same case. */
  readonly seed: number
  readonly #harness: Harness
  readonly #dress: Dress
  readonly #options: StoreOptions
  readonly #stores: { close(): Promise<void> }[]
  readonly #places: Place[]

  constructor(
    harness: Harness,
    place: Place,
    seed: number,
    dress: Dress = (store) => store,
    options: StoreOptions = {},
  ) {
    this.capabilities = harness.capabilities
    this.place = place
    this.seed = seed
    this.#harness = harness
    this.#dress = dress
    this.#options = options
    this.#stores = []
    this.#places = []
  }

  /**
   * A store on the case's place, with the case's clock. A second call opens the place a second time: close
   * the first store before it unless the case requires `secondOpener`.
   */
  store<const M extends Modules = Record<never, never>>(options: StoreOptions = {}, modules?: M): Store<M> {
    return this.storeOver(this.place.backend(), options, modules)
  }

  /** As `store`, over a backend of the place that the case has in hand. */
  storeOver<const M extends Modules = Record<never, never>>(
    backend: Backend,
    options: StoreOptions = {},
    modules?: M,
  ): Store<M> {
    const all = { clock: this.clock, ...this.#options, ...options }
    const { withCache } = this.place
    const cache = all.cache && { ...all.cache, ...(withCache && { withCache }) }
    const store = createStore({ ...all, ...(cache && { cache }), backend }, modules)
    this.#stores.push(store)
    return this.#dress(store)
  }

  /** A second place of the same harness, for cases about the harness itself. Taken away after the case. */
  async anotherPlace(): Promise<Place> {
    const place = await this.#harness.create()
    this.#places.push(place)
    return place
  }

  /** A store on a place got from `anotherPlace`. */
  storeOn(place: Place): Store<Record<never, never>> {
    const store = createStore({ clock: this.clock, backend: place.backend() }, {})
    this.#stores.push(store)
    return store
  }

  /** The same context, whose stores come dressed and with options. What it opens is closed by this one's `end`. */
  dressed(dress: Dress, options: StoreOptions = {}): CaseContext {
    const context = new CaseContext(this.#harness, this.place, this.seed, dress, options)
    this.#stores.push({ close: () => context.end() })
    return context
  }

  /** Closes what the case left open. */
  async end(): Promise<void> {
    for (const store of this.#stores) await store.close()
    for (const place of this.#places) await place.destroy()
  }
}

/** Whether a backend with these capabilities, on this place if one is made already, offers what a case needs. */
export function offers(capabilities: Capabilities, requirement: Requirement, place?: Place): boolean {
  switch (requirement) {
    case 'persistent':
      return capabilities.persistent
    case 'secondOpener':
      return capabilities.sharing !== 'none'
    case 'tamper':
      return place?.tamper !== undefined
    case 'newerFormat':
      return place?.newerFormat !== undefined
    case 'lent':
      return place?.lent !== undefined
    case 'replica':
      return place?.replica === true
    case 'cache':
      return place?.withCache !== undefined
    case 'readsBesideTransaction':
    case 'savepoints':
    case 'contents':
      return capabilities[requirement]
  }
}
