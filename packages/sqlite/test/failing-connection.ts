/** A connection whose statements fail. */

import Database from 'better-sqlite3'
import type { Connection } from '../src/connection.ts'

/** A connection on which the statements of some texts fail, with a code each. All others answer one row. */
export function failing(failures: Readonly<Record<string, string>>, row: readonly unknown[] = []) {
  const statements: string[] = []
  let finalFailure: unknown
  let inTransaction = true
  const run = (text: string) => {
    statements.push(text)
    const code = failures[text]
    // SQLite undoes the transaction by itself after these failures, as long as it can.
    if (text === 'COMMIT') inTransaction = failures.ROLLBACK !== undefined
    if (code !== undefined) throw new Database.SqliteError('a message', code)
    return 0
  }
  const connection: Connection = {
    get inTransaction() {
      return inTransaction
    },
    get finalFailure() {
      return finalFailure
    },
    fail: (cause) => {
      finalFailure ??= cause
    },
    execute: run,
    run,
    get: (text) => {
      run(text)
      return row
    },
    all: () => [],
    column: () => [],
    copyTo: async () => undefined,
    bytes: () => Buffer.alloc(0),
    close: () => undefined,
  }
  return { connection, statements }
}
