/** Writing the log back: when it happens, and what becomes of a failure. */

import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkpoint, framesBehind } from '../src/checkpoint.ts'
import { failing } from './failing-connection.ts'
import { AT, group, put } from './layouts.ts'
import { opened, rawConnection, temporaryPath } from './places.ts'

const PASSIVE = 'PRAGMA wal_checkpoint(PASSIVE)'
const NOOP = 'PRAGMA wal_checkpoint(NOOP)'
const FRAME_BYTES = 24 + 4_096
/** Some more than a thousand frames, for they are not counted after each commit. */
const MOST_LOG_BYTES = 2_000 * FRAME_BYTES

test.each([
  [1, 4_000],
  [10, 8_000],
  [100, 40_000],
])('the log is written back again and again, by commits of %d of %d writes', async (size, writes) => {
  const path = temporaryPath()
  const backend = await opened({ path, durability: 'none' })
  for (let written = 0; written < writes; written += size) {
    const groups = Array.from({ length: size }, (_, index) => group(put(`k${written + index}`)))
    await backend.write(groups, AT)
  }
  expect(statSync(`${path}-wal`).size).toBeLessThan(MOST_LOG_BYTES)
  expect(statSync(path).size).toBeGreaterThan(300_000)
})

test('transactions have the log written back as well', async () => {
  const path = temporaryPath()
  const backend = await opened({ path, durability: 'none' })
  const document = JSON.stringify({ id: 'a', text: 'x'.repeat(400_000) })
  for (let index = 0; index < 30; index++) {
    await backend.transaction((transaction) => transaction.write(group(put('a', { document })), AT))
  }
  expect(statSync(`${path}-wal`).size).toBeLessThan(MOST_LOG_BYTES)
})

test('somebody who still reads an older state keeps the rest for the next time', () => {
  const path = temporaryPath()
  const writer = rawConnection(path)
  writer.pragma('journal_mode = WAL')
  writer.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)')
  const reader = rawConnection(path)
  reader.exec('BEGIN')
  reader.prepare('SELECT * FROM t').all()
  writer.exec('INSERT INTO t VALUES (2)')
  const row = writer.prepare<[], number[]>(PASSIVE).raw().get() ?? []
  expect(checkpoint(failing({}, row).connection, 'PASSIVE')).toBe('behind')
  reader.exec('COMMIT')
  const next = writer.prepare<[], number[]>(PASSIVE).raw().get() ?? []
  expect(checkpoint(failing({}, next).connection, 'PASSIVE')).toBe('done')
})

test.each([
  ['SQLITE_IOERR_FSYNC', 'failed', true],
  ['SQLITE_IOERR_WRITE', 'failed', true],
  ['SQLITE_IOERR_READ', 'failed', true],
  ['SQLITE_FULL', 'full', false],
  ['SQLITE_IOERR_SHMSIZE', 'full', false],
  ['SQLITE_BUSY', 'behind', false],
  ['SQLITE_LOCKED', 'behind', false],
  ['SQLITE_CORRUPT', 'behind', false],
])('after %s it is %s, and nothing is thrown', (code, result, isFinal) => {
  const { connection } = failing({ [PASSIVE]: code })
  expect(checkpoint(connection, 'PASSIVE')).toBe(result)
  expect(connection.finalFailure !== undefined).toBe(isFinal)
})

test('a log that can not be measured counts as long', () => {
  expect(framesBehind(failing({ [NOOP]: 'SQLITE_IOERR_READ' }).connection)).toBe(Number.POSITIVE_INFINITY)
  expect(framesBehind(failing({}, [0, 12, 5]).connection)).toBe(7)
})
