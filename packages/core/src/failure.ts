/** The one place where an engine's failure becomes a `StoreError`. */

import type { Backend } from './backend.ts'
import { type ErrorCode, isStoreError, StoreError } from './errors.ts'

const ADVICE: Partial<Record<ErrorCode, string>> = {
  BUSY: 'another process holds the lock; try again, or wait longer',
  CONFLICT: 'another transaction changed what this one relies on; run it again',
  UNAVAILABLE: 'the backend does not answer; try again when it is back',
  TIMEOUT: 'the backend took too long',
  NO_SPACE: 'the disk is full; nothing was changed',
  READ_ONLY: 'the store is open for reading only',
  PERMISSION_DENIED: 'the process may not do this here; check owner and mode',
  CORRUPT: 'the stored data is damaged; restore a backup',
  OUTCOME_UNKNOWN: 'the connection was lost while committing; look before you repeat it',
}

/** Names an engine's failure. What already is a `StoreError` passes. */
export function toStoreError(cause: unknown, backend: Backend): StoreError {
  if (isStoreError(cause)) return cause
  const code = backend.errorCode(cause)
  const nativeCode = (cause as { code?: unknown } | null)?.code
  const native = typeof nativeCode === 'string' ? ` (${nativeCode})` : ''
  return new StoreError(code, `${backend.name}: ${ADVICE[code] ?? 'the operation failed'}${native}`, {
    backend: backend.name,
    cause,
  })
}

/** Throws when the signal has been aborted: before the start, nothing happens. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new StoreError('ABORTED', 'the operation was aborted before it began')
}
