/**
 * What a store tells of itself, over `node:diagnostics_channel`. Nothing is measured while nobody listens.
 * No event carries a key, a tenant or a value.
 */

import { channel } from 'node:diagnostics_channel'
import { type ErrorCode, isStoreError } from './errors.ts'

/** Published on `coffer:operation` when an operation of a collection or a log has ended. */
export interface OperationEvent {
  readonly backend: string
  readonly collection: string
  /** The method: `put`, `find`, … */
  readonly operation: string
  /** `performance.now()` at its start. */
  readonly startedAt: number
  readonly durationMs: number
  /** The code of its failure, if it failed. */
  readonly error: ErrorCode | undefined
}

/** Published on `coffer:batch` when a batch of writes has been committed or has failed. */
export interface BatchEvent {
  readonly backend: string
  readonly groups: number
  readonly operations: number
  readonly durationMs: number
  readonly error: ErrorCode | undefined
  /** Groups that were waiting when the batch left. */
  readonly waiting: number
}

/** Published on `coffer:transaction` when a transaction has ended. */
export interface TransactionEvent {
  readonly backend: string
  readonly attempts: number
  readonly startedAt: number
  readonly durationMs: number
  readonly error: ErrorCode | undefined
}

/** Published on `coffer:cleanup` when expired records have been removed, or the attempt has failed. */
export interface CleanupEvent {
  readonly backend: string
  readonly removed: number
  readonly durationMs: number
  readonly error: ErrorCode | undefined
}

const operations = channel('coffer:operation')
const batches = channel('coffer:batch')
const transactions = channel('coffer:transaction')
const cleanups = channel('coffer:cleanup')

/** What is known when an observed piece of work ends. */
type Ending = {
  readonly startedAt: number
  readonly durationMs: number
  readonly error: ErrorCode | undefined
}

/** Runs an operation and tells how it ended, if anybody listens. */
export function observeOperation<T>(
  backend: string,
  collection: string,
  operation: string,
  run: () => Promise<T>,
): Promise<T> {
  if (!operations.hasSubscribers) return run()
  return observe(run, (ending) => {
    operations.publish({ backend, collection, operation, ...ending } satisfies OperationEvent)
  })
}

/** As `observeOperation`, for a batch of writes. */
export function observeBatch<T>(
  about: Pick<BatchEvent, 'backend' | 'groups' | 'operations' | 'waiting'>,
  run: () => Promise<T>,
): Promise<T> {
  if (!batches.hasSubscribers) return run()
  return observe(run, ({ durationMs, error }) => {
    batches.publish({ ...about, durationMs, error } satisfies BatchEvent)
  })
}

/** As `observeOperation`, for a transaction; `attempts` is asked at its end. */
export function observeTransaction<T>(
  backend: string,
  attempts: () => number,
  run: () => Promise<T>,
): Promise<T> {
  if (!transactions.hasSubscribers) return run()
  return observe(run, (ending) => {
    transactions.publish({ backend, attempts: attempts(), ...ending } satisfies TransactionEvent)
  })
}

/** As `observeOperation`, for a cleanup. */
export function observeCleanup(backend: string, run: () => Promise<number>): Promise<number> {
  if (!cleanups.hasSubscribers) return run()
  let removed = 0
  const counted = async () => {
    removed = await run()
    return removed
  }
  return observe(counted, ({ durationMs, error }) => {
    cleanups.publish({ backend, removed, durationMs, error } satisfies CleanupEvent)
  })
}

async function observe<T>(run: () => Promise<T>, tell: (ending: Ending) => void): Promise<T> {
  const startedAt = performance.now()
  let error: ErrorCode | undefined
  try {
    return await run()
  } catch (cause) {
    error = isStoreError(cause) ? cause.code : 'INTERNAL'
    throw cause
  } finally {
    tell({ startedAt, durationMs: performance.now() - startedAt, error })
  }
}
