/**
 * Locks for changes of tables. All that is asked of a table waits behind a change that waits for it, so a
 * change waits for a short while only, and lets others pass before it is tried again.
 */

import { isStoreError } from '@coffer/core/backend'
import { sqlState } from './error-code.ts'

/**
 * How long a change may wait for a lock. The server ends an autovacuum that stands in the way after
 * `deadlock_timeout`, one second, so a shorter wait would never get past one.
 */
const LOCK_TIMEOUT_MS = 2_000
/** How long others are let pass then, at least. */
const LETTING_PASS_MS = 1_000

/** How long changes are tried in all. */
export const MAX_WAIT_MS = 10 * 60_000

/** Bounds the waiting for locks in a transaction. */
export const SHORT_WAIT = `SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`

/** A lock that was not had in time: the next try may do better. */
export function isLockTimeout(error: unknown): boolean {
  return isStoreError(error, 'TIMEOUT') && sqlState(error.cause) === '55P03'
}

/** How long to let others pass, in milliseconds: not the same for two who meet. */
export function lettingPassMs(): number {
  return LETTING_PASS_MS * (1 + Math.random())
}
