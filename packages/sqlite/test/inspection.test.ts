/** Looking at a place: facts and sizes of real files, and troubles that are really there. */

import { chmodSync, rmSync, statSync } from 'node:fs'
import type { Backend, Check, Inspection, Layout } from '@coffer/core/backend'
import { expect, test } from 'vitest'
import { AT, group, HISTORY_OF_NOTES, NOTES, put } from './layouts.ts'
import { opened, rawConnection, temporaryPath } from './places.ts'

const ENTRIES: Layout = { ...HISTORY_OF_NOTES, name: 'entries', appendOnly: true }

async function inspected(backend: Backend): Promise<Inspection> {
  const inspection = await backend.inspect?.()
  if (inspection === undefined) throw new Error('the backend tells nothing')
  return inspection
}

/** What is not good, but for the disk of the machine that this runs on. */
async function troubles(backend: Backend): Promise<readonly Pick<Check, 'topic' | 'state'>[]> {
  const { checks } = await inspected(backend)
  return checks
    .filter(({ state, topic }) => state !== 'good' && topic !== 'disk')
    .map(({ topic, state }) => ({ topic, state }))
}

test('a new database is sound, and says what it is', async () => {
  const path = temporaryPath()
  const backend = await opened({ path }, [NOTES, ENTRIES])
  expect(await troubles(backend)).toEqual([])
  const { engine, facts, clock } = await inspected(backend)
  expect(engine).toMatch(/^SQLite 3\.\d+\.\d+$/)
  expect(facts).toMatchObject({ path, format: 1, journal_mode: 'wal', synchronous: 2, durability: 'power' })
  expect(clock).toBeNull()
})

test('rows of a small database are counted, and bytes are those of tables and indexes', async () => {
  const path = temporaryPath()
  const backend = await opened({ path }, [NOTES, ENTRIES])
  const groups = Array.from({ length: 300 }, (_, n) =>
    group(put(`${n}`, { fields: ['ann', null, [`t${n}`]] })),
  )
  await backend.write(groups, AT)
  const { sizes, bytes } = await inspected(backend)
  expect(sizes).toMatchObject([
    { layout: 'entries', rows: 0, isEstimate: false },
    { layout: 'notes', rows: 300, isEstimate: false },
  ])
  const database = rawConnection(path)
  const pages = database.prepare(`SELECT count(*) * 4096 FROM dbstat WHERE name LIKE '%notes%'`).pluck().get()
  expect(sizes[1]?.bytes).toBe(pages)
  const files = ['', '-wal', '-shm', '-reserve'].map((end) => statSync(`${path}${end}`).size)
  expect(bytes).toBe(files.reduce((sum, size) => sum + size, 0))
})

test('rows of a large database are estimated', async () => {
  const backend = await opened({ path: temporaryPath(), durability: 'none' })
  const document = JSON.stringify({ text: 'x'.repeat(6 * 1_024 * 1_024) })
  for (let n = 0; n < 12; n++) await backend.write([group(put(`${n}`, { document }))], AT)
  const { sizes } = await inspected(backend)
  expect(sizes).toEqual([{ layout: 'notes', rows: 12, isEstimate: true, bytes: null }])
})

test('rows of a large database are counted where all are asked for, and their states up to a limit where not', async () => {
  const path = temporaryPath()
  const backend = await opened({ path, durability: 'none' })
  const document = JSON.stringify({ text: 'x'.repeat(6 * 1_024 * 1_024) })
  for (let n = 0; n < 12; n++) await backend.write([group(put(`${n}`, { document }))], AT)
  rawConnection(path).exec(
    `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10001)
     INSERT INTO notes (author, tags, _tenant, _id, _version, _schema_version, _created_at, _updated_at, _expires_at, _doc)
     SELECT 'a', '[]', 't', 'n' || n, 1, 1, 0, 0, ${AT}, '{}' FROM numbers`,
  )
  const states = async (exact: boolean) => (await backend.inspect?.({ at: AT, exact }))?.sizes[0]
  expect(await states(false)).toMatchObject({
    isEstimate: true,
    states: { expired: 10_000, deleted: 0, countedTo: 10_000 },
  })
  expect(await states(true)).toMatchObject({
    rows: 10_013,
    isEstimate: false,
    states: { expired: 10_001, deleted: 0, countedTo: undefined },
  })
})

