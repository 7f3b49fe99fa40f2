/**
 * What a store tells of itself, over `node:diagnostics_channel`. Nothing is measured while nobody listens.
 * No event carries a key, a tenant or a value.
 */

import { channel } from 'node:diagnostics_channel'
import type { Sweep } from './backend.ts'
import { type ErrorCode, isStoreError } from './errors.ts'

/** The code of a failure; `APPLICATION` for what a function of the application's own threw. */
export type EventError = ErrorCode | 'APPLICATION'

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
  readonly error: EventError | undefined
}

/** Published on `coffer:batch` when a batch of writes has been committed or has failed. */
export interface BatchEvent {
  readonly backend: string
  readonly groups: number
  readonly operations: number
  readonly startedAt: number
  readonly durationMs: number
  readonly error: EventError | undefined
  /** Groups that were waiting when the batch left. */
  readonly waiting: number
  /** How long the first of its groups had waited when it left. */
  readonly waitedMs: number
}

/** Published on `coffer:transaction` when a transaction has ended. */
export interface TransactionEvent {
  readonly backend: string
  readonly attempts: number
  readonly startedAt: number
  readonly durationMs: number
  readonly error: EventError | undefined
}

/** Published on `coffer:cleanup` when records have been removed for good, or the attempt has failed. */
export interface CleanupEvent {
  readonly backend: string
  /** Which records: those that had expired, or those that had been soft-deleted. */
  readonly kind: Sweep['type']
  readonly removed: number
  readonly startedAt: number
  readonly durationMs: number
  readonly error: EventError | undefined
}

const operations = channel('coffer:operation')
const batches = channel('coffer:batch')
const transactions = channel('coffer:transaction')
const cleanups = channel('coffer:cleanup')

// The global is an accessor, which costs a third of what asking it does.
const clock = performance

/** What is known when an observed piece of work ends. */
type Ending = {
  readonly startedAt: number
  readonly durationMs: number
  readonly error: EventError | undefined
}

/** An operation that is on its way; what becomes of it is filled in at its end. */
export type Observation = { -readonly [M in keyof OperationEvent]: OperationEvent[M] }

/**
 * Begins to watch an operation, if anybody listens. Who runs it says `failedBy` and `ended` from the frame that it
 * has anyhow: one more for each operation would cost more than all else here.
 */
export function beginOperation(
  backend: string,
  collection: string,
  operation: string,
): Observation | undefined {
  if (!operations.hasSubscribers) return undefined
  return { backend, collection, operation, startedAt: clock.now(), durationMs: 0, error: undefined }
}

/** Notes what an operation failed by. */
export function failedBy(observation: Observation | undefined, cause: unknown): void {
  if (observation !== undefined) observation.error = errorOf(cause)
}

/** Tells of an operation that has ended, in the async context that it was called in. */
export function ended(observation: Observation | undefined): void {
  if (observation === undefined) return
  observation.durationMs = clock.now() - observation.startedAt
  operations.publish(observation satisfies OperationEvent)
}

/** Runs a batch of writes and tells how it ended, if anybody listens. `since` is when its first group came. */
export function observeBatch<T>(
  about: Pick<BatchEvent, 'backend' | 'groups' | 'operations' | 'waiting'>,
  since: number,
  run: () => Promise<T>,
): Promise<T> {
  if (!batches.hasSubscribers) return run()
  return observe(run, (ending) => {
    const waitedMs = Math.max(0, ending.startedAt - since)
    batches.publish({ ...about, ...ending, waitedMs } satisfies BatchEvent)
  })
}

/** As `observeBatch`, for a transaction; `attempts` is asked at its end. */
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

/** As `observeBatch`, for a cleanup. */
export function observeCleanup(
  backend: string,
  kind: Sweep['type'],
  run: () => Promise<number>,
): Promise<number> {
  if (!cleanups.hasSubscribers) return run()
  let removed = 0
  const counted = async () => {
    removed = await run()
    return removed
  }
  return observe(counted, (ending) => {
    cleanups.publish({ backend, kind, removed, ...ending } satisfies CleanupEvent)
  })
}

async function observe<T>(run: () => Promise<T>, tell: (ending: Ending) => void): Promise<T> {
  const startedAt = clock.now()
  let error: EventError | undefined
  try {
    return await run()
  } catch (cause) {
    error = errorOf(cause)
    throw cause
  } finally {
    tell({ startedAt, durationMs: clock.now() - startedAt, error })
  }
}

function errorOf(cause: unknown): EventError {
  return isStoreError(cause) ? cause.code : 'APPLICATION'
}
