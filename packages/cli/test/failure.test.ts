import { StoreError } from '@coffer/core'
import { expect, test } from 'vitest'
import { sentenceOf } from '../src/failure.ts'

test.each([
  [
    'the database has no table for notes, and readOnly: true changes nothing: open it once without readOnly',
    'UNSUPPORTED',
    'the database has no table for notes; coffer init makes a store, coffer migrate brings one up to date',
  ],
  [
    "createStore({ type: 'postgresql' }): option 'schema': expected 1 to 48 of a-z, 0-9 and _",
    'INVALID_ARGUMENT',
    "a store of type postgresql: option 'schema': expected 1 to 48 of a-z, 0-9 and _",
  ],
  [
    'the target holds rows: name an empty one, or say update to make it equal to the source',
    'ALREADY_EXISTS',
    'the target holds rows: name an empty one, or say --update to make it equal to the source',
  ],
  [
    './i is full; make room on the disk, or open it with readOnly: true',
    'NO_SPACE',
    './i is full; make room on the disk',
  ],
  [
    "./data can't be opened: EROFS: read-only file system; open it with readOnly: true",
    'READ_ONLY',
    "./data can't be opened: EROFS: read-only file system",
  ],
  [
    'postgresql: pg_dump failed, and its file was removed: see the cause',
    'UNSUPPORTED',
    'postgresql: pg_dump failed, and its file was removed: COFFER_DEBUG=1 shows the cause',
  ],
  [
    'file has no form of its own for backups',
    'UNSUPPORTED',
    'file has no form of its own for backups: leave --native out',
  ],
] as const)('what is for programs is told in the words of commands: %s', (message, code, told) => {
  expect(sentenceOf(new StoreError(code, message, { backend: 'file' }), {})).toBe(told)
})

test.each([
  ['sqlite: the process may not do this here; check owner and mode (EACCES)', 'PERMISSION_DENIED'],
  ['junk.db is not an SQLite database; name another file', 'CORRUPT'],
  ['sqlite: the stored data is damaged; restore a backup (SQLITE_CORRUPT)', 'CORRUPT'],
] as const)('advice is given once: %s', (message, code) => {
  expect(sentenceOf(new StoreError(code, message, { backend: 'sqlite' }), {})).toBe(message)
})
