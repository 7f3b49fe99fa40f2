/**
 * Locks for changes of tables. All that is asked of a table waits behind a change that waits for it, so a
 * change waits for a short while only, and lets others pass before it is tried again.
 */

import { setTimeout as pause } from 'node:timers/promises'
import { isStoreError, StoreError } from '@coffer/core/backend'
import { ALL_TENANTS } from './confine.ts'
import { sqlState } from './error-code.ts'
import type { Place } from './place.ts'
import type { Command, Session } from './session.ts'
import { undo } from './transaction-ends.ts'

/** How long a change may wait for a lock: all who come to the table meanwhile wait with it. */
const SHORT_WAIT_MS = 150
/**
 * How long it may wait at each sixth try. The server ends an autovacuum that stands in the way after
 * `deadlock_timeout`, one second, so shorter waits would never get past one.
 */
const LONG_WAIT_MS = 2_000
const TRIES_TO_LONG_WAIT = 6
/** How long others are let pass after the first try, at least; it doubles with every further one up to the bound. */
const LETTING_PASS_MS = 200
const LONGEST_LETTING_PASS_MS = 2_000

/** How long changes are tried in all while nothing comes of it. */
export const MAX_WAIT_MS = 10 * 60_000

/** Changing a table may take long; silence of the server means nothing then. */
export const DDL_SILENCE_MS = 6 * 60 * 60_000

/** The key of the lock on a schema, as a parameter's expression. */
const LOCK_KEY = "hashtextextended('coffer ' || $1::text, 0)"

/** Bounds the waiting for locks in a transaction, or of a session, at a try; counted from 0. */
export function shortWait(tries: number, scope: 'LOCAL' | 'SESSION' = 'LOCAL'): string {
  const isLong = tries % TRIES_TO_LONG_WAIT === TRIES_TO_LONG_WAIT - 1
  return `SET ${scope} lock_timeout = ${isLong ? LONG_WAIT_MS : SHORT_WAIT_MS}`
}

/** Lifts a bound that only newer servers have, of a transaction or a session. */
export function unbounded(scope: 'LOCAL' | 'SESSION' = 'LOCAL'): Command {
  const isLocal = scope === 'LOCAL'
  return {
    text: `SELECT set_config(name, '0', ${isLocal}) FROM pg_settings WHERE name = 'transaction_timeout'`,
  }
}

/**
 * Begins a transaction that holds the lock on the schema, and may see all rows. Answers false when somebody else
 * has the lock; then a transaction is open too.
 *
 * @param idleMs how long the transaction may stand still
 * @param tries how often it was tried before
 */
export async function beginUnderLock(
  place: Place,
  session: Session,
  idleMs: number,
  tries = 0,
): Promise<boolean> {
  const { schema, confinement } = place
  const begin = [
    'BEGIN ISOLATION LEVEL READ COMMITTED',
    shortWait(tries),
    'SET LOCAL statement_timeout = 0',
    `SET LOCAL idle_in_transaction_session_timeout = ${idleMs}`,
  ].map((text): Command => ({ text }))
  const lock = lockCommand('pg_try_advisory_xact_lock', schema.name)
  const answers = await session.run([...begin, unbounded(), lock])
  if (answers.at(-1)?.rows[0]?.[0] !== 't') return false
  if (confinement.isOn) {
    await session.run(confinement.confine([{ command: { text: 'SELECT 1' }, tenant: ALL_TENANTS }]))
  }
  return true
}

/**
 * Begins as `beginUnderLock` once the lock is free, and does the first work of the transaction. While others have
 * the lock, or a table that the work is about, it is undone and tried again.
 *
 * @throws `TIMEOUT` where they never let it
 */
export async function beginPatiently<T>(
  place: Place,
  session: Session,
  idleMs: number,
  first: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + MAX_WAIT_MS
  for (let tries = 0; ; tries++) {
    try {
      if (await beginUnderLock(place, session, idleMs, tries)) return await first()
    } catch (error) {
      if (!isLockTimeout(error) && !isStoreError(error, 'CONFLICT')) throw error
    }
    await undo(session)
    if (performance.now() > deadline) throw inUse()
    await pause(lettingPassMs(tries))
  }
}

function inUse(): StoreError {
  const message =
    'the tables could not be replaced within ten minutes: somebody uses or changes them all the time'
  return new StoreError('TIMEOUT', message, { backend: 'postgresql' })
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

/** How long to let others pass after a try, in milliseconds: not the same for two who meet. */
export function lettingPassMs(tries: number): number {
  return Math.min(LETTING_PASS_MS * 2 ** tries, LONGEST_LETTING_PASS_MS) * (1 + Math.random())
}
