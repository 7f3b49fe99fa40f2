/** A store, as a user holds it: the whole of it, one tenant, or one transaction. All have one type. */

import type { Capabilities, Sweep } from './backend.ts'
import type { CacheStatistics } from './cache-options.ts'
import { marked, unmarked } from './callback-error.ts'
import { Collection } from './collection.ts'
import { parseOptions, transactionBounds } from './config.ts'
import type { CollectionDefinition } from './definition.ts'
import type { Engine } from './engine.ts'
import { invalid, StoreError } from './errors.ts'
import type { Executor } from './executor.ts'
import { runOnce } from './idempotency.ts'
import { Log } from './log.ts'
import type { LogDefinition } from './log-definition.ts'
import type { ModuleMethods, Modules } from './module.ts'
import { Place } from './place.ts'
import { checkOptionNames } from './query.ts'
import type { RewriteProgress } from './reindex.ts'
import { checkTenant } from './text.ts'
import type { TransactionOptions } from './transaction.ts'
import type { TransactionScope } from './transaction-scope.ts'

/** What `transaction` takes. */
export interface StoreTransactionOptions extends TransactionOptions {
  /**
   * Names the effect: a transaction whose key has been committed before is not run again, and answers what
   * that one answered, as JSON. So it can be repeated after `OUTCOME_UNKNOWN`. Kept for 24 hours.
   */
  readonly idempotencyKey?: string
}

/** What a cleanup takes. */
export interface CleanupOptions {
  /** Called after every batch with the number removed so far: in all, and of the collection at hand. */
  readonly onProgress?: (removed: number, collection: string, ofCollection: number) => void
}

/** What `open` takes. */
export interface OpenOptions {
  /** Called after every page of records that are rewritten, because their definition has changed. */
  readonly onProgress?: ((progress: RewriteProgress) => void) | undefined
}

const TRANSACTION_OPTIONS = ['maxAttempts', 'timeoutMs', 'idempotencyKey', 'signal']

/** A store without its modules; `Store` is this with them. */
export class BaseStore {
  readonly tenantName: string
  /** True for a handle got from `tenant()`, and for its transactions: a module must not lead out of that tenant. */
  readonly confined: boolean
  readonly #engine: Engine
  readonly #executor: Executor
  readonly #modules: Modules
  readonly #scope: TransactionScope | undefined

  constructor(engine: Engine, modules: Modules, tenant: string, confined: boolean, scope?: TransactionScope) {
    this.tenantName = tenant
    this.#engine = engine
    this.#modules = modules
    this.confined = confined
    this.#scope = scope
    this.#executor = scope ?? engine
    for (const [name, module] of Object.entries(modules)) {
      Object.defineProperty(this, name, { value: module.methods(this), enumerable: true })
    }
  }

