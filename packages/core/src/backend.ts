/**
 * The door for backend authors, `@coffer/core/backend`. Users never see what is here.
 *
 * Core validates, encodes, scopes, batches, retries and times; a backend receives clean input, moves rows
 * and stays dumb. What an argument may hold is said where its type is declared, and a backend need not
 * check it again.
 */

import type { AggregateRow, Aggregation } from './aggregation.ts'
import type { CacheStatistics } from './cache-options.ts'
import type { Contents } from './contents.ts'
import type { ErrorCode } from './errors.ts'
import type { ConnectionStatistics, Counting, Inspection } from './inspection.ts'
import type { Layout } from './layout.ts'
import type { Group, Outcome } from './operation.ts'
import type { Position } from './order.ts'
import type { Predicate, Query } from './predicate.ts'
import type { FieldValue, Key, StoredDocument, StoredRow, Visibility } from './row.ts'

export {
  type AggregateRow,
  type Aggregation,
  aggregateRows,
  type GroupTerm,
  type Measure,
} from './aggregation.ts'
export type { CacheLimits, CacheStatistics, WithCache } from './cache-options.ts'
export { type BackendOptions, parseOptions } from './config.ts'
export type {
  Contents,
  HeldLayout,
  Loader,
  Merge,
  NativeRestore,
  Replacement,
  Snapshot,
  TenantFloor,
} from './contents.ts'
export { type ErrorCode, isStoreError, StoreError, type StoreErrorDetails } from './errors.ts'
export { ExactSum } from './exact-sum.ts'
export { type FileOptions, fileOptions } from './file-options.ts'
export {
  type Change,
  collectionNameOf,
  HISTORY,
  historyLayout,
  historyRow,
  isHistoryName,
  MAX_HISTORY_ID_BYTES,
  type NewRow,
} from './history.ts'
export {
  type Check,
  type CheckState,
  type ConnectionStatistics,
  type Counting,
  type Inspection,
  type LayoutSize,
  QUICK_COUNT,
  type RowStates,
} from './inspection.ts'
export { MAX_DEPTH } from './json.ts'
export { type FieldLayout, type FieldType, fieldlessLayout, ID_FIELD, type Layout } from './layout.ts'
export { type MemoryOptions, memoryOptions } from './memory-options.ts'
export { refuseOlderDefinitions } from './older-definition.ts'
export {
  type Applied,
  type Condition,
  type Decision,
  type DeleteOperation,
  decide,
  type Group,
  type Operation,
  type Outcome,
  type PutOperation,
  type ReferenceCheck,
  type RefusalCode,
  type RestoreOperation,
} from './operation.ts'
export {
  comparePosition,
  compareRows,
  compareText,
  compareValues,
  type OrderTerm,
  type Position,
  positionOf,
  type Sortable,
  totalOrder,
} from './order.ts'
export { type PostgresOptions, type PostgresPool, postgresOptions } from './postgres-options.ts'
export {
  type Comparison,
  matches,
  type Predicate,
  prefixSuccessor,
  type Query,
  type Scalar,
} from './predicate.ts'
export {
  type FieldValue,
  isExpired,
  isLive,
  isVisible,
  type Key,
  type RowState,
  type StoredDocument,
  type StoredRow,
  type Visibility,
} from './row.ts'
export { someNames } from './some-names.ts'
export { type SqliteOptions, sqliteOptions } from './sqlite-options.ts'
export { nativeCode, systemErrorCode } from './system-error.ts'
export { MAX_KEY_BYTES, MAX_TENANT_BYTES } from './text.ts'

/** What a backend can do, known before it is opened and never changing. What is not declared is refused. */
export interface Capabilities {
  /** What an acknowledged write survives: nothing, the death of the process, or a power cut. */
  readonly durability: 'none' | 'process' | 'power'
  /** Whether the data outlives the store: false when closing loses it. */
  readonly persistent: boolean
  /** Who else may open the same place and write: nobody, this process, or any process. */
  readonly sharing: 'none' | 'process' | 'processes'
  /**
   * Whether a read beside an open transaction answers at once from what is committed. Where false, such a
   * read waits for the transaction's end, and one from inside its callback is refused.
   */
  readonly readsBesideTransaction: boolean
  /** Whether one read of many keys is cheaper than many reads, so that core joins concurrent ones into one call. */
  readonly joinReads: boolean
  /** Whether transactions may be nested as savepoints. */
  readonly savepoints: boolean
  /**
   * How many calls of `write`, and of joined `read`s of one layout, core may have in flight at once; an
   * integer from 1. It is 1 where calls can't overlap. Calls of `write` that are in flight together never
   * concern the same key, so a backend may finish them in any order.
   */
  readonly lanes: number
  /** Whether all that a place holds can be read as one state, and filled anew: `Backend.contents` is there. */
  readonly contents: boolean
}

