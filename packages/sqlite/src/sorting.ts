/** Where SQLite sorts the rows that an index is made of. */

import type { Connection } from './connection.ts'

/**
 * Works with a connection that sorts on the disk, in SQLite's own temporary folder, and not in memory, where an index
 * of 600,000 rows takes 80 MB. Not within a transaction: the setting can't be changed there.
 */
export async function sortingOnDisk<T>(connection: Connection, work: () => T | Promise<T>): Promise<T> {
  connection.execute('PRAGMA temp_store = FILE')
  try {
    return await work()
  } finally {
    if (connection.finalFailure === undefined) connection.execute('PRAGMA temp_store = MEMORY')
  }
}
