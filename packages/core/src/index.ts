/** `@coffer/core`: what users of a store need. Backend authors enter by `@coffer/core/backend`. */

export type {
  AggregateGroup,
  AggregateOptions,
  AggregateValue,
  GroupBy,
  MeasureBy,
  Measured,
} from './aggregate.ts'
export type { LogHead } from './append.ts'
export type { Capabilities } from './backend.ts'
export type { CacheStatistics } from './cache-options.ts'
export { type ChainedEntry, entryHash, GENESIS_HASH } from './chain.ts'
export { type Clock, systemClock } from './clock.ts'
export type { Collection, CountOptions, GetOptions } from './collection.ts'
export type { BackendConfig, StoreConfig, StoreOptions } from './config.ts'
export { configFromEnv } from './config-from-env.ts'
export type {
  HeldLayout,
  Loader,
  Merge,
  NativeRestore,
  Replacement,
  Snapshot,
  TenantFloor,
} from './contents.ts'
export { createStore } from './create-store.ts'
export {
  type CollectionDefinition,
  type CollectionOptions,
  defineCollection,
  type OnDelete,
  type Reference,
} from './definition.ts'
export type { Entry, HistoryEntry, RecordPage } from './entry.ts'
export { type ErrorCode, isStoreError, type Retry, StoreError } from './errors.ts'
export { exportLines } from './export.ts'
export type { FieldDeclaration, WordsDeclaration } from './field.ts'
export type { FieldFilter, Filter, FilterValue } from './filter.ts'
export { sha256 } from './hash.ts'
export type { Health, HealthOptions } from './health.ts'
export type {
  Check,
  CheckState,
  ConnectionStatistics,
  Inspection,
  LayoutSize,
  RowStates,
} from './inspection.ts'
export { canonicalJson, type JsonObject, type JsonValue, toDocument } from './json.ts'
export type { FieldType, Layout } from './layout.ts'
export type { AppendOptions, Log, ReadOptions } from './log.ts'
export {
  type Appended,
  type ChainMembers,
  defineLog,
  type LogDefinition,
  type LogOptions,
} from './log-definition.ts'
export type { StreamsOptions } from './log-streams.ts'
export type { EntryReport, LogProblem, LogReport, VerifyLogOptions } from './log-verify.ts'
export type { MemoryOptions } from './memory-options.ts'
export type { MigrateOptions, MigrationReport } from './migrate.ts'
export type { MigrationPlan, MigrationStep } from './migration-plan.ts'
export { defineModule, type Module, type ModuleMethods, type Modules } from './module.ts'
export type {
  BatchEvent,
  CleanupEvent,
  EventError,
  OperationEvent,
  TransactionEvent,
} from './observe.ts'
export type { HistoryOptions } from './past.ts'
export type { InspectOptions, Place, PlaceStatistics } from './place.ts'
export type { PostgresOptions, PostgresPool } from './postgres-options.ts'
export type { FindOptions, OrderBy } from './query.ts'
export type { RewriteProgress, RewrittenCollection } from './reindex.ts'
export type { SqliteOptions } from './sqlite-options.ts'
export type { BaseStore, CleanupOptions, OpenOptions, Store, StoreTransactionOptions } from './store.ts'
export { type AddressedConfig, configOfAddress } from './store-address.ts'
export { isoDate, isoTimestamp } from './time.ts'
export type { VerifyOptions, VerifyReport } from './verify.ts'
export type { DeleteOptions, WriteOptions } from './write-options.ts'
export type { Change } from './writer.ts'
