/**
 * The engine behind a store and all its handles: opens the backend on first use, lets work through while it
 * is open, and closes when the last of it is done.
 */

import { Admission } from './admission.ts'
import type { AggregateRow, Aggregation } from './aggregation.ts'
import type { Append, StreamAddress } from './append.ts'
import { AppendQueue } from './append-queue.ts'
import type {
  Backend,
  Capabilities,
  CountQuestion,
  DocumentPage,
  Page,
  ReadOptions,
  Sweep,
} from './backend.ts'
import type { CacheStatistics } from './cache-options.ts'
import { CleanupTimer } from './cleanup-timer.ts'
import { type Clock, systemClock } from './clock.ts'
import { type ParsedConfig, parseConfig, type ResolvedStoreOptions } from './config.ts'
import { readOptionsOf } from './consistency.ts'
import { type CollectionDefinition, requireHistory } from './definition.ts'
import { Definitions } from './definitions.ts'
import { StoreError } from './errors.ts'
import { EventLoopTurn } from './event-loop.ts'
import type { Abortable, Executor, Reading } from './executor.ts'
import { throwIfAborted, toStoreError } from './failure.ts'
import { holdsIdempotencyKeys, idempotencyKeys } from './idempotency-keys.ts'
import type { ConnectionStatistics } from './inspection.ts'
import { JoinedReads } from './joined-reads.ts'
import { KeyedQueue } from './keyed-queue.ts'
import { loadBackend } from './load-backend.ts'
import { beginOperation, observeCleanup, observeTransaction } from './observe.ts'
import { Opening } from './opening.ts'
import type { Group, Outcome } from './operation.ts'
import { PlaceDoor } from './place-door.ts'
import type { Query } from './predicate.ts'
import type { Rewriting } from './reindex.ts'
import type { Key, StoredRow } from './row.ts'
import { sendBatch } from './send-batch.ts'
import { type Sweeping, sweepCollections } from './sweeping.ts'
import { runTransaction, type TransactionOptions } from './transaction.ts'
import type { TransactionScope } from './transaction-scope.ts'
import { refuseInsidePlace, refuseInsideTransaction } from './waiting-for-itself.ts'
import { WriteQueue } from './write-queue.ts'

export class Engine implements Executor {
  readonly transactional = false
  readonly options: ResolvedStoreOptions
  readonly clock: Clock
  readonly turn = new EventLoopTurn()
  readonly definitions = new Definitions()
  readonly turns = new KeyedQueue()
  /** For what concerns the place as a whole. */
  readonly door: PlaceDoor
  readonly #config: ParsedConfig
  readonly #opening: Opening
  readonly #writes: WriteQueue
  readonly #appends = new AppendQueue(this)
  readonly #reads: JoinedReads
  #backend: Backend | undefined
  /** True once the backend is the one to work with: loaded, and with its cache where it has one. */
  #isLoaded = false
  readonly #admission = new Admission()
  #closing: Promise<void> | undefined
  readonly #cleanupTimer = new CleanupTimer()