  /** The records of a collection. The definition becomes known to the store; its table is made on first use. */
  collection<R, F extends string>(definition: CollectionDefinition<R, F>): Collection<R, F> {
    if (typeof definition?.layout !== 'object')
      throw invalid('collection takes a definition; make one with defineCollection')
    this.#engine.definitions.add(definition)
    return new Collection(definition, this.#engine, this.#executor, this.tenantName)
  }

  /** The streams of a log. */
  log<R, A, F extends string>(definition: LogDefinition<R, A, F>): Log<R, A, F> {
    if (typeof definition?.chain !== 'object')
      throw invalid('log takes a definition; make one with defineLog')
    this.#engine.definitions.add(definition.entries)
    this.#engine.definitions.add(definition.heads)
    return new Log(definition, this.#engine, this.#executor, this.tenantName)
  }

  /** The collections and the entries of logs that this store knows, by name. */
  get definitions(): readonly CollectionDefinition[] {
    return this.#engine.definitions.all()
  }

  /** What the backend declares; `undefined` until it is loaded. */
  get capabilities(): Capabilities | undefined {
    return this.#engine.capabilities
  }

  /**
   * The place behind the store, whatever tenant or collection: for those who operate it.
   *
   * @throws `UNSUPPORTED` on a handle of a tenant or a transaction
   */
  place(): Place {
    this.#refuseInTransaction('place')
    if (this.confined) throw new StoreError('UNSUPPORTED', 'place is for the store itself, not for a tenant')
    return new Place(this.#engine)
  }

  /** What the cache has counted, of all tenants together; `undefined` without one, and until it is loaded. */
  cacheStatistics(): CacheStatistics | undefined {
    return this.#engine.cacheStatistics
  }

  /** The present instant by the store's clock, the one that decides what has expired. */
  now(): Date {
    return new Date(this.#engine.clock.now())
  }

  /** The same store, confined to a tenant: it sees and changes nothing of any other. 1 to 256 bytes. */
  tenant(name: string): this {
    return this.#bound(checkTenant(name), true, this.#scope)
  }

  /**
   * Runs the callback as one serializable transaction: all of it happens, or nothing. The callback gets a
   * store of the same type that belongs to the transaction. When the transaction conflicts with another it
   * is undone and the callback runs again, so it should do nothing that can't be repeated. What it throws
   * undoes the transaction and is thrown on as it is. Inside a transaction this is a savepoint.
   */
  async transaction<T>(run: (store: this) => Promise<T>, options: StoreTransactionOptions = {}): Promise<T> {
    checkOptionNames(options, TRANSACTION_OPTIONS, 'transaction')
    if (typeof run !== 'function') throw invalid('transaction takes a function, which is given a store')
    const bound = (scope: TransactionScope) => run(this.#bound(this.tenantName, this.confined, scope))
    if (this.#scope !== undefined) {
      if (Object.keys(options).length > 0) throw invalid('a nested transaction takes no options')
      return this.#scope.savepoint(bound)
    }
    const { idempotencyKey, ...rest } = options
    parseOptions(transactionBounds, rest, 'transaction')
    return this.#engine.operate('', 'transaction', () =>
      idempotencyKey === undefined
        ? this.#engine.transaction(bound, rest)
        : runOnce(this.#engine, this.tenantName, idempotencyKey, bound, rest),
    )
  }

  /** Loads and opens the backend now, with all collections known so far. Otherwise the first operation does. */
  async open(options: OpenOptions = {}): Promise<void> {
    checkOptionNames(options, ['onProgress'], 'open')
    this.#refuseInTransaction('open')
    return unmarked(this.#engine.open({ ...options, onProgress: marked(options.onProgress) }))
  }

  /** Waits for work in flight and releases everything; then every operation fails with `CLOSED`. May be called twice. */
  async close(): Promise<void> {
    this.#refuseInTransaction('close')
    return this.#engine.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * Removes expired records for good, in bounded batches; what was renewed meanwhile stays. On a handle got
   * from `tenant()` only that tenant's, else all.
   *
   * @returns how many were removed
   */
  async cleanupExpired(options: CleanupOptions = {}): Promise<number> {
    checkOptionNames(options, ['onProgress'], 'cleanupExpired')
    this.#refuseInTransaction('cleanupExpired')
    return this.#swept('cleanupExpired', { type: 'expired', tenant: this.#sweptTenant() }, options)
  }

  /**
   * Removes records for good that were soft-deleted at least so long ago. Confined as `cleanupExpired`.
   *
   * @returns how many were removed
   */
  async purgeDeleted(options: CleanupOptions & { readonly olderThanMs: number }): Promise<number> {
    checkOptionNames(options, ['onProgress', 'olderThanMs'], 'purgeDeleted')
    this.#refuseInTransaction('purgeDeleted')
    const { olderThanMs } = options
    if (typeof olderThanMs !== 'number' || !Number.isFinite(olderThanMs) || olderThanMs < 0) {
      throw invalid('purgeDeleted: olderThanMs is a number of milliseconds from 0')
    }
    const deletedBefore = this.#engine.clock.now() - olderThanMs
    return this.#swept(
      'purgeDeleted',
      { type: 'deleted', deletedBefore, tenant: this.#sweptTenant() },
      options,
    )
  }

  /** Another handle of the same store, of the same type. */
  #bound(tenant: string, confined: boolean, scope: TransactionScope | undefined): this {
    return bind(this.#engine, this.#modules, tenant, confined, scope) as BaseStore as this
  }

  #swept(operation: string, sweep: Sweep, { onProgress }: CleanupOptions): Promise<number> {
    const telling = marked(onProgress)
    return unmarked(this.#engine.operate('', operation, () => this.#engine.sweep(sweep, telling)))
  }

  #sweptTenant(): string | undefined {
    return this.confined ? this.tenantName : undefined
  }

  #refuseInTransaction(action: string): void {
    if (this.#scope === undefined) return
    throw new StoreError('UNSUPPORTED', `${action} is for the store itself, not for a transaction`)
  }
}

/** A store with the methods of its modules. */
export type Store<M extends Modules = Modules> = BaseStore & ModuleMethods<M>

/** Makes a handle. */
export function bind<M extends Modules>(
  engine: Engine,
  modules: M,
  tenant: string,
  confined: boolean,
  scope?: TransactionScope,
): Store<M> {
  return new BaseStore(engine, modules, tenant, confined, scope) as Store<M>
}
