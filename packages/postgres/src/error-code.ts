/** SQLSTATEs and the errors of driver and network as Coffer's codes: https://www.postgresql.org/docs/current/errcodes-appendix.html */

import { type ErrorCode, isStoreError } from '@coffer/core/backend'

/** The code of a SQLSTATE, where it differs from that of its class. */
const STATE_CODES: Readonly<Record<string, ErrorCode>> = {
  // What the triggers of append-only tables raise.
  '0A000': 'UNSUPPORTED',
  '25006': 'READ_ONLY',
  // The server ended a transaction that stood still for too long, or took too long.
  '25P03': 'TIMEOUT',
  '25P04': 'TIMEOUT',
  // A statement after one that failed, in the same transaction.
  '25P02': 'TRANSACTION_ABORTED',
  // A pooler or a reset of the session has thrown prepared statements away.
  '26000': 'UNAVAILABLE',
  // Something of others that depends on a table, such as a view.
  '2BP01': 'UNSUPPORTED',
  // Never NOT_FOUND, which is about records: whoever expects that one would take a wrong name for an empty store.
  '3D000': 'INVALID_ARGUMENT',
  '3F000': 'UNSUPPORTED',
  '40003': 'OUTCOME_UNKNOWN',
  '42501': 'PERMISSION_DENIED',
  // Tables and columns that another release, or somebody else, has changed or made.
  '42703': 'UNSUPPORTED',
  '42710': 'UNSUPPORTED',
  '42P01': 'UNSUPPORTED',
  '42P07': 'UNSUPPORTED',
  '53100': 'NO_SPACE',
  '53200': 'UNAVAILABLE',
  '53300': 'UNAVAILABLE',
  '55000': 'UNAVAILABLE',
  '55P03': 'TIMEOUT',
  // Ended by statement_timeout; nobody else cancels statements here.
  '57014': 'TIMEOUT',
  '58P01': 'CORRUPT',
  '72000': 'CONFLICT',
  XX001: 'CORRUPT',
  XX002: 'CORRUPT',
}

/** The codes of whole classes, which are the first two characters. What is not named is `INTERNAL`. */
const CLASS_CODES: Readonly<Record<string, ErrorCode>> = {
  '08': 'UNAVAILABLE',
  '28': 'PERMISSION_DENIED',
  '40': 'CONFLICT',
  '53': 'LIMIT_EXCEEDED',
  '54': 'LIMIT_EXCEEDED',
  '57': 'UNAVAILABLE',
  '58': 'UNAVAILABLE',
}

/** The codes of what the network and the operating system say. */
const SYSTEM_CODES: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'PERMISSION_DENIED',
  EADDRNOTAVAIL: 'UNAVAILABLE',
  EAI_AGAIN: 'UNAVAILABLE',
  EAI_FAIL: 'UNAVAILABLE',
  ECONNABORTED: 'UNAVAILABLE',
  ECONNREFUSED: 'UNAVAILABLE',
  ECONNRESET: 'UNAVAILABLE',
  EHOSTDOWN: 'UNAVAILABLE',
  EHOSTUNREACH: 'UNAVAILABLE',
  EMFILE: 'UNAVAILABLE',
  ENETDOWN: 'UNAVAILABLE',
  ENETRESET: 'UNAVAILABLE',
  ENETUNREACH: 'UNAVAILABLE',
  ENFILE: 'UNAVAILABLE',
  ENOBUFS: 'UNAVAILABLE',
  ENOENT: 'UNAVAILABLE',
  ENOTFOUND: 'UNAVAILABLE',
  EPERM: 'PERMISSION_DENIED',
  EPIPE: 'UNAVAILABLE',
  ERR_SOCKET_BAD_PORT: 'INVALID_ARGUMENT',
  ERR_SOCKET_CLOSED: 'UNAVAILABLE',
  ERR_STREAM_DESTROYED: 'UNAVAILABLE',
  ERR_STREAM_WRITE_AFTER_END: 'UNAVAILABLE',
  ETIMEDOUT: 'UNAVAILABLE',
}

/** A sentence, the code it stands for, and what its reader can do where the code alone does not say that. */
export interface Sentence {
  readonly pattern: RegExp
  readonly code: ErrorCode
  readonly advice?: string
}

const NO_TLS = 'the server does not speak TLS: set `ssl` to false, or turn it on there'
const WRONG_OPTION = 'an option of the connection string is not valid: correct what the cause names'

/** Sentences of the driver, which gives them no code. */
const DRIVER_SENTENCES: readonly Sentence[] = [
  { pattern: /^timeout exceeded when trying to connect/, code: 'TIMEOUT' },
  { pattern: /^connection terminated due to connection timeout/i, code: 'TIMEOUT' },
  { pattern: /^timeout expired$/, code: 'TIMEOUT' },
  {
    pattern: /^query read timeout$/i,
    code: 'TIMEOUT',
    advice: 'the answer took longer than the query_timeout of the pool: raise it, or narrow the question',
  },
  { pattern: /^connection terminated/i, code: 'UNAVAILABLE' },
  { pattern: /not queryable$/, code: 'UNAVAILABLE' },
  {
    pattern: /^(?:received (?:invalid|unexpected)|unknown authenticationOk)/i,
    code: 'UNAVAILABLE',
    advice: 'what answers there does not speak as PostgreSQL does: check host and port',
  },
  { pattern: /^cannot use a pool after calling end/i, code: 'CLOSED' },
  { pattern: /^the server does not support ssl connections/i, code: 'UNSUPPORTED', advice: NO_TLS },
  {
    pattern: /^there was an error establishing an ssl connection/i,
    code: 'UNAVAILABLE',
    advice: 'the server broke off when asked for TLS: try again, or check host, port and `ssl`',
  },
  {
    pattern: /^sasl: .*client password must be/i,
    code: 'PERMISSION_DENIED',
    advice: 'the server asks for a password and none was given: set `password`',
  },
  { pattern: /^sasl/i, code: 'PERMISSION_DENIED' },
  { pattern: /^invalid (?:sslnegotiation|\w+:)/i, code: 'INVALID_ARGUMENT', advice: WRONG_OPTION },
  { pattern: /requires ssl to be enabled/i, code: 'INVALID_ARGUMENT', advice: WRONG_OPTION },
  { pattern: /sslmode=|uselibpqcompat/i, code: 'INVALID_ARGUMENT', advice: WRONG_OPTION },
]

