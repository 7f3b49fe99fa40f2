/**
 * The one error of Coffer. The code says what happened, `retry` says what may be done about it.
 * Nothing here ever carries a stored value, a password or a connection string.
 */

/** Every way an operation can fail. The list is closed: a backend maps its native errors onto it. */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'VERSION_CONFLICT'
  | 'REFERENCE_VIOLATION'
  | 'CONFLICT'
  | 'BUSY'
  | 'UNAVAILABLE'
  | 'TIMEOUT'
  | 'TRANSACTION_ABORTED'
  | 'TRANSACTION_CLOSED'
  | 'OUTCOME_UNKNOWN'
  | 'CLOSED'
  | 'READ_ONLY'
  | 'LIMIT_EXCEEDED'
  | 'NO_SPACE'
  | 'UNSUPPORTED'
  | 'CORRUPT'
  | 'LOCK_LOST'
  | 'PERMISSION_DENIED'
  | 'ABORTED'
  | 'INTERNAL'

/** What a caller may repeat after a failure: nothing, the same operation, or the whole transaction. */
export type Retry = 'no' | 'operation' | 'transaction'

const RETRIES: Partial<Record<ErrorCode, Retry>> = {
  CONFLICT: 'transaction',
  BUSY: 'operation',
  UNAVAILABLE: 'operation',
  TIMEOUT: 'operation',
}

/** What is known about a failure beside its code and its sentence. */
export interface StoreErrorDetails {
  /** The backend's name, where the failure came from one. */
  readonly backend?: string | undefined
  /** The collection or log concerned. */
  readonly collection?: string | undefined
  /** Position of the refused item in a bulk call, counted from 0. */
  readonly index?: number | undefined
  /** The keys concerned. */
  readonly keys?: readonly string[] | undefined
  /** The error underneath. */
  readonly cause?: unknown
}

const BRAND = Symbol.for('coffer.StoreError')

/**
 * A failed operation. Tell it by `isStoreError(error)` and `error.code`, never by `instanceof`: two copies
 * of this package in one process must still understand each other.
 */
export class StoreError extends Error {
  readonly code: ErrorCode
  readonly retry: Retry
  readonly backend: string | undefined
  readonly collection: string | undefined
  readonly index: number | undefined
  readonly keys: readonly string[] | undefined

  constructor(code: ErrorCode, message: string, details: StoreErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'StoreError'
    this.code = code
    this.retry = RETRIES[code] ?? 'no'
    this.backend = details.backend
    this.collection = details.collection
    this.index = details.index
    this.keys = details.keys
    Object.defineProperty(this, BRAND, { value: true })
  }
}

/** True for a `StoreError` of any copy of this package, and of the given code if one is named. */
export function isStoreError(error: unknown, code?: ErrorCode): error is StoreError {
  return (
    typeof error === 'object' &&
    error !== null &&
    (error as { [BRAND]?: unknown })[BRAND] === true &&
    (code === undefined || (error as StoreError).code === code)
  )
}

/** The error of one item of a bulk call, which names its position; any other error as it is. */
export function atIndex(error: unknown, index: number): unknown {
  if (!isStoreError(error) || error.index !== undefined) return error
  const { code, message, backend, collection, keys, cause } = error
  return new StoreError(code, `${message} (item ${index})`, { backend, collection, keys, cause, index })
}

/** The error for an argument that can't be accepted; raised before any I/O. */
export function invalid(message: string, details?: StoreErrorDetails): StoreError {
  return new StoreError('INVALID_ARGUMENT', message, details)
}

/** Runs for one item of a bulk call; a refusal names its position. */
export function atPosition<T>(index: number, items: readonly unknown[], run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw items.length === 1 ? error : atIndex(error, index)
  }
}
