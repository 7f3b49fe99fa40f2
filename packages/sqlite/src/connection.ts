/** One connection to the database, with its statements kept prepared. */

import { StoreError } from '@coffer/core/backend'
import type { Parameter, RawRow, Template } from '@coffer/sql'
import Database from 'better-sqlite3'
import { isBusy, isInputOutputError, isLogIndexFull, isSyncError } from './error-code.ts'
import { addExactSum } from './exact-sum.ts'

/** The first release without the fault that could damage a database in WAL mode under concurrent writes. */
const OLDEST_VERSION = [3, 51, 3] as const

/** How many statements stay prepared. When there are more, all are let go and prepared anew as they come. */
const MAX_PREPARED = 1_000

/** A connection. All its methods are synchronous and throw the driver's errors. */
export interface Connection {
  readonly inTransaction: boolean
  /** The failure after which nothing may be read or written any more until the database is opened again. */
  readonly finalFailure: unknown
  /** Notes such a failure; the first stays. */
  fail(cause: unknown): void
  /** Runs statements that answer nothing, once. */
  execute(text: string): void
  /** Answers how many rows the statement itself changed, without those of triggers. */
  run(text: string, parameters: readonly Parameter[]): number
  get(text: string, parameters: readonly Parameter[]): RawRow | undefined
  all(text: string, parameters: readonly Parameter[]): readonly RawRow[]
  /** The first column of all rows: cheaper by half than rows of one column. */
  column(text: string, parameters: readonly Parameter[]): readonly unknown[]
  /**
   * Copies what the connection sees into an empty file, page by page, with pauses for the event loop.
   *
   * @param goOn called before each step; what it throws ends the copy
   */
  copyTo(path: string, goOn: () => void): Promise<void>
  /** The whole database as the bytes of a file. Of one in memory alone. */
  bytes(): Buffer
  close(): void
}

/** How many pages a copy takes before it lets the event loop go on. */
const COPIED_PAGES = 500

/**
 * Opens a connection that never waits for a lock by itself.
 *
 * @param source the path of a file, or what `bytes` answered of a database in memory
 */
export function openConnection(source: string | Buffer, options: { readonly readOnly: boolean }): Connection {
  const database = new Database(source, { readonly: options.readOnly, timeout: 0 })
  addExactSum(database)
  const prepared = new Map<string, Database.Statement<unknown[], unknown[]>>()
  let finalFailure: unknown
  const prepare = (text: string) => {
    const known = prepared.get(text)
    if (known !== undefined) return known
    const statement = database.prepare<unknown[], unknown[]>(text)
    if (statement.reader) statement.raw()
    if (prepared.size >= MAX_PREPARED) prepared.clear()
    prepared.set(text, statement)
    return statement
  }
  return {
    get inTransaction() {
      return database.inTransaction
    },
    get finalFailure() {
      return finalFailure
    },
    fail: (cause) => {
      finalFailure ??= cause
    },
    execute: (text) => {
      database.exec(text)
    },
    run: (text, parameters) => prepare(text).run(...parameters).changes,
    get: (text, parameters) => prepare(text).get(...parameters),
    all: (text, parameters) => prepare(text).all(...parameters),
    column: (text, parameters) => {
      // A text is asked either for rows or for a column, so the mode stays with the statement.
      return prepare(text)
        .pluck()
        .all(...parameters)
    },
    copyTo: async (path, goOn) => {
      const progress = () => {
        goOn()
        return COPIED_PAGES
      }
      await database.backup(path, { progress })
    },
    bytes: () => database.serialize(),
    close: () => {
      database.close()
    },
  }
}

/**
 * Checks that SQLite is new enough.
 *
 * @throws `UNSUPPORTED` when it is not
 */
export function checkVersion(connection: Connection): void {
  const version = versionOf(connection)
  if (!isOldVersion(version)) return
  throw new StoreError(
    'UNSUPPORTED',
    `SQLite ${version} is too old: ${OLDEST_VERSION.join('.')} or later is needed; update better-sqlite3`,
    { backend: 'sqlite' },
  )
}