  constructor(config: unknown) {
    this.#config = parseConfig(config)
    this.options = this.#config.store
    this.clock = this.options.clock ?? systemClock
    this.#backend = this.#config.backend
    const lanes = () => this.#backendNow().capabilities.lanes
    const { maxQueued } = this.options
    this.#opening = new Opening({
      load: () => this.#load(),
      now: () => this.clock.now(),
      refuse: () => refuseInsideTransaction(this, 'the first use of a collection'),
    })
    this.door = new PlaceDoor({
      engine: this,
      opening: this.#opening,
      load: () => this.#load(),
      open: (wanted, rewriting) => this.#openAll(wanted, rewriting),
      backend: () => this.#backendNow(),
      write: (group) => this.#writes.add(group, undefined),
      fail: this.#fail,
    })
    this.#reads = new JoinedReads(maxQueued, () => this.#admission.active <= 1)
    this.#writes = new WriteQueue({
      clock: this.clock,
      timeoutMs: this.options.timeoutMs,
      maxQueued,
      lanes,
      expectsMore: (present) => this.#admission.active > present,
      // Between two batches, so that no batch is torn apart by it.
      overdue: () => this.turn.overdueNow(),
      send: (groups, at, queue) => sendBatch(this.#backendNow(), groups, at, queue),
    })
  }

  /** The backend's name, known before it is loaded. */
  get backendName(): string {
    return this.#backend?.name ?? this.#config.type
  }

  /** True where nothing may be changed. */
  get isReadOnly(): boolean {
    return this.#backend?.readOnly ?? this.#config.options.readOnly === true
  }

  /** What the cache has counted; `undefined` where there is none. */
  get cacheStatistics(): CacheStatistics | undefined {
    return this.#backend?.cacheStatistics?.()
  }

  /** What the backend declares; known once it is loaded. */
  get capabilities(): Capabilities | undefined {
    return this.#backend?.capabilities
  }

  // Opening and closing

  /** Opens the backend with all that is defined so far. Concurrent callers share it; a failure may be retried. */
  open(rewriting: Rewriting = {}): Promise<void> {
    return this.#admission.admit(() => this.#openAll(undefined, rewriting).catch(this.#fail))
  }

  async #openAll(
    wanted: () => readonly CollectionDefinition[] = () => this.definitions.all(),
    rewriting: Rewriting = {},
  ): Promise<void> {
    await this.#opening.complete(wanted, rewriting)
    this.#startCleanup()
  }

  async #load(): Promise<Backend> {
    if (!this.#isLoaded) this.#backend = await loadBackend(this.#config, this.#reads)
    this.#isLoaded = true
    return this.#backendNow()
  }

  /** Waits for work in flight and releases everything. A second call waits for the first. */
  async close(): Promise<void> {
    refuseInsideTransaction(this, 'a close')
    refuseInsidePlace(this, 'a close')
    this.#closing ??= this.#closeNow()
    return this.#closing
  }

  async #closeNow(): Promise<void> {
    this.#cleanupTimer.stop()
    await this.#admission.close()
    this.#writes.close()
    try {
      await this.#backend?.close()
    } catch (cause) {
      throw toStoreError(cause, this.#backendNow())
    }
  }

  #startCleanup(): void {
    if (!this.#admission.isReady) return
    this.#cleanupTimer.start(this.options.cleanupEveryMs, () =>
      this.#admission.admit(() =>
        this.sweep({ type: 'expired', tenant: undefined }, undefined, () => this.#admission.isReady),
      ),
    )
  }

  // Work

  /**
   * Lets one operation of a handle in, and keeps the store open until it is done. Steps that it takes on the
   * way are its own, also when the store begins to close meanwhile.
   */
  operate<T>(collection: string, operation: string, run: () => Promise<T>): Promise<T> {
    return this.#admission.admit(run, beginOperation(this.backendName, collection, operation))
  }

  /** One step: opens what it needs and names the engine's failure. No async function: this is every read's path. */
  #work<T>(run: (backend: Backend) => Promise<T>, definition?: CollectionDefinition): Promise<T> {
    if (this.#admission.isClosed) throw new StoreError('CLOSED', 'the store is closed')
    const backend = this.#backend
    const isOpen = this.#opening.isOpened && (definition === undefined || this.#opening.has(definition))
    const before = isOpen ? this.turn.overdue() : this.#openAll()
    const answer =
      before === undefined && backend !== undefined
        ? run(backend)
        : Promise.resolve(before).then(() => run(this.#backendNow()))
    return answer.catch(this.#fail)
  }

  readonly #fail = (cause: unknown): never => {
    throw this.#backend === undefined ? cause : toStoreError(cause, this.#backend)
  }

  #backendNow(): Backend {
    if (this.#backend === undefined) throw new StoreError('CLOSED', 'the store was never opened')
    return this.#backend
  }

  read(
    definition: CollectionDefinition,
    keys: readonly Key[],
    options: Reading = {},
  ): Promise<readonly (StoredRow | undefined)[]> {
    return this.#ask(definition, options, (backend, how) =>
      // A cache joins what it lacks by itself: what it has waits for no read of others.
      this.options.cache === undefined
        ? this.#reads.read(backend, definition.layout, keys, how)
        : backend.read(definition.layout, keys, how),
    )
  }

  query(definition: CollectionDefinition, query: Query, options: Reading = {}): Promise<Page> {
    return this.#ask(definition, options, (backend, how) =>
      backend.query(definition.layout, query, this.clock.now(), how),
    )
  }

  documents(
    definition: CollectionDefinition,
    query: Query,
    options: Reading = {},
  ): Promise<DocumentPage> | undefined {
    const backend = this.#backend
    if (backend?.documents === undefined || !this.#opening.has(definition)) return undefined
    const documents = backend.documents.bind(backend)
    return this.#ask(definition, options, (_backend, how) =>
      documents(definition.layout, query, this.clock.now(), how),
    )
  }

  queryHistory(definition: CollectionDefinition, query: Query): Promise<Page> {
    const history = requireHistory(definition)
    return this.#ask(definition, {}, (backend) => backend.query(history, query, this.clock.now()))
  }

  count(definition: CollectionDefinition, question: CountQuestion, options: Reading = {}): Promise<number> {
    return this.#ask(definition, options, (backend, how) =>
      backend.count(definition.layout, question, this.clock.now(), how),
    )
  }

  aggregate(
    definition: CollectionDefinition,
    aggregation: Aggregation,
    options: Reading = {},
  ): Promise<readonly AggregateRow[]> {
    return this.#ask(definition, options, (backend, how) =>
      backend.aggregate(definition.layout, aggregation, this.clock.now(), how),
    )
  }

  #ask<T>(
    definition: CollectionDefinition,
    options: Reading,
    run: (backend: Backend, how: ReadOptions | undefined) => Promise<T>,
  ): Promise<T> {
    return this.#work((backend) => {
      throwIfAborted(options.signal)
      if (!backend.capabilities.readsBesideTransaction) refuseInsideTransaction(this, 'a read')
      return run(backend, readOptionsOf(options, backend))
    }, definition)
  }

  write(definition: CollectionDefinition, group: Group, options: Abortable = {}): Promise<Outcome> {
    if (this.#admission.isClosed) throw new StoreError('CLOSED', 'the store is closed')
    throwIfAborted(options.signal)
    refuseInsideTransaction(this, 'a write')
    // The queue's failures have their names already.
    if (this.#opening.has(definition)) return this.#writes.add(group, options.signal)
    return this.#work(() => this.#writes.add(group, options.signal), definition)
  }

  // Transactions and maintenance

  /** Appends to a log outside of a transaction. */
  append(
    address: StreamAddress,
    append: Append,
    signal: AbortSignal | undefined,
  ): Promise<readonly StoredRow[]> {
    refuseInsideTransaction(this, 'an append')
    return this.#appends.add(address, append, signal)
  }

  transaction<T>(run: (scope: TransactionScope) => Promise<T>, options: TransactionOptions): Promise<T> {
    let attempts = 0
    return observeTransaction(
      this.backendName,
      () => attempts,
      async () => {
        refuseInsideTransaction(this, 'a transaction')
        const backend = await this.#work(async () => {
          await this.#openAll()
          return this.#backendNow()
        })
        return runTransaction(this, backend, run, options, () => {
          attempts++
        })
      },
    )
  }

  atomically<T>(run: (executor: Executor) => Promise<T>): Promise<T> {
    return this.transaction(run, {})
  }

  /** True when the collection is open, so that a transaction may use it. */
  isOpen(definition: CollectionDefinition): boolean {
    return this.#opening.has(definition)
  }

  /** Removes rows for good, batch by batch while it `goesOn`, and answers how many. */
  sweep(
    sweep: Sweep,
    onProgress: Sweeping['onProgress'] = () => undefined,
    goesOn: () => boolean = () => true,
  ): Promise<number> {
    return observeCleanup(this.backendName, sweep.type, () =>
      this.#work(async () => {
        refuseInsideTransaction(this, 'a cleanup')
        const backend = this.#backendNow()
        if (sweep.type === 'expired' && (await holdsIdempotencyKeys(backend))) {
          this.definitions.add(idempotencyKeys)
        }
        await this.#openAll()
        return sweepCollections({
          backend,
          definitions: this.definitions.all(),
          sweep,
          now: () => this.clock.now(),
          isAlone: () => this.#admission.active === 1,
          goesOn,
          onProgress,
        })
      }),
    )
  }

  /** What waits to be written at this moment, in groups. */
  get waitingWrites(): number {
    return this.#writes.waiting
  }

  /** The connections of the backend, where it has any and is open. */
  get connectionStatistics(): ConnectionStatistics | undefined {
    return this.#opening.isOpened && !this.#admission.isClosed
      ? this.#backend?.connectionStatistics?.()
      : undefined
  }
}
