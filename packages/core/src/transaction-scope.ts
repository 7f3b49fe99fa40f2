/**
 * The scope of a transaction: what is asked and said inside one, and what keeps it from being used where it
 * must not be.
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import type { AggregateRow, Aggregation } from './aggregation.ts'
import type { Backend, BackendTransaction, CountQuestion, DocumentPage, Page } from './backend.ts'
import { type CollectionDefinition, requireHistory } from './definition.ts'
import type { Engine } from './engine.ts'
import { invalid, isStoreError, StoreError } from './errors.ts'
import type { Abortable, Executor } from './executor.ts'
import { throwIfAborted, toStoreError } from './failure.ts'
import { KeyedQueue } from './keyed-queue.ts'
import { beginOperation, ended, failedBy } from './observe.ts'
import type { Group, Outcome, ReferenceCheck } from './operation.ts'
import type { Query } from './predicate.ts'
import { firstViolation, violation } from './references.ts'
import type { Key, StoredRow } from './row.ts'

const scopes = new AsyncLocalStorage<TransactionScope>()

/** Runs a part of a transaction so that it is known to be one. */
export function withinScope<T>(scope: TransactionScope, run: () => T): T {
  return scopes.run(scope, run)
}

/** The innermost transaction, of whatever store, that the caller is in. */
export function enclosingScope(): TransactionScope | undefined {
  return scopes.getStore()
}

/** The transaction of this engine whose callback the caller is in, if any. */
export function currentTransaction(engine: Engine): TransactionScope | undefined {
  // Transactions of other stores may lie between.
  let scope = scopes.getStore()
  while (scope !== undefined && (scope.engine !== engine || scope.ended)) scope = scope.enclosing
  return scope
}

/** One attempt of a transaction, or a savepoint within one. */
export class TransactionScope implements Executor {
  readonly transactional = true
  readonly turns = new KeyedQueue()
  readonly engine: Engine
  /** The scope that this one was begun in, of this or of another store. */
  readonly enclosing: TransactionScope | undefined
  readonly #backend: Backend
  readonly #transaction: BackendTransaction
  /** Steps on their way to the backend. */
  readonly #pending = new Set<Promise<unknown>>()
  /** Operations that have not ended, as the callback holds them. */
  readonly #operations = new Set<{ readonly work?: Promise<unknown> }>()
  readonly #parent: TransactionScope | undefined
  readonly #checks: ReferenceCheck[] = []
  #child: TransactionScope | undefined
  /** Ends when the part of several steps does that is on its way. */
  #resting: Promise<void> | undefined
  #doom: StoreError | undefined
  #ended = false

  constructor(
    engine: Engine,
    backend: Backend,
    transaction: BackendTransaction,
    enclosing: TransactionScope | undefined,
    parent?: TransactionScope,
  ) {
    this.engine = engine
    this.enclosing = enclosing
    this.#backend = backend
    this.#transaction = transaction
    this.#parent = parent
  }

  /** True once it has been committed or undone: nothing may use it any more. */
  get ended(): boolean {
    return this.#ended || (this.#parent?.ended ?? false)
  }

  /** The engine's failure that no commit can follow, if there was one. */
  get doom(): StoreError | undefined {
    return this.#parent === undefined ? this.#doom : this.#parent.doom
  }

  /** A whole operation is waited for, not each of its steps alone: an update reads before it writes. */
  operate<T>(collection: string, operation: string, run: () => Promise<T>): Promise<T> {
    // Nothing may be attached to the promise itself: a failure that nobody looks at must stay visible.
    const entry: { work?: Promise<unknown> } = {}
    const work = this.#inTurn(collection, operation, run).finally(() => this.#operations.delete(entry))
    entry.work = work
    this.#operations.add(entry)
    return work
  }

  async #inTurn<T>(collection: string, operation: string, run: () => Promise<T>): Promise<T> {
    const overdue = this.engine.turn.overdue()
    if (overdue !== undefined) await overdue
    const observation = beginOperation(this.#backend.name, collection, operation)
    try {
      return await run()
    } catch (cause) {
      failedBy(observation, cause)
      throw cause
    } finally {
      ended(observation)
    }
  }

  read(
    definition: CollectionDefinition,
    keys: readonly Key[],
    options: Abortable = {},
  ): Promise<readonly (StoredRow | undefined)[]> {
    return this.#use(definition, options, () => this.#transaction.read(definition.layout, keys))
  }

  query(definition: CollectionDefinition, query: Query, options: Abortable = {}): Promise<Page> {
    const at = this.engine.clock.now()
    return this.#use(definition, options, () => this.#transaction.query(definition.layout, query, at))
  }

  documents(
    definition: CollectionDefinition,
    query: Query,
    options: Abortable = {},
  ): Promise<DocumentPage> | undefined {
    if (this.#transaction.documents === undefined) return undefined
    const documents = this.#transaction.documents.bind(this.#transaction)
    const at = this.engine.clock.now()
    return this.#use(definition, options, () => documents(definition.layout, query, at))
  }

  queryHistory(definition: CollectionDefinition, query: Query): Promise<Page> {
    const history = requireHistory(definition)
    return this.#use(definition, {}, () => this.#transaction.query(history, query, this.engine.clock.now()))
  }

  count(definition: CollectionDefinition, question: CountQuestion, options: Abortable = {}): Promise<number> {
    const at = this.engine.clock.now()
    return this.#use(definition, options, () => this.#transaction.count(definition.layout, question, at))
  }

  aggregate(
    definition: CollectionDefinition,
    aggregation: Aggregation,
    options: Abortable = {},
  ): Promise<readonly AggregateRow[]> {
    const at = this.engine.clock.now()
    return this.#use(definition, options, () =>
      this.#transaction.aggregate(definition.layout, aggregation, at),
    )
  }