/** One page of an answer. */
export interface Page {
  readonly rows: readonly StoredRow[]
  /** Where the next page begins, or `undefined` when there is nothing behind this one. */
  readonly next: Position | undefined
}

/** One page of an answer of which only the documents are wanted. */
export interface DocumentPage {
  readonly documents: readonly StoredDocument[]
  /** Whether anything is behind the last of them. */
  readonly more: boolean
}

/**
 * How a read outside of transactions may be answered. Where it is absent, nothing was asked for: a backend
 * answers as for `strong`, and a cache in front of it may answer instead.
 */
export interface ReadOptions {
  /**
   * `strong`: with all that was acknowledged before. `eventual`: also by a copy that lags behind, where the
   * backend has one. A strong answer is a valid eventual one, so a backend without copies need not look.
   */
  readonly consistency: 'strong' | 'eventual'
}

/** The key of a row that somebody changed, with the name of its layout. */
export interface ChangedKey extends Key {
  readonly layout: string
}

/** What can be asked and said inside a transaction. Reads see its own writes. */
export interface BackendTransaction {
  /** As `Backend.read`. */
  read(layout: Layout, keys: readonly Key[]): Promise<readonly (StoredRow | undefined)[]>
  /** As `Backend.query`. */
  query(layout: Layout, query: Query, at: number): Promise<Page>
  /** As `Backend.documents`. */
  documents?(layout: Layout, query: Query, at: number): Promise<DocumentPage>
  /** As `Backend.count`. */
  count(layout: Layout, question: CountQuestion, at: number): Promise<number>
  /** As `Backend.aggregate`. */
  aggregate(layout: Layout, aggregation: Aggregation, at: number): Promise<readonly AggregateRow[]>
  /** Applies one group; a refusal leaves the transaction as it was before the group. Checks are evaluated at once. */
  write(group: Group, at: number): Promise<Outcome>
  /** Runs a part that is undone alone when it throws. */
  savepoint<T>(run: () => Promise<T>): Promise<T>
}

/** What is counted. */
export interface CountQuestion {
  readonly tenant: string
  readonly where: Predicate | undefined
  readonly visibility: Visibility
}

/**
 * Which rows a sweep removes: those past their deadline, or those soft-deleted up to and including an
 * instant; of one tenant, or of all.
 */
export type Sweep = (
  | { readonly type: 'expired' }
  | { readonly type: 'deleted'; readonly deletedBefore: number }
) & { readonly tenant: string | undefined }

/**
 * A place where rows live. One instance belongs to one store. Methods are called only between `open` and
 * `close`, and only with layouts that were opened.
 *
 * Failures are thrown as the driver has them; core turns them into a `StoreError` by `errorCode`. A
 * `StoreError` thrown by the backend passes as it is.
 */
export interface Backend {
  /** A short name for errors and events: `memory`, `sqlite`. */
  readonly name: string
  readonly capabilities: Capabilities

  /** True where it was made to change nothing; known before it is opened. Absent where it may change the place. */
  readonly readOnly?: boolean

  /**
   * Whether anything was ever made in the place. Asked before `open`, and makes nothing. Present where `open` leaves
   * something behind, though no layout is opened.
   *
   * @throws what `open` would throw for a place that can't be one
   */
  isThere?(): Promise<boolean>

  /**
   * Opens the place and makes what is missing for the layouts. Called again, while open, for layouts that
   * turn up later. Safe when several processes do it at once. A layout that is already there in another
   * form is changed to the new one.
   *
   * @returns the names of layouts with rows that were written for another form of the layout; core writes
   *   the rows anew through `reindex`
   * @throws `UNSUPPORTED` when a layout is there with a higher `schemaVersion`: nothing is changed then, of any
   *   layout, for a newer program works there (see `refuseOlderDefinitions`)
   */
  open(layouts: readonly Layout[]): Promise<readonly string[]>

  /** Lets work in flight finish and releases everything. May be called twice, or before `open`. */
  close(): Promise<void>

  /**
   * Reads by key: one answer per key in their order, repeated ones repeated, rows in whatever state.
   *
   * @param options absent where nothing was asked for, as in every method that takes it; see `ReadOptions`
   */
  read(
    layout: Layout,
    keys: readonly Key[],
    options?: ReadOptions,
  ): Promise<readonly (StoredRow | undefined)[]>

