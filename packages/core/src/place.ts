/**
 * The place behind a store: what a person on call asks of it and does to it, across all tenants and
 * collections. What programs do with records is `Store`.
 */

import type { Backend } from './backend.ts'
import type { CacheStatistics } from './cache-options.ts'
import { marked, unmarked } from './callback-error.ts'
import type { Contents, HeldLayout, Loader, Merge, NativeRestore, Replacement, Snapshot } from './contents.ts'
import { passingOn, withLoader, withSnapshot } from './contents-callback.ts'
import type { Engine } from './engine.ts'
import { invalid, StoreError } from './errors.ts'
import { type Health, type HealthOptions, healthOf, probe } from './health.ts'
import { isHistoryName } from './history.ts'
import type { ConnectionStatistics, Inspection } from './inspection.ts'
import type { Layout } from './layout.ts'
import {
  checkMigrateOptions,
  type MigrateOptions,
  type MigrationReport,
  migratePlace,
  planFrom,
  planMigration,
} from './migrate.ts'
import type { MigrationPlan } from './migration-plan.ts'
import type { Group } from './operation.ts'
import { withinPlace } from './place-callback.ts'
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

/** What `inspect` takes. */
export interface InspectOptions {
  /**
   * Whether rows that are expired, and that are soft-deleted, are counted too: `quick` up to 10,000 of each in a
   * collection, `exact` all, and all rows, which reads whatever tables are large. Default: neither.
   */
  readonly states?: 'quick' | 'exact' | undefined
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

