/** The codes of native errors. */

import { StoreError } from '@coffer/core/backend'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { errorCode } from '../src/error-code.ts'

test.each([
  ['SQLITE_ABORT', 'INTERNAL'],
  ['SQLITE_ABORT_ROLLBACK', 'TRANSACTION_ABORTED'],
  ['SQLITE_AUTH', 'PERMISSION_DENIED'],
  ['SQLITE_BUSY', 'BUSY'],
  ['SQLITE_BUSY_RECOVERY', 'BUSY'],
  ['SQLITE_BUSY_SNAPSHOT', 'CONFLICT'],
  ['SQLITE_CANTOPEN', 'PERMISSION_DENIED'],
  ['SQLITE_CANTOPEN_ISDIR', 'INVALID_ARGUMENT'],
  ['SQLITE_CONSTRAINT_CHECK', 'INTERNAL'],
  ['SQLITE_CONSTRAINT_PRIMARYKEY', 'INTERNAL'],
  ['SQLITE_CONSTRAINT_TRIGGER', 'UNSUPPORTED'],
  ['SQLITE_CORRUPT', 'CORRUPT'],
  ['SQLITE_CORRUPT_INDEX', 'CORRUPT'],
  ['SQLITE_ERROR', 'INTERNAL'],
  ['SQLITE_FULL', 'NO_SPACE'],
  ['SQLITE_INTERRUPT', 'ABORTED'],
  ['SQLITE_IOERR', 'UNAVAILABLE'],
  ['SQLITE_IOERR_CORRUPTFS', 'CORRUPT'],
  ['SQLITE_IOERR_DATA', 'CORRUPT'],
  ['SQLITE_IOERR_FSYNC', 'UNAVAILABLE'],
  ['SQLITE_IOERR_NOMEM', 'INTERNAL'],
  ['SQLITE_IOERR_SHMSIZE', 'NO_SPACE'],
  ['SQLITE_IOERR_WRITE', 'UNAVAILABLE'],
  ['SQLITE_LOCKED', 'BUSY'],
  ['SQLITE_NOMEM', 'INTERNAL'],
  ['SQLITE_NOTADB', 'CORRUPT'],
  ['SQLITE_PERM', 'PERMISSION_DENIED'],
  ['SQLITE_PROTOCOL', 'BUSY'],
  ['SQLITE_READONLY', 'READ_ONLY'],
  ['SQLITE_READONLY_DBMOVED', 'READ_ONLY'],
  ['SQLITE_TOOBIG', 'LIMIT_EXCEEDED'],
])('%s is %s', (native, code) => {
  expect(errorCode(new Database.SqliteError('a message', native))).toBe(code)
})

test.each([
  ['EACCES', 'PERMISSION_DENIED'],
  ['EDQUOT', 'NO_SPACE'],
  ['EMFILE', 'UNAVAILABLE'],
  ['ENFILE', 'UNAVAILABLE'],
  ['ENOENT', 'INVALID_ARGUMENT'],
  ['ENOSPC', 'NO_SPACE'],
  ['EROFS', 'READ_ONLY'],
  ['EIO', 'UNAVAILABLE'],
])('%s of the file system is %s', (native, code) => {
  expect(errorCode(Object.assign(new Error('a message'), { code: native }))).toBe(code)
})

test('an error of a store keeps its code, and anything else is internal', () => {
  expect(errorCode(new StoreError('NOT_FOUND', 'a message'))).toBe('NOT_FOUND')
  expect(errorCode(new Error('a message'))).toBe('INTERNAL')
  expect(errorCode({ code: 'toString' })).toBe('INTERNAL')
  expect(errorCode(undefined)).toBe('INTERNAL')
})

test('what the schema of Coffer has and the database has not is damage, and so is text that no longer parses', () => {
  const error = (message: string) => errorCode(new Database.SqliteError(message, 'SQLITE_ERROR'))
  expect(error('no such table: notes')).toBe('CORRUPT')
  expect(error('no such column: _version')).toBe('CORRUPT')
  expect(error('table "notes$tags" already exists')).toBe('CORRUPT')
  expect(error('Expression tree is too large (maximum depth 1000)')).toBe('INTERNAL')
  expect(errorCode(new SyntaxError('Unexpected token'))).toBe('CORRUPT')
})

test('the use of a closed connection is CLOSED', () => {
  const database = new Database(':memory:').close()
  expect.assertions(1)
  try {
    database.exec('SELECT 1')
  } catch (error) {
    expect(errorCode(error)).toBe('CLOSED')
  }
})
