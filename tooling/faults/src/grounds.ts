/** Places on several backends at once: one to save, and others to save it to. */

import { type BaseStore, createStore, type StoreConfig } from '@coffer/core'
import { memory } from '@coffer/memory'
import { type Subject, type SubjectName, type SubjectPlace, subjects } from './subjects.ts'

export type BackendName = SubjectName | 'memory'

/** Places that other processes can open beside this one. */
export const SHARED: readonly BackendName[] = ['sqlite', 'postgresql']

/** The packages that a process needs to open such places. */
export function packagesOf(...names: readonly BackendName[]): readonly string[] {
  return names.flatMap((name) => (name === 'memory' ? [] : [subjects[name].packageName]))
}

/** A place of any backend; one in memory goes with its store. */
export type GroundPlace = Pick<SubjectPlace, 'settled' | 'remove'> & { config(): StoreConfig }

export class Grounds implements AsyncDisposable {
  readonly #subjects: ReadonlyMap<BackendName, Subject>

  private constructor(started: ReadonlyMap<BackendName, Subject>) {
    this.#subjects = started
  }

  static async start(names: readonly BackendName[], kinds = subjects): Promise<Grounds> {
    const started = new Map<BackendName, Subject>()
    for (const name of names) if (name !== 'memory') started.set(name, await kinds[name].start())
    return new Grounds(started)
  }

  newPlace(name: BackendName): Promise<GroundPlace> {
    const subject = this.#subjects.get(name)
    if (subject !== undefined) return subject.newPlace()
    const nothing = async () => undefined
    return Promise.resolve({ config: () => ({ backend: memory() }), settled: nothing, remove: nothing })
  }

  /** Runs something on a new place with a store in it, and takes both away. */
  async on<T>(name: BackendName, run: (store: BaseStore, place: GroundPlace) => Promise<T>): Promise<T> {
    const place = await this.newPlace(name)
    try {
      await using store = createStore(place.config())
      return await run(store, place)
    } finally {
      await place.remove()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const subject of this.#subjects.values()) await subject[Symbol.asyncDispose]()
  }
}

/** Opens a place for as long as something is done with it. */
export async function inStore<T>(place: GroundPlace, run: (store: BaseStore) => Promise<T>): Promise<T> {
  await using store = createStore(place.config())
  return await run(store)
}
