/** SQLite's result codes as Coffer's: https://www.sqlite.org/rescode.html */

import { type ErrorCode, isStoreError, nativeCode, systemErrorCode } from '@coffer/core/backend'

/** The code of an extended result code, where it differs from that of its primary one. */
const EXTENDED_CODES: Readonly<Record<string, ErrorCode>> = {
  SQLITE_ABORT_ROLLBACK: 'TRANSACTION_ABORTED',
  SQLITE_BUSY_SNAPSHOT: 'CONFLICT',
  SQLITE_CANTOPEN_ISDIR: 'INVALID_ARGUMENT',
  // RAISE in a trigger; the only triggers that raise are those of append-only tables.
  SQLITE_CONSTRAINT_TRIGGER: 'UNSUPPORTED',
  SQLITE_IOERR_CORRUPTFS: 'CORRUPT',
  SQLITE_IOERR_DATA: 'CORRUPT',
  SQLITE_IOERR_NOMEM: 'INTERNAL',
  // The index of the log could not grow: the disk is full, which SQLite does not say here.
  SQLITE_IOERR_SHMSIZE: 'NO_SPACE',
}

/** The codes of primary result codes. What is not named is `INTERNAL`. */
const PRIMARY_CODES: Readonly<Record<string, ErrorCode>> = {
  SQLITE_AUTH: 'PERMISSION_DENIED',
  SQLITE_BUSY: 'BUSY',
  SQLITE_CANTOPEN: 'PERMISSION_DENIED',
  SQLITE_CORRUPT: 'CORRUPT',
  SQLITE_FULL: 'NO_SPACE',
  SQLITE_INTERRUPT: 'ABORTED',
  SQLITE_IOERR: 'UNAVAILABLE',
  SQLITE_LOCKED: 'BUSY',
  SQLITE_NOTADB: 'CORRUPT',
  SQLITE_PERM: 'PERMISSION_DENIED',
  // Another process changes the log's index at this moment.
  SQLITE_PROTOCOL: 'BUSY',
  SQLITE_READONLY: 'READ_ONLY',
  SQLITE_TOOBIG: 'LIMIT_EXCEEDED',
}

/** Names the failure that an error of SQLite, of its driver or of the operating system stands for. */
export function errorCode(cause: unknown): ErrorCode {
  if (isStoreError(cause)) return cause.code
  const code = nativeCode(cause)
  // What is parsed here is what was stored.
  if (cause instanceof SyntaxError || isSchemaDamaged(cause)) return 'CORRUPT'
  if (code === undefined) return isClosed(cause) ? 'CLOSED' : 'INTERNAL'
  if (!code.startsWith('SQLITE_')) return systemErrorCode(code) ?? 'INTERNAL'
  const primary = /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? code
  return lookup(EXTENDED_CODES, code) ?? lookup(PRIMARY_CODES, primary) ?? 'INTERNAL'
}

/** True when another connection holds a lock that this statement needs; the same statement may succeed later. */
export function isBusy(cause: unknown): boolean {
  return !isStoreError(cause) && errorCode(cause) === 'BUSY'
}

/** True for a failure of reading or writing the file. */
export function isInputOutputError(cause: unknown): boolean {
  return nativeCode(cause)?.startsWith('SQLITE_IOERR') === true
}

/** True when something could not be made durable. */
export function isSyncError(cause: unknown): boolean {
  const code = nativeCode(cause)
  return code === 'SQLITE_IOERR_FSYNC' || code === 'SQLITE_IOERR_DIR_FSYNC'
}

/** True when the disk was too full for the index of the log. */
export function isLogIndexFull(cause: unknown): boolean {
  return nativeCode(cause) === 'SQLITE_IOERR_SHMSIZE'
}

/** True when a trigger of ours has refused a statement, and only that. */
export function isRefusedByTrigger(cause: unknown): boolean {
  return nativeCode(cause) === 'SQLITE_CONSTRAINT_TRIGGER'
}

/** True when a row with the same key is in the table. */
export function isThereAlready(cause: unknown): boolean {
  return nativeCode(cause) === 'SQLITE_CONSTRAINT_PRIMARYKEY'
}

/** True for a file that is something else than a database. */
export function isForeignFile(cause: unknown): boolean {
  return nativeCode(cause) === 'SQLITE_NOTADB'
}

/** The statements fit the schema that was made. SQLite has no code of its own for one that has changed since. */
function isSchemaDamaged(cause: unknown): boolean {
  const isPlain = nativeCode(cause) === 'SQLITE_ERROR' && cause instanceof Error
  return isPlain && /^no such (table|column|index)|already exists$/.test(cause.message)
}

/** The driver has no code for the use of a closed connection. */
function isClosed(cause: unknown): boolean {
  return cause instanceof TypeError && cause.message === 'The database connection is not open'
}

function lookup(table: Readonly<Record<string, ErrorCode>>, code: string): ErrorCode | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined
}
