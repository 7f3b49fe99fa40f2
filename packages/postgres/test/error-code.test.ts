/** The codes of native errors, and that each becomes an error that says what to do. */

import { StoreError } from '@coffer/core/backend'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { errorCode } from '../src/error-code.ts'
import { failureOf } from '../src/failure.ts'

/** An error as the driver makes it of what the server sends. */
function serverError(state: string, message = 'a message', severity = 'ERROR'): Error {
  return Object.assign(new pg.DatabaseError(message, 1, 'error'), { code: state, severity })
}

function systemError(code: string, details: object = {}): Error {
  return Object.assign(new Error('a message'), { code, ...details })
}

const STATES = [
  ['08000', 'UNAVAILABLE'],
  ['08006', 'UNAVAILABLE'],
  ['08P01', 'INTERNAL'],
  ['0A000', 'UNSUPPORTED'],
  ['21000', 'INTERNAL'],
  ['22012', 'INTERNAL'],
  ['22P02', 'INTERNAL'],
  ['23505', 'INTERNAL'],
  ['25006', 'READ_ONLY'],
  ['25P02', 'TRANSACTION_ABORTED'],
  ['25P03', 'TIMEOUT'],
  ['25P04', 'TIMEOUT'],
  ['26000', 'UNAVAILABLE'],
  ['28000', 'PERMISSION_DENIED'],
  ['28P01', 'PERMISSION_DENIED'],
  ['3D000', 'INVALID_ARGUMENT'],
  ['3F000', 'UNSUPPORTED'],
  ['40001', 'CONFLICT'],
  ['40002', 'CONFLICT'],
  ['40003', 'OUTCOME_UNKNOWN'],
  ['40P01', 'CONFLICT'],
  ['42501', 'PERMISSION_DENIED'],
  ['42601', 'INTERNAL'],
  ['42703', 'UNSUPPORTED'],
  ['42710', 'UNSUPPORTED'],
  ['42P01', 'UNSUPPORTED'],
  ['42P07', 'UNSUPPORTED'],
  ['53000', 'LIMIT_EXCEEDED'],
  ['53100', 'NO_SPACE'],
  ['53200', 'UNAVAILABLE'],
  ['53300', 'UNAVAILABLE'],
  ['53400', 'LIMIT_EXCEEDED'],
  ['54000', 'LIMIT_EXCEEDED'],
  ['54001', 'LIMIT_EXCEEDED'],
  ['55000', 'UNAVAILABLE'],
  ['55P03', 'TIMEOUT'],
  ['57014', 'TIMEOUT'],
  ['57P01', 'UNAVAILABLE'],
  ['57P02', 'UNAVAILABLE'],
  ['57P03', 'UNAVAILABLE'],
  ['57P05', 'UNAVAILABLE'],
  ['58030', 'UNAVAILABLE'],
  ['58P01', 'CORRUPT'],
  ['72000', 'CONFLICT'],
  ['P0001', 'INTERNAL'],
  ['XX000', 'INTERNAL'],
  ['XX001', 'CORRUPT'],
  ['XX002', 'CORRUPT'],
] as const

const SYSTEM = [
  ['EACCES', 'PERMISSION_DENIED'],
  ['EADDRNOTAVAIL', 'UNAVAILABLE'],
  ['EAI_AGAIN', 'UNAVAILABLE'],
  ['ECONNREFUSED', 'UNAVAILABLE'],
  ['ECONNRESET', 'UNAVAILABLE'],
  ['EHOSTUNREACH', 'UNAVAILABLE'],
  ['EMFILE', 'UNAVAILABLE'],
  ['ENETUNREACH', 'UNAVAILABLE'],
  ['ENOENT', 'UNAVAILABLE'],
  ['ENOTFOUND', 'UNAVAILABLE'],
  ['EPIPE', 'UNAVAILABLE'],
  ['ETIMEDOUT', 'UNAVAILABLE'],
  ['ERR_SOCKET_BAD_PORT', 'INVALID_ARGUMENT'],
  ['CERT_HAS_EXPIRED', 'PERMISSION_DENIED'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'PERMISSION_DENIED'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'PERMISSION_DENIED'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'PERMISSION_DENIED'],
  ['EPROTO', 'UNSUPPORTED'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'UNSUPPORTED'],
  ['ERR_OSSL_PEM_NO_START_LINE', 'INVALID_ARGUMENT'],
  ['EIO', 'INTERNAL'],
  ['toString', 'INTERNAL'],
] as const