  /** Writes at once; references are checked when the transaction commits. */
  write(definition: CollectionDefinition, group: Group, options: Abortable = {}): Promise<Outcome> {
    const { operations } = group
    return this.#use(definition, options, async () => {
      const outcome = await this.#transaction.write({ operations, checks: [] }, this.engine.clock.now())
      if (outcome.ok) for (const check of group.checks) this.#checks.push(check)
      return outcome
    })
  }

  /** A part of several steps within one operation: others of the callback wait for its end instead of being refused. */
  async atomically<T>(run: (executor: Executor) => Promise<T>): Promise<T> {
    await this.#rest()
    const part = this.savepoint(run)
    this.#resting = part.then(
      () => undefined,
      () => undefined,
    )
    try {
      return await part
    } finally {
      this.#resting = undefined
    }
  }

  async #rest(): Promise<void> {
    while (this.#resting !== undefined) await this.#resting
  }

  /** Runs a part that is undone alone when it throws. This scope rests meanwhile. */
  async savepoint<T>(run: (scope: TransactionScope) => Promise<T>): Promise<T> {
    this.#admit({})
    if (!this.#backend.capabilities.savepoints) {
      throw new StoreError('UNSUPPORTED', `${this.#backend.name} has no nested transactions`)
    }
    const child = new TransactionScope(this.engine, this.#backend, this.#transaction, this, this)
    this.#child = child
    let thrown: { readonly error: unknown } | undefined
    const part = async (): Promise<T> => {
      try {
        const result = await withinScope(child, () => run(child))
        await child.settle()
        return result
      } catch (error) {
        thrown = { error }
        throw error
      } finally {
        // Nothing may slip in between the end of the callback and that of the savepoint.
        child.end()
        await child.settle().catch(() => undefined)
      }
    }
    try {
      const ownError = (cause: unknown) => thrown !== undefined && thrown.error === cause
      const result = await this.#track(this.#transaction.savepoint(part), ownError)
      for (const check of child.#checks) this.#checks.push(check)
      return result
    } finally {
      child.end()
      this.#child = undefined
    }
  }

  /** Waits for operations that the callback did not wait for, then sees whether a commit may follow. */
  async finish(): Promise<void> {
    await this.settle()
    this.#ended = true
    if (this.#doom !== undefined) throw aborted(this.#doom)
    const at = this.engine.clock.now()
    const index = await this.#track(firstViolation(this.#checks, this.#transaction, at))
    if (index !== undefined) throw violation(this.#checks[index] as ReferenceCheck)
  }

  /** Ends the scope, whatever became of it: no operation is let in any more. */
  end(): void {
    this.#ended = true
  }

  /**
   * Waits for the operations that are on their way. The first that fails is thrown: the callback did not
   * wait for it, so nobody else can say that the transaction is not what was meant.
   */
  async settle(): Promise<void> {
    let failed: { readonly error: unknown } | undefined
    while (this.#pending.size + this.#operations.size > 0) {
      const ended = await Promise.allSettled([...this.#operations].map(({ work }) => work))
      const rejected = ended.find((each) => each.status === 'rejected')
      if (rejected !== undefined) failed ??= { error: rejected.reason }
      await Promise.allSettled(this.#pending)
    }
    if (failed !== undefined) throw failed.error
  }

  #admit(options: Abortable): void {
    throwIfAborted(options.signal)
    if (this.ended) throw new StoreError('TRANSACTION_CLOSED', 'the transaction has ended')
    if (this.#child !== undefined) {
      throw invalid('a nested transaction is open: use the store that its callback is given, one at a time')
    }
    if (this.doom !== undefined) throw aborted(this.doom)
  }

  async #use<T>(definition: CollectionDefinition, options: Abortable, run: () => Promise<T>): Promise<T> {
    if (this.#resting !== undefined) await this.#rest()
    this.#admit(options)
    if (!this.engine.isOpen(definition)) {
      throw invalid(
        `collection '${definition.name}' is new to the store: call store.collection() with it before the transaction begins`,
      )
    }
    return this.#track(run())
  }

  async #track<T>(work: Promise<T>, isAnswer: (cause: unknown) => boolean = isRefusal): Promise<T> {
    this.#pending.add(work)
    try {
      return await work
    } catch (cause) {
      throw isAnswer(cause) ? cause : this.#doomBy(cause)
    } finally {
      this.#pending.delete(work)
    }
  }

  /** A failure of the engine dooms the whole transaction; an answer, or the callback's own error, does not. */
  #doomBy(cause: unknown): StoreError {
    const failure = toStoreError(cause, this.#backend)
    this.#root().#doom ??= failure
    return failure
  }

  #root(): TransactionScope {
    return this.#parent === undefined ? this : this.#parent.#root()
  }
}

/** Codes that a backend raises because the engine failed, and that no commit may follow. */
const ENGINE_FAILURES: ReadonlySet<string> = new Set([
  'CONFLICT',
  'BUSY',
  'UNAVAILABLE',
  'TIMEOUT',
  'TRANSACTION_ABORTED',
  'OUTCOME_UNKNOWN',
  'NO_SPACE',
  'CORRUPT',
  'LOCK_LOST',
  'INTERNAL',
])

function isRefusal(cause: unknown): boolean {
  return isStoreError(cause) && !ENGINE_FAILURES.has(cause.code)
}

function aborted(doom: StoreError): StoreError {
  if (doom.code === 'CONFLICT') return doom
  return new StoreError(
    'TRANSACTION_ABORTED',
    'an operation inside the transaction failed, so nothing of it was committed',
    { cause: doom },
  )
}
