/**
 * Locks for changes of tables. All that is asked of a table waits behind a change that waits for it, so a
 * change waits for a short while only, and lets others pass before it is tried again.
 */

import { isStoreError } from '@coffer/core/backend'
import { ALL_TENANTS } from './confine.ts'
import { sqlState } from './error-code.ts'
import type { Place } from './place.ts'
import type { Command, Session } from './session.ts'

/**
 * How long a change may wait for a lock. The server ends an autovacuum that stands in the way after
 * `deadlock_timeout`, one second, so a shorter wait would never get past one.
 */
export const LOCK_TIMEOUT_MS = 2_000
/** How long others are let pass then, at least. */
const LETTING_PASS_MS = 1_000

/** How long changes are tried in all. */
export const MAX_WAIT_MS = 10 * 60_000

/** Changing a table may take long; silence of the server means nothing then. */
export const DDL_SILENCE_MS = 6 * 60 * 60_000

/** The key of the lock on a schema, as a parameter's expression. */
const LOCK_KEY = "hashtextextended('coffer ' || $1::text, 0)"

/** Bounds the waiting for locks in a transaction. */
export const SHORT_WAIT = `SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`

/**
 * Begins a transaction that holds the lock on the schema, and may see all rows. Answers false when somebody else
 * has the lock; then a transaction is open too.
 *
 * @param idleMs how long the transaction may stand still
 */
export async function beginUnderLock(place: Place, session: Session, idleMs: number): Promise<boolean> {
  const { schema, confinement } = place
  const begin = [
    'BEGIN ISOLATION LEVEL READ COMMITTED',
    SHORT_WAIT,
    'SET LOCAL statement_timeout = 0',
    `SET LOCAL idle_in_transaction_session_timeout = ${idleMs}`,
  ].map((text): Command => ({ text }))
  const answers = await session.run([...begin, lockCommand('pg_try_advisory_xact_lock', schema.name)])
  if (answers.at(-1)?.rows[0]?.[0] !== 't') return false
  if (confinement.isOn) {
    await session.run(confinement.confine([{ command: { text: 'SELECT 1' }, tenant: ALL_TENANTS }]))
  }
  return true
}

/** Takes or gives back the lock on a schema: for a transaction, or for a session that outlives several. */
export function lockCommand(
  action: 'pg_try_advisory_xact_lock' | 'pg_try_advisory_lock' | 'pg_advisory_unlock',
  schemaName: string,
): Command {
  return { text: `SELECT ${action}(${LOCK_KEY})`, parameters: [schemaName] }
}

/** A lock that was not had in time: the next try may do better. */
export function isLockTimeout(error: unknown): boolean {
  return isStoreError(error, 'TIMEOUT') && sqlState(error.cause) === '55P03'
}

/** How long to let others pass, in milliseconds: not the same for two who meet. */
export function lettingPassMs(): number {
  return LETTING_PASS_MS * (1 + Math.random())
}