/** What pg, pg-pool and pg-protocol throw without a code. */
const DRIVER = [
  ['timeout exceeded when trying to connect', 'TIMEOUT'],
  ['Connection terminated due to connection timeout', 'TIMEOUT'],
  ['timeout expired', 'TIMEOUT'],
  ['Query read timeout', 'TIMEOUT'],
  ['Connection terminated', 'UNAVAILABLE'],
  ['Connection terminated unexpectedly', 'UNAVAILABLE'],
  ['Client has encountered a connection error and is not queryable', 'UNAVAILABLE'],
  ['Client was closed and is not queryable', 'UNAVAILABLE'],
  ['Received unexpected dataRow message from backend.', 'UNAVAILABLE'],
  ['received invalid response: 48', 'UNAVAILABLE'],
  ['Unknown authenticationOk message type 7', 'UNAVAILABLE'],
  ['Cannot use a pool after calling end on the pool', 'CLOSED'],
  ['The server does not support SSL connections', 'UNSUPPORTED'],
  ['There was an error establishing an SSL connection', 'UNAVAILABLE'],
  ['SASL: Only mechanism(s) SCRAM-SHA-256 are supported', 'PERMISSION_DENIED'],
  ['SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', 'PERMISSION_DENIED'],
  ['SASL: SCRAM-SERVER-FINAL-MESSAGE: server signature does not match', 'PERMISSION_DENIED'],
  ['SASL channel binding: no certificate', 'PERMISSION_DENIED'],
  ['Invalid port: abc', 'INVALID_ARGUMENT'],
  ['Invalid sslnegotiation value: "x". Valid values are "postgres" and "direct".', 'INVALID_ARGUMENT'],
  ['sslnegotiation=direct requires SSL to be enabled', 'INVALID_ARGUMENT'],
  ['SECURITY WARNING: Using sslmode=verify-ca requires specifying a CA', 'INVALID_ARGUMENT'],
  ['anything else', 'INTERNAL'],
] as const

/** What PgBouncer says, all under one SQLSTATE. */
const POOLER = [
  ['unsupported startup parameter: options', 'UNSUPPORTED'],
  ['unsupported startup parameter in options: statement_timeout', 'UNSUPPORTED'],
  ['SASL authentication failed', 'PERMISSION_DENIED'],
  ['password authentication failed', 'PERMISSION_DENIED'],
  ['no such user', 'PERMISSION_DENIED'],
  ['no such database: nowhere', 'INVALID_ARGUMENT'],
  ['no more connections allowed (max_client_conn)', 'UNAVAILABLE'],
  ['query_wait_timeout', 'TIMEOUT'],
  ['server login has been failing, try again later', 'UNAVAILABLE'],
] as const

const SERVER = [
  ['0A000', 'cannot use serializable mode in a hot standby', 'READ_ONLY'],
  ['0A000', 'cached plan must not change result type', 'UNSUPPORTED'],
] as const