/** SQLite's version: `3.54.1`. */
export function versionOf(connection: Connection): string {
  return String(connection.get('SELECT sqlite_version()', [])?.[0])
}

/** True for a version that is too old. */
export function isOldVersion(version: string): boolean {
  const parts = version.split('.').map(Number)
  const firstDifference = OLDEST_VERSION.findIndex((oldest, index) => (parts[index] ?? 0) !== oldest)
  return firstDifference >= 0 && (parts[firstDifference] ?? 0) < (OLDEST_VERSION[firstDifference] ?? 0)
}

/** Runs a template and answers how many rows it changed. */
export function run<Input extends readonly unknown[]>(
  connection: Connection,
  template: Template<Input>,
  ...input: Input
): number {
  return connection.run(template.text, template.parameters(...input))
}

/** The first row that a template answers. */
export function get<Input extends readonly unknown[]>(
  connection: Connection,
  template: Template<Input>,
  ...input: Input
): RawRow | undefined {
  return connection.get(template.text, template.parameters(...input))
}

/** All rows that a template answers. */
export function all<Input extends readonly unknown[]>(
  connection: Connection,
  template: Template<Input>,
  ...input: Input
): readonly RawRow[] {
  return connection.all(template.text, template.parameters(...input))
}

/** Begins a transaction unless a lock is in the way; answers whether it did. */
export function tryBegin(connection: Connection, kind: 'BEGIN' | 'BEGIN IMMEDIATE'): boolean {
  try {
    connection.run(kind, [])
    return true
  } catch (error) {
    if (isBusy(error)) return false
    throw error
  }
}

/**
 * Commits, or undoes everything and throws. A full disk is met before the last frame of the commit is complete, so
 * it has certainly not happened. After any other failure to write, the log may hold the whole of it: this process
 * never sees it, and overwrites it with its next commit, but whoever opens the database after a crash would.
 *
 * @throws `OUTCOME_UNKNOWN` when the file could not be written through. The failure is final: a system may
 *   forget what it could not write, and report the next sync as a success
 */
export function commit(connection: Connection): void {
  try {
    connection.run('COMMIT', [])
  } catch (error) {
    rollback(connection)
    if (!isInputOutputError(error)) throw error
    // Here the log was written and synced; only its index, which is not on the disk, could not grow.
    if (!isLogIndexFull(error)) connection.fail(error)
    cutLog(connection)
    throw new StoreError('OUTCOME_UNKNOWN', 'the database file could not be written at the end of a write', {
      backend: 'sqlite',
      cause: error,
    })
  }
}

/** Tries to leave nothing in the log of a commit that failed, for whoever opens the database after a crash. */
function cutLog(connection: Connection): void {
  try {
    connection.get('PRAGMA wal_checkpoint(TRUNCATE)', [])
  } catch {
    // The failure before is told; closing tries it again.
  }
}

/** Undoes the transaction, unless SQLite has done so by itself. When that fails, the failure is final. */
export function rollback(connection: Connection): void {
  if (!connection.inTransaction) return
  try {
    connection.run('ROLLBACK', [])
  } catch (error) {
    connection.fail(error)
  }
}

/** Notes the failure of a statement that was no commit, if it is one of those that are final. */
export function noteFailure(connection: Connection, error: unknown): void {
  if (isSyncError(error)) connection.fail(error)
}

/** Ends the open transaction as its work ends, unless the work has ended it. */
export function finish<T>(
  connection: Connection,
  work: (connection: Connection) => T,
  beforeCommit: () => void = () => undefined,
): T {
  try {
    const result = work(connection)
    if (connection.inTransaction) {
      beforeCommit()
      commit(connection)
    }
    return result
  } catch (error) {
    noteFailure(connection, error)
    throw error
  } finally {
    rollback(connection)
  }
}

/** What everything is refused with after a final failure. */
export function finalFailureError(cause: unknown): StoreError {
  return new StoreError(
    'UNAVAILABLE',
    'a write could not be made durable, and nothing more is read or written: close the store and open it again',
    { backend: 'sqlite', cause },
  )
}