  /** Answers one page in the query's order; holds nothing open afterwards. */
  query(layout: Layout, query: Query, at: number, options?: ReadOptions): Promise<Page>

  /**
   * As `query`, for documents alone. A backend that has a cheaper way than reading whole rows offers it; core
   * asks `query` where it is absent.
   */
  documents?(layout: Layout, query: Query, at: number, options?: ReadOptions): Promise<DocumentPage>

  /** Counts the rows that match. */
  count(layout: Layout, question: CountQuestion, at: number, options?: ReadOptions): Promise<number>

  /** Puts the rows that match into groups and measures each; answers the groups in any order. */
  aggregate(
    layout: Layout,
    aggregation: Aggregation,
    at: number,
    options?: ReadOptions,
  ): Promise<readonly AggregateRow[]>

  /** The tenants that have rows in the layout, in text order. */
  tenants(layout: Layout): Promise<readonly string[]>

  /**
   * Applies groups, each whole or not at all and independent of the others, in their order, with one
   * outcome per group in the same order. All accepted groups should share one commit. When the call throws,
   * none of them has happened, unless the error's code is `OUTCOME_UNKNOWN`.
   *
   * On an append-only layout core sends only puts with the condition `absent`.
   */
  write(groups: readonly Group[], at: number): Promise<readonly Outcome[]>

  /**
   * Runs one attempt of a serializable transaction: commits when the callback resolves, undoes everything
   * when it throws, and rethrows what it threw. A conflict with another transaction is an error that
   * `errorCode` maps to `CONFLICT`; core runs the callback again.
   */
  transaction<T>(run: (transaction: BackendTransaction) => Promise<T>): Promise<T>

  /**
   * Removes at most `limit` rows for good and raises the floors to their versions. A row that was renewed
   * meanwhile stays.
   *
   * @returns how many were removed, and whether there may be more
   */
  sweep(layout: Layout, sweep: Sweep, limit: number, at: number): Promise<{ removed: number; more: boolean }>

  /**
   * Replaces document, fields, hash and schema version of rows that still have the version given, without
   * any other change: for rows written under an older definition. Rows changed meanwhile are passed over.
   * An empty call with `finished` says that all rows of the layout now have its form.
   */
  reindex(layout: Layout, rows: readonly Reindexed[], finished: boolean): Promise<void>

  /**
   * Begins to tell of rows that others changed: other openers of the same place, in this process or another.
   * Called at most once, after the first `open` has succeeded, and only where somebody wants to hear; without
   * the call a backend need not listen. `close` ends it.
   *
   * What is told are hints. They may come late, twice, out of order or not at all, and may name rows that are
   * as they were. A hint comes after its write is committed, so that a read which starts then sees it. Failing
   * to listen is no error of the store: the backend goes on trying, and when it listens again, it calls with
   * `undefined`.
   *
   * @param onChange never throws and returns at once; `undefined` says that some hints may have been missed,
   *   or that too much changed to name it: all rows may be other ones
   */
  watch?(onChange: (changed: readonly ChangedKey[] | undefined) => void): void

  /**
   * Present where the backend answers reads by key from a cache when nothing was asked for; tells what that
   * has counted. Core then says `strong` in so many words wherever it has to be.
   */
  cacheStatistics?(): CacheStatistics

  /** All that the place holds, for backups, copies and plans; present where `capabilities.contents` says so. */
  readonly contents?: Contents

  /**
   * Looks at the place for the person who operates it: settings, sizes, and what is not as it should be. It
   * changes nothing, and reads no more than catalogs and counters unless a count of rows costs little.
   *
   * @param counting asks for the states of rows too; one that can't tell them leaves them out
   */
  inspect?(counting?: Counting): Promise<Inspection>

  /**
   * Lets the engine check the structure of what it keeps, reading everything.
   *
   * @returns what is wrong, in the engine's words, at most 100; empty when nothing is
   */
  check?(): Promise<readonly string[]>

  /** The connections at this moment, where there are any. Called between `open` and `close`; asks no server. */
  connectionStatistics?(): ConnectionStatistics

  /** Names the failure that a driver's error stands for. A pure function. */
  errorCode(cause: unknown): ErrorCode
}

/** A row rewritten for a new definition. */
export interface Reindexed extends Key {
  readonly version: number
  readonly document: string
  readonly fields: readonly FieldValue[]
  readonly hash: string | null
}