describe('codes', () => {
  test.each(STATES)('the SQLSTATE %s is %s', (state, code) => {
    expect(errorCode(serverError(state))).toBe(code)
  })
  test.each(SYSTEM)('%s of the network or the system is %s', (native, code) => {
    expect(errorCode(systemError(native))).toBe(code)
  })
  test.each(DRIVER)("the driver's %j is %s", (message, code) => {
    expect(errorCode(new Error(message))).toBe(code)
  })
  test.each(POOLER)("PgBouncer's %j is %s", (message, code) => {
    expect(errorCode(serverError('08P01', message, 'FATAL'))).toBe(code)
  })
  test.each(SERVER)('with the SQLSTATE %s, %j is %s', (state, message, code) => {
    expect(errorCode(serverError(state, message))).toBe(code)
  })
  test.each(['ENOENT', 'EACCES'])('%s is INVALID_ARGUMENT when a file could not be opened', (native) => {
    expect(errorCode(systemError(native, { syscall: 'open' }))).toBe('INVALID_ARGUMENT')
  })
  test('a sentence counts only from whom it is known', () => {
    expect(errorCode(serverError('42601', 'Connection terminated'))).toBe('INTERNAL')
    expect(errorCode(serverError('22P02', 'no such user'))).toBe('INTERNAL')
    expect(errorCode({ message: 'Connection terminated' })).toBe('INTERNAL')
  })
  test('an error of a store keeps its code, and what is no error is internal', () => {
    expect(errorCode(new StoreError('NOT_FOUND', 'a message'))).toBe('NOT_FOUND')
    for (const thrown of [undefined, null, 'text', { code: 5 }]) expect(errorCode(thrown)).toBe('INTERNAL')
  })
})

const ALL = [
  ...STATES.map(([state]) => serverError(state)),
  ...SYSTEM.map(([native]) => systemError(native)),
  ...DRIVER.map(([message]) => new Error(message)),
  ...POOLER.map(([message]) => serverError('08P01', message, 'FATAL')),
  ...SERVER.map(([state, message]) => serverError(state, message)),
]

/** A cause, then what its reader does about it. */
const ADVICE =
  /^postgresql: [^:;]+[:;] .*\b(?:ask|check|connect|correct|create|do|end|grant|look|lower|make|name|narrow|open|raise|rename|restore|run|say|see|set|start|try|turn|write)\b/

describe('sentences', () => {
  test('every failure says what happened and what to do', () => {
    expect(ALL.map((cause) => failureOf(cause).message).filter((message) => !ADVICE.test(message))).toEqual(
      [],
    )
  })
  test('a run that was judged otherwise says so', () => {
    const lost = new Error('Connection terminated unexpectedly')
    expect(failureOf(lost, 'OUTCOME_UNKNOWN').message).toMatch(/^postgresql: .*look before you repeat/)
    expect(failureOf(lost, 'TIMEOUT').message).toMatch(/^postgresql: .*did not answer in time/)
    expect(failureOf(serverError('57P01'), 'OUTCOME_UNKNOWN').message).not.toMatch(/nothing was changed/)
  })
  test('the native code is shown, and a failure of a store passes as it is', () => {
    expect(failureOf(serverError('53100')).message).toMatch(/\(53100\)$/)
    const own = new StoreError('NOT_FOUND', 'a message')
    expect(failureOf(own)).toBe(own)
  })
})

describe('causes', () => {
  const told = {
    detail: 'Key (id)=(canary) already exists.',
    where: 'unnamed portal parameter $1 = canary',
    hint: 'canary',
    internalQuery: `SELECT 'canary'`,
    query: 'canary',
    parameters: ['canary'],
  }
  test.each(['22P02', '23505', '23514', '44000', 'P0001', '45000', 'ZZ999', 'AB123'])(
    'the message of %s, which may quote values, is left out',
    (state) => {
      const { cause } = failureOf(Object.assign(serverError(state, 'invalid: "canary"'), told))
      expect(Object.assign({}, cause)).toEqual({ code: state })
      expect(`${cause} ${(cause as Error).stack}`).not.toContain('canary')
    },
  )
  test.each(['40001', '42501', '53300', '57P01', 'XX001'])(
    'the message of %s is shown, and nothing else',
    (state) => {
      const { cause } = failureOf(Object.assign(serverError(state, 'too many clients'), told))
      expect(cause).toMatchObject({ message: 'too many clients', code: state })
      expect(JSON.stringify(cause) + (cause as Error).stack).not.toContain('canary')
    },
  )
  test('an error without a message shows its code, and the errors it gathers are left out', () => {
    const gathered = Object.assign(new AggregateError([new Error('canary')]), { code: 'ECONNREFUSED' })
    expect(failureOf(gathered).cause).toMatchObject({ message: 'ECONNREFUSED', code: 'ECONNREFUSED' })
    expect(failureOf(gathered).cause).not.toHaveProperty('errors')
  })
})
