/**
 * The place behind a store: what a person on call asks of it and does to it, across all tenants and
 * collections. What programs do with records is `Store`.
 */

import type { Backend } from './backend.ts'
import type { CacheStatistics } from './cache-options.ts'
import type { Contents, HeldLayout, Loader, Merge, Replacement, Snapshot } from './contents.ts'
import type { Engine } from './engine.ts'
import { invalid, StoreError } from './errors.ts'
import type { ConnectionStatistics, Inspection } from './inspection.ts'
import type { Layout } from './layout.ts'

/** What a store has on its hands at this moment. */
export interface PlaceStatistics {
  /** Writes that wait for a batch. */
  readonly waitingWrites: number
  /** The connections, where the backend has any and is open. */
  readonly connections: ConnectionStatistics | undefined
  /** What the cache has counted, where there is one. */
  readonly cache: CacheStatistics | undefined
}

export class Place {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** The name of the backend: `sqlite`. */
  get backend(): string {
    return this.#engine.backendName
  }

  /** What goes on at this moment; asks nobody and costs nothing. */
  statistics(): PlaceStatistics {
    const { waitingWrites, connectionStatistics, cacheStatistics } = this.#engine
    return { waitingWrites, connections: connectionStatistics, cache: cacheStatistics }
  }

  /** Looks at settings, sizes and what is not as it should be; `undefined` where the backend tells nothing. */
  inspect(): Promise<Inspection | undefined> {
    return this.#engine.atPlace('inspect', async (backend) => backend.inspect?.())
  }

  /**
   * Lets the engine check the structure of what it keeps; reads everything.
   *
   * @returns what is wrong, in the engine's words, at most 100; `undefined` where the backend has no such check
   */
  check(): Promise<readonly string[] | undefined> {
    return this.#engine.atPlace('check', async (backend) => backend.check?.())
  }

  // Everything it holds, as rows

  /** The layouts that the place holds, in text order of their names; empty where nothing was ever made. */
  layouts(): Promise<readonly HeldLayout[]> {
    return this.#atContents('layouts', (contents) => contents.layouts())
  }

  /** Runs a callback that sees one state of everything, while writes go on. See `Contents.snapshot`. */
  snapshot<T>(run: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    return this.#atContents('snapshot', (contents) => contents.snapshot(run))
  }

  /**
   * Replaces everything by what the callback loads: all of it, or nothing. See `Contents.replace`. For a store
   * that has used no collection yet, for their tables may be other ones afterwards.
   */
  async replace<T>(replacement: Replacement, run: (loader: Loader) => Promise<T>): Promise<T> {
    this.#refuseOpenCollections('replace')
    return this.#atContents('replace', (contents) => contents.replace(replacement, run))
  }

  /** Makes the tables of layouts, or changes them to these forms. A store of its own, as for `replace`. */
  async make(layouts: readonly Layout[]): Promise<void> {
    this.#refuseOpenCollections('make')
    await this.#engine.atPlace('make', (backend) => backend.open(layouts))
  }

  /** Puts and removes rows of one layout as they are, in one commit, after `make`. See `Contents.merge`. */
  merge(layout: Layout, merge: Merge): Promise<void> {
    return this.#atContents('merge', (contents) => contents.merge(layout, merge))
  }

  /** The statements between two forms of a layout; `undefined` where the backend has none. */
  statements(held: Layout | undefined, wanted: Layout): Promise<readonly string[] | undefined> {
    return this.#atContents('statements', async (contents) => contents.statements?.(held, wanted))
  }

  /**
   * Writes a copy in the engine's own form to a path where nothing is yet, and answers how the form is called.
   *
   * @throws `UNSUPPORTED` where the backend has no such form
   */
  nativeBackup(path: string): Promise<string> {
    return this.#atContents('nativeBackup', async (contents) => {
      if (contents.nativeBackup !== undefined) return contents.nativeBackup(path)
      throw new StoreError('UNSUPPORTED', `${this.backend} has no form of its own for backups`)
    })
  }

  #atContents<T>(operation: string, run: (contents: Contents, backend: Backend) => Promise<T>): Promise<T> {
    return this.#engine.atPlace(operation, async (backend) => {
      const { contents } = backend
      if (contents !== undefined) return run(contents, backend)
      throw new StoreError('UNSUPPORTED', `${backend.name} can't read and fill whole places`)
    })
  }

  #refuseOpenCollections(action: string): void {
    if (!this.#engine.hasOpenCollections) return
    throw invalid(`${action} is for a store that has used no collection yet: make one for it alone`)
  }
}
