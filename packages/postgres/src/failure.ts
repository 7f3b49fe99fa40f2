/**
 * The one place where an error of driver or server becomes a `StoreError`: with a sentence that says what
 * to do, and a cause that holds nothing of what was stored or asked. PostgreSQL's `detail`, `where` and some
 * messages carry values of rows; the driver's errors may carry more.
 */

import { type ErrorCode, isStoreError, StoreError } from '@coffer/core/backend'
import { errorCode, isUnreadableFile, nativeCode, sentenceOf, sqlState } from './error-code.ts'

/** What the reader of an error can do, by SQLSTATE or by the code of driver and network. */
const ADVICE: Readonly<Record<string, string>> = {
  '25006': 'the server, or this role, allows reading only: connect to the primary with a role that may write',
  '25P03':
    'the server ended a transaction that stood still for too long: do slow work outside of it, or raise statementTimeoutMs',
  '25P04': 'the server ended a transaction that took too long: do less in it, or raise transaction_timeout',
  '28000': 'the server does not let this user in: check user, database, `ssl` and pg_hba.conf',
  '28P01': 'the server refused the user or the password: check both',
  '2BP01':
    'something that is not Coffer’s depends on a table, a view perhaps: drop it first, and make it again afterwards',
  '3D000': 'the database does not exist: create it, or name another with `database`',
  '3F000': 'the schema is missing that was there when the store was opened: open the store again',
  '42501': 'the role lacks a right: grant it, or open the store with a role that owns the schema',
  '42703': 'a table was changed since the store was opened: open the store again',
  '42710': `the schema has something of that name that is not this store's: set \`schema\` to another`,
  '42P01': 'a table is missing that was there when the store was opened: open the store again',
  '42P07':
    'the schema has a table, view or index of that name that is not this store’s: rename the collection, or set `schema` to another',
  '53100': 'the disk of the server is full; nothing was changed: make room',
  '53200':
    'the server has no memory left: try again, and raise max_locks_per_transaction or the memory if it goes on',
  '53300': 'the server has no connection left: lower `max`, or raise max_connections',
  '53400': 'a limit in the configuration of the server was reached: raise the one that the cause names',
  '55P03': 'another transaction holds a lock for longer than lockTimeoutMs: try again, or raise it',
  '57014': 'the statement took longer than statementTimeoutMs: ask for less, or raise it',
  '57P01': 'the server ended the connection; nothing was changed: try again',
  '57P03': 'the server is starting or stopping: try again',
  EAI_AGAIN: 'the name of the host can not be looked up now: try again, or check `host`',
  ECONNREFUSED: 'no server answers there: start PostgreSQL, or check host and port',
  ECONNRESET: 'the connection was cut: try again',
  EHOSTUNREACH: 'the host can not be reached: check host and network',
  ENETUNREACH: 'the host can not be reached: check host and network',
  ENOENT: 'there is no socket of a server: start PostgreSQL, or check `host`',
  ENOTFOUND: 'there is no host of that name: check `host`',
  ERR_SOCKET_BAD_PORT: 'the port is no number from 1 to 65535: correct it',
  ETIMEDOUT: 'the host does not answer: check host, port and firewall',
}

const UNREADABLE_FILE =
  'a file that the connection string names can not be read: correct its path, or the rights to it'

/** The same where only Coffer's code is known. Every code that an error can have is here. */
const ADVICE_BY_CODE: Partial<Record<ErrorCode, string>> = {
  CLOSED: 'the pool has been ended: end it only after the store was closed',
  CONFLICT: 'another transaction changed what this one relies on; run it again',
  CORRUPT: 'the stored data is damaged; restore a backup',
  INVALID_ARGUMENT: 'the server can not be asked like this: correct what the cause names',
  LIMIT_EXCEEDED: 'the statement is more than the server can take: write or ask for less at once',
  OUTCOME_UNKNOWN: 'the connection was lost while committing; look before you repeat it',
  PERMISSION_DENIED: 'the server or its certificate refused the connection: check user, password and `ssl`',
  READ_ONLY: 'the server allows reading only: connect to the primary',
  TIMEOUT:
    'no connection was free, or none could be made, within connectTimeoutMs: try again, or raise `max` or connectTimeoutMs',
  TRANSACTION_ABORTED: 'a statement of the transaction failed before: run the transaction again',
  UNAVAILABLE: 'the connection was lost: try again',
  UNSUPPORTED: 'the server refused this: see the cause',
}
const SILENCE =
  'the server did not answer in time and the connection was cut: check server and network, then try again'
const OTHERWISE = 'the operation failed: see the cause, and the log of the server'

/** Makes a `StoreError` of whatever was thrown. What is one already passes. */
export function failureOf(cause: unknown, code: ErrorCode = errorCode(cause)): StoreError {
  if (isStoreError(cause)) return cause
  const native = sqlState(cause) ?? nativeCode(cause)
  const shown = native === undefined ? '' : ` (${native})`
  return new StoreError(code, `postgresql: ${adviceFor(cause, code, native)}${shown}`, {
    backend: 'postgresql',
    cause: bare(cause),
  })
}

/** What is known of the cause says nothing when the run was judged otherwise. */
function adviceFor(cause: unknown, code: ErrorCode, native: string | undefined): string {
  const general = ADVICE_BY_CODE[code] ?? OTHERWISE
  if (code !== errorCode(cause)) return code === 'TIMEOUT' ? SILENCE : general
  if (isUnreadableFile(cause)) return UNREADABLE_FILE
  const byNative = native !== undefined && Object.hasOwn(ADVICE, native) ? ADVICE[native] : undefined
  return sentenceOf(cause)?.advice ?? byNative ?? general
}

/**
 * Classes of SQLSTATEs whose messages speak of servers, names and limits. All others may quote values: wrong
 * data, broken constraints, and what functions and triggers of the database raise.
 */
const SPEAKING_CLASSES: ReadonlySet<string> = new Set(
  '08 0A 25 26 28 3D 3F 40 42 53 54 55 57 58 72 XX'.split(' '),
)

/** The error with its code and, where it can hold no value, its message; nothing else. */
function bare(cause: unknown): Error {
  const code = nativeCode(cause)
  const state = sqlState(cause)
  const isShown = cause instanceof Error && (state === undefined || SPEAKING_CLASSES.has(state.slice(0, 2)))
  const message = isShown ? cause.message || String(code) : 'the message is left out: it may hold values'
  const error = new Error(message)
  error.stack = `${error.name}: ${message}`
  return code === undefined ? error : Object.assign(error, { code })
}