/** PgBouncer gives one SQLSTATE to everything that it has to say. */
const POOLER_STATE = '08P01'
const POOLER_SENTENCES: readonly Sentence[] = [
  {
    pattern: /^unsupported startup parameter/,
    code: 'UNSUPPORTED',
    advice: `a pooler stands between that takes no settings of a session: say pooler: 'transaction'`,
  },
  {
    pattern: /authentication failed|^no such user|^login rejected/,
    code: 'PERMISSION_DENIED',
    advice: 'the pooler refused the user or the password: check both',
  },
  {
    pattern: /^no such database/,
    code: 'INVALID_ARGUMENT',
    advice: 'the pooler knows no such database: name another with `database`, or add it there',
  },
  {
    pattern: /^no more connections allowed/,
    code: 'UNAVAILABLE',
    advice: 'the pooler has no connection left: lower `max`, or raise max_client_conn there',
  },
  {
    pattern: /^query_wait_timeout/,
    code: 'TIMEOUT',
    advice:
      'the pooler had no connection to the server in time: look after the server, or raise its pool size',
  },
]

/** What the server does not support, where its sentence says more. */
const UNSUPPORTED_STATE = '0A000'
const UNSUPPORTED_SENTENCES: readonly Sentence[] = [
  {
    pattern: /hot standby/,
    code: 'READ_ONLY',
    advice: 'the server is a standby, which allows reading only, and no transactions: connect to the primary',
  },
  {
    pattern: /^cached plan must not change result type/,
    code: 'UNSUPPORTED',
    advice: 'a table was changed since the store was opened: open the store again',
  },
]

/** Names the failure that an error of PostgreSQL, of its driver or of the network stands for. */
export function errorCode(cause: unknown): ErrorCode {
  if (isStoreError(cause)) return cause.code
  const sentence = sentenceOf(cause)
  if (sentence !== undefined) return sentence.code
  const state = sqlState(cause)
  if (state !== undefined) {
    // What PgBouncer says and is not named above ends the connection; from PostgreSQL it is a flaw of the driver.
    if (state === POOLER_STATE) return isFatal(cause) ? 'UNAVAILABLE' : 'INTERNAL'
    return STATE_CODES[state] ?? CLASS_CODES[state.slice(0, 2)] ?? 'INTERNAL'
  }
  const system = nativeCode(cause)
  if (system === undefined) return 'INTERNAL'
  if (isUnreadableFile(cause)) return 'INVALID_ARGUMENT'
  if (Object.hasOwn(SYSTEM_CODES, system)) return SYSTEM_CODES[system] ?? 'INTERNAL'
  return tlsCode(system) ?? 'INTERNAL'
}

/** The sentence that an error is known by, where its code says less. */
export function sentenceOf(cause: unknown): Sentence | undefined {
  if (!(cause instanceof Error)) return undefined
  return sentencesFor(sqlState(cause)).find(({ pattern }) => pattern.test(cause.message))
}

function sentencesFor(state: string | undefined): readonly Sentence[] {
  switch (state) {
    case undefined:
      return DRIVER_SENTENCES
    case POOLER_STATE:
      return POOLER_SENTENCES
    case UNSUPPORTED_STATE:
      return UNSUPPORTED_SENTENCES
    default:
      return []
  }
}

/** True for a certificate or key that a connection string names and that can't be read. */
export function isUnreadableFile(cause: unknown): boolean {
  const { syscall } = Object(cause) as { syscall?: unknown }
  return syscall === 'open' || nativeCode(cause) === 'EISDIR'
}

/** Nothing may be sent over a connection whose certificate can't be trusted. */
function tlsCode(system: string): ErrorCode | undefined {
  if (system.startsWith('ERR_OSSL')) return 'INVALID_ARGUMENT'
  if (/CERT|SIGNATURE|INVALID_CA|INVALID_PURPOSE|HOSTNAME/.test(system)) return 'PERMISSION_DENIED'
  return /^(?:EPROTO$|ERR_SSL_|ERR_TLS_)/.test(system) ? 'UNSUPPORTED' : undefined
}

/** The SQLSTATE of an error that the server sent; `undefined` for all others. */
export function sqlState(cause: unknown): string | undefined {
  const code = nativeCode(cause)
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code) ? code : undefined
}

/** SQLSTATEs with which the server only ever ends a connection. */
const ENDING_STATES: ReadonlySet<string> = new Set(['25P03', '25P04', '57P01', '57P02', '57P03', '57P05'])

/** True for an error after which the server ends the connection. */
export function isFatal(cause: unknown): boolean {
  const state = sqlState(cause)
  if (state === undefined) return false
  if (ENDING_STATES.has(state)) return true
  // The word is in the language of the server's messages.
  const severity = (cause as { severity?: unknown }).severity
  return severity === 'FATAL' || severity === 'PANIC'
}

/** The code that driver, network or server gave the error, of whatever kind. */
export function nativeCode(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined
  return typeof cause.code === 'string' ? cause.code : undefined
}
