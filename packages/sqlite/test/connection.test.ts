/** Failures at the end of a write: what is certain, what is not, and after which nothing may go on. */

import { isStoreError } from '@coffer/core/backend'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { checkVersion, commit, noteFailure, rollback } from '../src/connection.ts'
import { failing } from './failing-connection.ts'

function failureOf(work: () => void): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

test.each(['SQLITE_IOERR_FSYNC', 'SQLITE_IOERR_DIR_FSYNC', 'SQLITE_IOERR_WRITE', 'SQLITE_IOERR'])(
  'after %s at a commit its outcome is unknown and nothing may go on',
  (code) => {
    const { connection, statements } = failing({ COMMIT: code })
    const error = failureOf(() => commit(connection))
    expect(isStoreError(error, 'OUTCOME_UNKNOWN')).toBe(true)
    expect(connection.finalFailure).toMatchObject({ code })
    expect(statements).toEqual(['COMMIT', 'PRAGMA wal_checkpoint(TRUNCATE)'])
  },
)

test('when the index of the log can not grow, the outcome is unknown, and the store may go on', () => {
  const { connection } = failing({ COMMIT: 'SQLITE_IOERR_SHMSIZE' })
  expect(
    isStoreError(
      failureOf(() => commit(connection)),
      'OUTCOME_UNKNOWN',
    ),
  ).toBe(true)
  expect(connection.finalFailure).toBeUndefined()
})

test.each(['SQLITE_FULL', 'SQLITE_BUSY'])('after %s at a commit it has certainly not happened', (code) => {
  const { connection } = failing({ COMMIT: code })
  expect(failureOf(() => commit(connection))).toMatchObject({ code })
  expect(connection.finalFailure).toBeUndefined()
})

test('a failure to cut the log off changes nothing', () => {
  const { connection } = failing({
    COMMIT: 'SQLITE_IOERR_FSYNC',
    'PRAGMA wal_checkpoint(TRUNCATE)': 'SQLITE_IOERR_WRITE',
  })
  expect(
    isStoreError(
      failureOf(() => commit(connection)),
      'OUTCOME_UNKNOWN',
    ),
  ).toBe(true)
  expect(connection.finalFailure).toMatchObject({ code: 'SQLITE_IOERR_FSYNC' })
})

test('a rollback that fails is final, and hides no other failure', () => {
  const { connection } = failing({ COMMIT: 'SQLITE_FULL', ROLLBACK: 'SQLITE_IOERR_READ' })
  expect(failureOf(() => commit(connection))).toMatchObject({ code: 'SQLITE_FULL' })
  expect(connection.finalFailure).toMatchObject({ code: 'SQLITE_IOERR_READ' })
  const other = failing({ ROLLBACK: 'SQLITE_IOERR_READ' })
  expect(failureOf(() => rollback(other.connection))).toBeUndefined()
})

test('before the commit only a failed sync is final', () => {
  const { connection } = failing({})
  for (const code of ['SQLITE_IOERR_WRITE', 'SQLITE_IOERR_READ', 'SQLITE_FULL', 'SQLITE_CONSTRAINT']) {
    noteFailure(connection, new Database.SqliteError('a message', code))
  }
  expect(connection.finalFailure).toBeUndefined()
  const failure = new Database.SqliteError('a message', 'SQLITE_IOERR_FSYNC')
  noteFailure(connection, failure)
  noteFailure(connection, new Database.SqliteError('a message', 'SQLITE_IOERR_DIR_FSYNC'))
  expect(connection.finalFailure).toBe(failure)
})

test.each([
  ['3.51.3', true],
  ['3.51.4', true],
  ['3.52.0', true],
  ['4.0.0', true],
  ['3.51.2', false],
  ['3.50.9', false],
  ['3.7.17', false],
  ['2.99.99', false],
])('SQLite %s is new enough: %s', (version, isEnough) => {
  const { connection } = failing({}, [version])
  const error = failureOf(() => checkVersion(connection))
  expect(isStoreError(error, 'UNSUPPORTED')).toBe(!isEnough)
})
