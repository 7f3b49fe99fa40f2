/** Where operations go: straight to the store, or into a transaction. Collections and logs know only this. */

import type { AggregateRow, Aggregation } from './aggregation.ts'
import type { CountQuestion, DocumentPage, Page, ReadOptions } from './backend.ts'
import type { CollectionDefinition } from './definition.ts'
import type { KeyedQueue } from './keyed-queue.ts'
import type { Group, Outcome } from './operation.ts'
import type { Query } from './predicate.ts'
import type { Key, StoredRow } from './row.ts'

/** What can be aborted before it starts. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined
}

/** What every read of records takes. */
export interface Reading extends Abortable {
  /**
   * `strong` sees everything that was acknowledged before, and is the default but for one thing: where a cache is
   * configured, reads by key that say nothing may be answered from it. `eventual` may be answered by a read
   * replica that lags behind, where one is configured; a transaction, which reads its own snapshot, refuses it.
   */
  readonly consistency?: ReadOptions['consistency'] | undefined
}

export interface Executor {
  /** True inside a transaction: what was read there stays true until its end. */
  readonly transactional: boolean
  /** Lets read-modify-write cycles on one record happen one after the other. */
  readonly turns: KeyedQueue
  /** Runs one operation of a handle: lets it in, and tells of it. */
  operate<T>(collection: string, operation: string, run: () => Promise<T>): Promise<T>
  read(
    definition: CollectionDefinition,
    keys: readonly Key[],
    options?: Reading,
  ): Promise<readonly (StoredRow | undefined)[]>
  query(definition: CollectionDefinition, query: Query, options?: Reading): Promise<Page>
  /** As `query`, for documents alone; `undefined` where the backend has no cheaper way for them. */
  documents(
    definition: CollectionDefinition,
    query: Query,
    options?: Reading,
  ): Promise<DocumentPage> | undefined
  count(definition: CollectionDefinition, question: CountQuestion, options?: Reading): Promise<number>
  aggregate(
    definition: CollectionDefinition,
    aggregation: Aggregation,
    options?: Reading,
  ): Promise<readonly AggregateRow[]>
  /** As `query`, of the collection's history. */
  queryHistory(definition: CollectionDefinition, query: Query): Promise<Page>
  write(definition: CollectionDefinition, group: Group, options?: Abortable): Promise<Outcome>
  /** Runs several steps as one: in the transaction at hand, or in one of their own. */
  atomically<T>(run: (executor: Executor) => Promise<T>): Promise<T>
}
