/**
 * Waiting for another process. SQLite's own waiting sleeps in the thread and stops the whole event loop, so
 * it is turned off; instead the statement is tried again after short random pauses.
 */

import { setTimeout as pause } from 'node:timers/promises'
import { StoreError } from '@coffer/core/backend'
import { isBusy } from './error-code.ts'

/** The longest pause between two tries, in milliseconds; the first is about one. */
const LONGEST_PAUSE_MS = 20

/**
 * Tries until the attempt is not refused for a lock, at most `timeoutMs` long. To be called after a first
 * attempt that was refused.
 *
 * @throws `BUSY` when the time is over; any other failure of the attempt as it is
 */
export async function retryWhileBusy<T>(attempt: () => T, timeoutMs: number): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (let longest = 1; ; longest = Math.min(longest * 1.5, LONGEST_PAUSE_MS)) {
    const left = deadline - performance.now()
    if (left <= 0) throw busyError(timeoutMs)
    await pause(Math.min(left, longest * (0.5 + Math.random())))
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error)) throw error
    }
  }
}

function busyError(timeoutMs: number): StoreError {
  return new StoreError(
    'BUSY',
    `another process has held the lock on the database for more than ${timeoutMs} ms: ` +
      'let it end its transaction, or raise busyTimeoutMs',
    { backend: 'sqlite' },
  )
}