  /**
   * Whether anything was ever made in the place. Makes nothing, and where it can be told without opening, opens nothing;
   * true where the backend can't tell, and where opening leaves nothing behind.
   */
  isThere(): Promise<boolean> {
    return this.#engine.door.at(
      'isThere',
      async () => true,
      async () => false,
    )
  }

  /** What goes on at this moment; asks nobody and costs nothing. */
  statistics(): PlaceStatistics {
    const { waitingWrites, connectionStatistics, cacheStatistics } = this.#engine
    return { waitingWrites, connections: connectionStatistics, cache: cacheStatistics }
  }

  /**
   * Asks the place a small question, and writes a small record where `write` says so. That the place can't be had
   * is an answer too: after the options are checked it never fails.
   *
   * @throws `INVALID_ARGUMENT` for options that are none
   */
  async health(options: HealthOptions = {}): Promise<Health> {
    checkOptionNames(options, ['write'], 'health')
    const { write = false } = options
    if (typeof write !== 'boolean') throw invalid('health: write is true or false')
    const writing = {
      write: (group: Group) => this.#engine.door.write(group),
      now: () => this.#engine.clock.now(),
    }
    return healthOf(this.backend, (measured) =>
      this.#engine.door.at('health', (backend) =>
        write ? this.#engine.door.beside(() => probe(backend, measured, writing)) : probe(backend, measured),
      ),
    )
  }

  /**
   * Looks at settings, sizes and what is not as it should be; `undefined` where the backend tells nothing.
   *
   * @throws `INVALID_ARGUMENT` for options that are none
   */
  async inspect(options: InspectOptions = {}): Promise<Inspection | undefined> {
    checkOptionNames(options, ['states'], 'inspect')
    const { states } = options
    if (states !== undefined && states !== 'quick' && states !== 'exact') {
      throw invalid("inspect: states is 'quick' or 'exact'")
    }
    return this.#engine.door.at('inspect', async (backend) => {
      if (states === undefined) return backend.inspect?.()
      const counting = { at: this.#engine.clock.now(), exact: states === 'exact' }
      return backend.inspect?.(counting).then(withoutPastStates)
    })
  }

  /**
   * Lets the engine check the structure of what it keeps; reads everything.
   *
   * @returns what is wrong, in the engine's words, at most 100; `undefined` where the backend has no such check
   */
  check(): Promise<readonly string[] | undefined> {
    return this.#engine.door.at('check', async (backend) => backend.check?.())
  }

  // Its form

  /**
   * What opening all collections that the store knows would do to the place. No collection is made or changed by
   * it, and a store that is open for reading only may ask. Where nothing is yet, the plan makes everything, and nothing
   * is made by asking.
   */
  plan(): Promise<MigrationPlan> {
    const definitions = this.#engine.definitions.all()
    return this.#atContents(
      'plan',
      (contents, backend) => planMigration({ backend, contents, definitions }),
      (contents, backend) => planFrom([], { backend, contents, definitions }),
    )
  }

  /**
   * Opens all collections that the store knows, which brings the place to their form, and tells how far the
   * rewriting of records is. When it is aborted or killed, what is rewritten stays so, and the next call does the
   * rest. Where the collections are being opened already, it waits for that, and tells and aborts only what is left.
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
    const telling = { ...options, onProgress: marked(options.onProgress) }
    const migrating = this.#atContents('migrate', (contents, backend, open) =>
      migratePlace({ backend, contents, definitions, now, open }, telling),
    )
    return unmarked(migrating)
  }

  // Everything it holds, as rows

  /** The layouts that the place holds, in text order of their names; empty where nothing was ever made. */
  layouts(): Promise<readonly HeldLayout[]> {
    return this.#atContents(
      'layouts',
      (contents) => contents.layouts(),
      async () => [],
    )
  }

  /** Runs a callback that sees one state of everything, while writes go on. See `Contents.snapshot`. */
  snapshot<T>(run: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    return passingOn((around) =>
      this.#atContents('snapshot', (contents, backend) =>
        contents.snapshot((snapshot) =>
          withinPlace(this.#engine, 'snapshot', () =>
            withSnapshot(snapshot, backend, (named) => around(() => run(named))),
          ),
        ),
      ),
    )
  }

  /**
   * Replaces everything by what the callback loads: all of it, or nothing. See `Contents.replace`. For a store
   * that has used no collection yet, for their tables may be other ones afterwards.
   */
  replace<T>(replacement: Replacement, run: (loader: Loader) => Promise<T>): Promise<T> {
    return passingOn((around) =>
      this.#aloneAtContents('replace', (contents, backend) =>
        contents.replace(replacement, (loader) =>
          withinPlace(this.#engine, 'replacement', () =>
            withLoader(loader, replacement.layouts, backend, (strict) => around(() => run(strict))),
          ),
        ),
      ),
    )
  }

  /** Makes the tables of layouts, or changes them to these forms. A store of its own, as for `replace`. */
  async make(layouts: readonly Layout[]): Promise<void> {
    await this.#engine.door.at('make', (backend) =>
      this.#engine.door.alone('make', () => backend.open(layouts)),
    )
  }

  /** Puts and removes rows of one layout as they are, in one commit, after `make`. See `Contents.merge`. */
  merge(layout: Layout, merge: Merge): Promise<void> {
    return this.#atContents('merge', async (contents) => {
      try {
        await contents.merge(layout, merge)
      } catch (error) {
        const held = await contents.layouts().catch(() => undefined)
        const isThere = held?.some((each) => each.layout.name === layout.name) ?? true
        throw isThere ? error : invalid(`merge: the place has no layout '${layout.name}': make it before`)
      }
    })
  }

  /** Says that all rows of a layout have its form now, after `make` and `merge`: it is not stale any more. */
  settle(layout: Layout): Promise<void> {
    return this.#aloneAtContents('settle', (_contents, backend) => backend.reindex(layout, [], true))
  }

  /** The statements between two forms of a layout; `undefined` where the backend has none. */
  statements(held: Layout | undefined, wanted: Layout): Promise<readonly string[] | undefined> {
    return this.#atContents('statements', async (contents) => contents.statements?.(held, wanted))
  }

  /**
   * Writes a copy in the engine's own form to a path where nothing is yet, and answers how the form is called.
   *
   * @throws `UNSUPPORTED` where the backend has no such form; `ABORTED` when the signal is given
   */
  nativeBackup(path: string, options: { readonly signal?: AbortSignal } = {}): Promise<string> {
    return this.#atContents('nativeBackup', async (contents) => {
      if (contents.nativeBackup !== undefined) return contents.nativeBackup(path, options)
      throw new StoreError('UNSUPPORTED', `${this.backend} has no form of its own for backups`)
    })
  }

  /**
   * Replaces everything by a copy that `nativeBackup` wrote: all of it, or nothing. See `Contents.nativeRestore`.
   * A store of its own, as for `replace`.
   *
   * @throws `UNSUPPORTED` where the backend puts back no such copies
   */
  nativeRestore(path: string, options: NativeRestore): Promise<void> {
    return this.#aloneAtContents('nativeRestore', async (contents) => {
      if (contents.nativeRestore === undefined) {
        throw new StoreError('UNSUPPORTED', `${this.backend} puts back no copies in a form of its own`)
      }
      await contents.nativeRestore(path, options)
    })
  }

  #atContents<T>(
    operation: string,
    run: (contents: Contents, backend: Backend, open: (rewriting: Rewriting) => Promise<void>) => Promise<T>,
    unmade?: (contents: Contents, backend: Backend) => Promise<T>,
  ): Promise<T> {
    // Who only reads makes nothing, and is told by the backend which place it is that is not there.
    const isAsked = unmade !== undefined && !this.#engine.isReadOnly
    return this.#engine.door.at(
      operation,
      async (backend, open) => run(contentsOf(backend), backend, open),
      isAsked ? async (backend) => unmade(contentsOf(backend), backend) : undefined,
    )
  }

  #aloneAtContents<T>(
    operation: string,
    run: (contents: Contents, backend: Backend) => Promise<T>,
  ): Promise<T> {
    return this.#atContents(operation, (contents, backend) =>
      this.#engine.door.alone(operation, () => run(contents, backend)),
    )
  }
}

function contentsOf({ contents, name }: Backend): Contents {
  if (contents !== undefined) return contents
  throw new StoreError('UNSUPPORTED', `${name} can't read and fill whole places`)
}

/** The past keeps the deadlines that records had, and none of its own. */
function withoutPastStates(inspection: Inspection): Inspection {
  const sizes = inspection.sizes.map((size) =>
    isHistoryName(size.layout) ? { ...size, states: undefined } : size,
  )
  return { ...inspection, sizes }
}
