/**
 * The place behind a store: what a person on call asks of it and does to it, across all tenants and
 * collections. What programs do with records is `Store`.
 */

import type { Backend } from './backend.ts'
import type { CacheStatistics } from './cache-options.ts'
import type { Contents, HeldLayout, Loader, Merge, Replacement, Snapshot } from './contents.ts'
import { namedSnapshot, passingOn, StrictLoader } from './contents-callback.ts'
import type { Engine } from './engine.ts'
import { invalid, StoreError } from './errors.ts'
import { type Health, type HealthOptions, healthOf, probe } from './health.ts'
import type { ConnectionStatistics, Inspection } from './inspection.ts'
import type { Layout } from './layout.ts'
import {
  checkMigrateOptions,
  type MigrateOptions,
  type MigrationReport,
  migratePlace,
  planMigration,
} from './migrate.ts'
import type { MigrationPlan } from './migration-plan.ts'
import { checkOptionNames } from './query.ts'
import type { Rewriting } from './reindex.ts'

/** What a store has on its hands at this moment. */
export interface PlaceStatistics {
  /** Writes that wait for a batch. */
  readonly waitingWrites: number
  /** The connections, where the backend has any and is open. */
  readonly connections: ConnectionStatistics | undefined
  /** What the cache has counted, where there is one. */
  readonly cache: CacheStatistics | undefined
}

/**
 * The operator's door to a place, got from `store.place()`. What it tells and changes is of all tenants. Methods
 * may fail with `CLOSED`, `UNAVAILABLE`, `BUSY` and `TIMEOUT`, and with `UNSUPPORTED` where the backend can't.
 */
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

  /**
   * Asks the place a small question, and writes a small record where `write` says so. It never fails: that the
   * place can't be had is an answer too.
   */
  async health(options: HealthOptions = {}): Promise<Health> {
    checkOptionNames(options, ['write'], 'health')
    return healthOf(this.backend, () =>
      this.#engine.atPlace('health', (backend) =>
        probe(backend, options.write === true, () => this.#engine.clock.now()),
      ),
    )
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

  // Its form

  /**
   * What opening all collections that the store knows would do to the place. Nothing is made or changed by it,
   * also where nothing is yet, and a store that is open for reading only may ask.
   */
  plan(): Promise<MigrationPlan> {
    const definitions = this.#engine.definitions.all()
    return this.#atContents('plan', (contents, backend) => planMigration({ backend, contents, definitions }))
  }

  /**
   * Opens all collections that the store knows, which brings the place to their form, and tells how far the
   * rewriting of records is. When it is aborted or killed, what is rewritten stays so, and the next call does the
   * rest.
   *
   * @throws `UNSUPPORTED` before anything is changed, where records are of a newer version; `READ_ONLY` where the
   *   store is; `CORRUPT` for a record that can't be brought up; `ABORTED` between two pages of records
   */
  async migrate(options: MigrateOptions = {}): Promise<MigrationReport> {
    checkMigrateOptions(options)
    if (this.#engine.isReadOnly) {
      throw new StoreError('READ_ONLY', 'migrate changes the place: open the store without readOnly')
    }
    const definitions = this.#engine.definitions.all()
    const now = () => this.#engine.clock.now()
    return this.#atContents('migrate', (contents, backend, open) =>
      migratePlace({ backend, contents, definitions, now, open }, options),
    )
  }

  // Everything it holds, as rows

  /** The layouts that the place holds, in text order of their names; empty where nothing was ever made. */
  layouts(): Promise<readonly HeldLayout[]> {
    return this.#atContents('layouts', (contents) => contents.layouts())
  }

  /** Runs a callback that sees one state of everything, while writes go on. See `Contents.snapshot`. */
  snapshot<T>(run: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    return passingOn((around) =>
      this.#atContents('snapshot', (contents, backend) =>
        contents.snapshot((snapshot) => around(() => run(namedSnapshot(snapshot, backend)))),
      ),
    )
  }

  /**
   * Replaces everything by what the callback loads: all of it, or nothing. See `Contents.replace`. For a store
   * that has used no collection yet, for their tables may be other ones afterwards.
   */
  replace<T>(replacement: Replacement, run: (loader: Loader) => Promise<T>): Promise<T> {
    return passingOn((around) =>
      this.#atContents('replace', async (contents, backend) => {
        this.#refuseOpenCollections('replace')
        return contents.replace(replacement, async (inner) => {
          const loader = new StrictLoader(inner, backend)
          const result = await around(() => run(loader))
          loader.conclude()
          return result
        })
      }),
    )
  }

  /** Makes the tables of layouts, or changes them to these forms. A store of its own, as for `replace`. */
  async make(layouts: readonly Layout[]): Promise<void> {
    await this.#engine.atPlace('make', async (backend) => {
      this.#refuseOpenCollections('make')
      await backend.open(layouts)
    })
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

  #atContents<T>(
    operation: string,
    run: (contents: Contents, backend: Backend, open: (rewriting: Rewriting) => Promise<void>) => Promise<T>,
  ): Promise<T> {
    return this.#engine.atPlace(operation, async (backend, open) => {
      const { contents } = backend
      if (contents !== undefined) return run(contents, backend, open)
      throw new StoreError('UNSUPPORTED', `${backend.name} can't read and fill whole places`)
    })
  }

  #refuseOpenCollections(action: string): void {
    if (!this.#engine.hasOpenCollections) return
    throw invalid(`${action} is for a store that has used no collection yet: make one for it alone`)
  }
}
