/** Writing the log back into the database: https://www.sqlite.org/wal.html#checkpointing */

import type { Connection } from './connection.ts'
import { errorCode, isInputOutputError } from './error-code.ts'

/**
 * What became of it. `behind`: somebody still reads an older state, or writes; the rest is for the next time.
 * `full`: the database would have had to grow, and the disk is full. `failed`: the disk refused; final.
 */
export type CheckpointResult = 'done' | 'behind' | 'full' | 'failed'

/**
 * Writes the log back, outside of a transaction. What was committed is safe in the log whatever comes of it, so it
 * throws nothing. With `TRUNCATE` the log's blocks go back to the file system.
 */
export function checkpoint(connection: Connection, mode: 'PASSIVE' | 'TRUNCATE'): CheckpointResult {
  try {
    const [busy, frames, written] = connection.get(`PRAGMA wal_checkpoint(${mode})`, []) ?? []
    return busy === 0 && frames === written ? 'done' : 'behind'
  } catch (error) {
    if (errorCode(error) === 'NO_SPACE') return 'full'
    if (!isInputOutputError(error)) return 'behind'
    connection.fail(error)
    return 'failed'
  }
}

/** How many frames of the log are not written back yet; many, where it can't be told. */
export function framesBehind(connection: Connection): number {
  try {
    const [, frames, written] = connection.get('PRAGMA wal_checkpoint(NOOP)', []) ?? []
    return Number(frames) - Number(written)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