test('the statistics of the planner are taken before the highest number of a row', async () => {
  const path = temporaryPath()
  const backend = await opened({ path, durability: 'none' })
  const document = JSON.stringify({ text: 'x'.repeat(6 * 1_024 * 1_024) })
  for (let n = 0; n < 12; n++) await backend.write([group(put(`${n}`, { document }))], AT)
  rawConnection(path).exec(
    `ANALYZE sqlite_schema; INSERT INTO sqlite_stat1 VALUES ('notes', 'notes$$author', '9000 10 1')`,
  )
  expect((await inspected(backend)).sizes).toMatchObject([{ rows: 9_000, isEstimate: true }])
})

test('a database in memory is looked at as well', async () => {
  const backend = await opened({ path: ':memory:' })
  expect(await troubles(backend)).toEqual([])
  expect((await inspected(backend)).facts).toMatchObject({
    path: ':memory:',
    durability: 'none',
    wal_bytes: 0,
  })
})

test('a store that only reads is sound', async () => {
  const path = temporaryPath()
  await (await opened({ path })).close()
  expect(await troubles(await opened({ path, readOnly: true }))).toEqual([])
})

test('a durability that was asked to be less is told', async () => {
  const backend = await opened({ path: temporaryPath(), durability: 'none' })
  expect(await troubles(backend)).toEqual([{ topic: 'durability', state: 'bad' }])
})

test('a reader that holds an old state keeps the log long', async () => {
  const path = temporaryPath()
  const backend = await opened({ path, durability: 'process' })
  const reader = rawConnection(path)
  reader.exec('BEGIN')
  reader.prepare('SELECT * FROM notes').all()
  const document = JSON.stringify({ text: 'x'.repeat(8 * 1_024 * 1_024) })
  for (let n = 0; n < 9; n++) await backend.write([group(put(`${n}`, { document }))], AT)
  expect(await troubles(backend)).toContainEqual({ topic: 'log', state: 'warning' })
})

test('pages that hold nothing are told when they are many', async () => {
  const backend = await opened({ path: temporaryPath() })
  const document = JSON.stringify({ text: 'x'.repeat(20 * 1_024 * 1_024) })
  await backend.write([group(put('a', { document }))], AT)
  const removal = { ...put('a'), type: 'delete', mode: 'hard' } as const
  await backend.write([group(removal)], AT)
  expect(await troubles(backend)).toEqual([{ topic: 'free pages', state: 'warning' }])
})

test.each(['', '-wal', '-reserve'])('rights of others on the file%s are told', async (end) => {
  const path = temporaryPath()
  const backend = await opened({ path })
  chmodSync(`${path}${end}`, 0o644)
  expect(await troubles(backend)).toEqual([{ topic: 'permissions', state: 'bad' }])
})

test('a reserve that is gone is told', async () => {
  const path = temporaryPath()
  const backend = await opened({ path })
  rmSync(`${path}-reserve`)
  expect(await troubles(backend)).toEqual([{ topic: 'reserve', state: 'warning' }])
})

test.each([
  ['tables', 'DROP TABLE notes'],
  ['index', 'DROP INDEX "notes$$author"'],
  ['index', 'DROP TABLE "notes$tags"'],
  ['guards', 'DROP TRIGGER "entries$$$append$delete"'],
])('%s are bad after %s', async (topic, statement) => {
  const path = temporaryPath()
  const backend = await opened({ path }, [NOTES, ENTRIES])
  rawConnection(path).exec(statement)
  expect(await troubles(backend)).toEqual([{ topic, state: 'bad' }])
})

test('rows that await their rewriting are told', async () => {
  const path = temporaryPath()
  const before = await opened({ path })
  await before.write([group(put('a'))], AT)
  const backend = await opened({ path }, [{ ...NOTES, schemaVersion: 2 }])
  expect(await troubles(backend)).toEqual([{ topic: 'layouts', state: 'warning' }])
})

test('a file that was taken out of WAL mode is told', async () => {
  const path = temporaryPath()
  await (await opened({ path })).close()
  rawConnection(path).pragma('journal_mode = DELETE')
  expect(await troubles(await opened({ path, readOnly: true }))).toEqual([
    { topic: 'journal', state: 'warning' },
  ])
})
