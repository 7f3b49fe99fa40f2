/** Opening: files and their modes, formats, layouts that change, and what can't be opened. */

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Backend, isStoreError, type Layout } from '@coffer/core/backend'
import { expect, onTestFinished, type TestContext, test } from 'vitest'
import { createBackend, sqlite } from '../src/index.ts'
import { AT, group, HISTORY_OF_NOTES, NOTES, put } from './layouts.ts'
import { opened, rawConnection, temporaryDirectory, temporaryPath } from './places.ts'

/** The number that Linux gives to nobody. */
const NOBODY = 65_534

/** The code and the sentence of a failed opening. */
async function refusal(backend: Backend, layouts = [NOTES]): Promise<readonly [string, string]> {
  onTestFinished(() => backend.close())
  const error = await backend.open(layouts).catch((reason: unknown) => reason)
  return [backend.errorCode(error), error instanceof Error ? error.message : '']
}

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

/** What somebody without rights is told; root itself may do everything. */
function openAsNobody(context: TestContext, ...words: readonly string[]): string {
  const script = fileURLToPath(new URL('./opening-worker.ts', import.meta.url))
  const rights = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  const child = spawnSync(process.execPath, [script, ...words], { ...rights, encoding: 'utf8' })
  if (child.status === 0) return child.stdout.trim()
  return context.skip(`nobody may not run this: ${child.stderr}`)
}

test('the file and those beside it are private under any umask', async () => {
  const path = temporaryPath()
  const before = process.umask(0)
  onTestFinished(() => {
    process.umask(before)
  })
  const backend = await opened({ path })
  await backend.write([group(put('a'))], AT)
  const modes = readdirSync(dirname(path)).map((name) => [name, mode(join(dirname(path), name))])
  expect(modes).toEqual([
    ['test.db', '600'],
    ['test.db-reserve', '600'],
    ['test.db-shm', '600'],
    ['test.db-wal', '600'],
  ])
})

test('the mode of a file that exists stays', async () => {
  const path = temporaryPath()
  writeFileSync(path, '')
  chmodSync(path, 0o640)
  await opened({ path })
  expect(mode(path)).toBe('640')
})

test('closing leaves the database alone, without a log', async () => {
  const path = temporaryPath()
  const backend = await opened({ path })
  await backend.write([group(put('a'))], AT)
  await backend.close()
  expect(readdirSync(dirname(path))).toEqual(['test.db', 'test.db-reserve'])
})

test('a missing directory, a directory and an odd name are refused with the reason', async () => {
  const directory = temporaryDirectory()
  const missing = await refusal(sqlite({ path: join(directory, 'no', 'test.db') }))
  expect(missing).toEqual(['INVALID_ARGUMENT', expect.stringContaining('does not exist')])
  const isDirectory = await refusal(sqlite({ path: directory }))
  expect(isDirectory).toEqual(['INVALID_ARGUMENT', expect.stringContaining('is a directory')])
  expect((await refusal(sqlite({ path: `${join(directory, 'a.db')} ` })))[0]).toBe('INVALID_ARGUMENT')
  expect(readdirSync(directory)).toEqual([])
})

test('whether a database was ever made is told without making one', async () => {
  const path = temporaryPath()
  expect(await sqlite({ path }).isThere?.()).toBe(false)
  expect(readdirSync(dirname(path))).toEqual([])
  writeFileSync(path, '')
  expect(await sqlite({ path }).isThere?.()).toBe(false)
  expect(statSync(path).size).toBe(0)
  const backend = await opened({ path }, [NOTES])
  for (const each of [backend, sqlite({ path })]) expect(await each.isThere?.()).toBe(true)
  await expect(sqlite({ path: dirname(path) }).isThere?.()).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  })
})

test('in the database of another program nothing is there, and asking changes nothing', async () => {
  const path = temporaryPath()
  const database = rawConnection(path)
  database.exec('CREATE TABLE others (a)')
  database.close()
  const before = readFileSync(path)
  expect(await sqlite({ path }).isThere?.()).toBe(false)
  expect(readdirSync(dirname(path))).toEqual([basename(path)])
  expect(readFileSync(path)).toEqual(before)
})

test('a file that is no database is told by its name and left as it is', async () => {
  const path = temporaryPath()
  writeFileSync(path, 'a letter to somebody, which is longer than any header of a database file\n'.repeat(20))
  const before = readFileSync(path, 'utf8')
  expect(await refusal(sqlite({ path }))).toEqual([
    'CORRUPT',
    `${path} is not an SQLite database; name another file`,
  ])
  expect(readFileSync(path, 'utf8')).toBe(before)
})

test('a symbolic link is refused', async () => {
  const directory = temporaryDirectory()
  symlinkSync(join(directory, 'elsewhere.db'), join(directory, 'test.db'))
  expect((await refusal(sqlite({ path: join(directory, 'test.db') })))[0]).toBe('PERMISSION_DENIED')
  expect(readdirSync(directory)).toEqual(['test.db'])
})

test('a path that looks like a URI is a path', async () => {
  const directory = temporaryDirectory()
  const before = process.cwd
  process.cwd = () => directory
  onTestFinished(() => {
    process.cwd = before
  })
  await opened({ path: 'file:test.db?mode=memory' })
  expect(readdirSync(directory)).toContain('file:test.db?mode=memory')
})

test('a file that is no database is CORRUPT and stays as it is', async () => {
  const path = temporaryPath()
  writeFileSync(path, 'these are not the bytes of a database'.repeat(200))
  const size = statSync(path).size
  expect((await refusal(sqlite({ path })))[0]).toBe('CORRUPT')
  expect(statSync(path).size).toBe(size)
})

test('a file or a directory that may not be written is told, and nothing is made', async (context) => {
  const directory = temporaryDirectory()
  const [path, other] = [join(directory, 'test.db'), join(directory, 'other.db')]
  await (await opened({ path })).close()
  const before = readdirSync(directory)
  chmodSync(directory, 0o755)
  chmodSync(path, 0o444)
  expect(openAsNobody(context, path)).toMatch(/^PERMISSION_DENIED: .*test\.db may not be written/)
  expect(openAsNobody(context, other)).toMatch(/^PERMISSION_DENIED: /)
  // To read it, SQLite has to make files beside it.
  expect(openAsNobody(context, path, 'reading')).toMatch(/^(PERMISSION_DENIED|READ_ONLY): /)
  chmodSync(path, 0o666)
  expect(openAsNobody(context, path)).toMatch(/^PERMISSION_DENIED: .*directory/)
  chmodSync(path, 0o600)
  expect(openAsNobody(context, path, 'reading')).toMatch(/^PERMISSION_DENIED: /)
  expect(readdirSync(directory)).toEqual(before)
})

test('unknown options and an empty memory to be read are refused', () => {
  const make = (options: unknown) => () => createBackend(options as { path: string })
  expect(make({ path: 'a.db', sync: true })).toThrow(/unknown option 'sync'; known are path/)
  expect(make({ path: ':memory:', readOnly: true })).toThrow(/in memory/)
})

test('a newer format is refused by naming both, and nothing is touched', async () => {
  const path = temporaryPath()
  const raw = rawConnection(path)
  raw.exec(`CREATE TABLE _coffer_meta (key TEXT, version INTEGER); INSERT INTO _coffer_meta VALUES ('format', 7);
    CREATE TABLE _coffer_layouts (name TEXT); CREATE TABLE _coffer_floors (layout TEXT)`)
  const [code, message] = await refusal(sqlite({ path }))
  expect(code).toBe('UNSUPPORTED')
  expect(message).toMatch(/format 7.*up to 1/)
  expect(raw.pragma('journal_mode', { simple: true })).toBe('delete')
  expect(raw.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()).toBe(3)
})

test("other programs' tables are left alone, and one with a collection's name is not taken over", async () => {
  const path = temporaryPath()
  const raw = rawConnection(path)
  raw.exec(`CREATE TABLE other (a); INSERT INTO other VALUES (1); CREATE TABLE Notes (a)`)
  expect(await refusal(sqlite({ path }))).toEqual(['UNSUPPORTED', expect.stringContaining('tablePrefix')])
  const backend = await opened({ path, tablePrefix: 'mine_' })
  await backend.write([group(put('a'))], AT)
  expect(raw.prepare('SELECT a FROM other').pluck().get()).toBe(1)
  expect(raw.prepare('SELECT count(*) FROM mine_notes').pluck().get()).toBe(1)
})

test('a warm start changes nothing in the schema', async () => {
  const path = temporaryPath()
  const first = await opened({ path }, [NOTES, HISTORY_OF_NOTES])
  await first.write([group(put('a'))], AT)
  const version = () => rawConnection(path).pragma('schema_version', { simple: true })
  const before = version()
  const blocker = rawConnection(path)
  blocker.exec('BEGIN IMMEDIATE')
  const second = sqlite({ path, busyTimeoutMs: 0 })
  onTestFinished(() => second.close())
  expect(await second.open([HISTORY_OF_NOTES, NOTES])).toEqual([])
  expect(version()).toBe(before)
})

const CHANGED: Layout = {
  ...NOTES,
  fields: [
    { name: 'score', type: 'number', nullable: false },
    { name: 'mood', type: 'text', nullable: false },
    { name: 'labels', type: 'texts', nullable: false },
  ],
  indexes: [[1], [2]],
  documentColumns: [],
  schemaVersion: 2,
}

const all = {
  tenant: 't',
  where: undefined,
  order: [{ field: -1, direction: 'asc' }],
  after: undefined,
  offset: 0,
  limit: 10,
  visibility: 'live',
  withFields: true,
} as const

test.each([false, true])(
  'a changed layout changes its table and asks for its rows (append-only: %s)',
  async (appendOnly) => {
    const path = temporaryPath()
    const before = { ...NOTES, appendOnly }
    const after = { ...CHANGED, appendOnly }
    const first = await opened({ path }, [before])
    const absent = { type: 'absent' } as const
    await first.write(
      [group(put('a', { layout: before, condition: absent, fields: ['ann', null, ['x']] }))],
      AT,
    )
    await first.close()
    // A process that dies before the end leaves the work to the next.
    expect(await sqlite({ path }).open([after])).toEqual(['notes'])
    const second = sqlite({ path })
    onTestFinished(() => second.close())
    expect(await second.open([after])).toEqual(['notes'])
    const row = {
      tenant: 't',
      id: 'a',
      version: 1,
      document: '{"n":2}',
      fields: [3, 'calm', ['l']],
      hash: null,
    }
    await second.reindex(after, [row, { ...row, version: 9, document: '{}' }], false)
    await second.reindex(after, [], true)
    const labelled = { ...all, where: { type: 'hasAll', field: 2, values: ['l'] } } as const
    expect((await second.query(after, labelled, AT)).rows).toMatchObject([
      {
        id: 'a',
        version: 1,
        updatedAt: AT,
        schemaVersion: 2,
        document: '{"n":2}',
        fields: [3, 'calm', ['l']],
      },
    ])
    const names = rawConnection(path)
      .prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'notes%'")
      .pluck()
      .all()
    expect(names).not.toContain('notes$$author')
    expect(names).not.toContain('notes$tags')
    expect(names).toContain('notes$$mood')
    await second.close()
    const third = sqlite({ path })
    onTestFinished(() => third.close())
    expect(await third.open([after])).toEqual([])
  },
)

test.each([
  ['{'],
  ['[]'],
  ['null'],
  [`replace(layout, '"fields"', '"fiends"')`],
  [`replace(layout, '"name":"author"', '"nahe":"author"')`],
  [`replace(layout, '"text"', '"tezt"')`],
  [`replace(layout, '"nullable":true', '"nullable":7')`],
  [`replace(layout, '[[0],', '[[8],')`],
  [`replace(layout, '["title"]', '[5]')`],
])('a damaged note of the form of a table is told: %s', async (damage) => {
  const path = temporaryPath()
  await (await opened({ path })).close()
  const value = damage.startsWith('replace') ? damage : `'${damage}'`
  const changed = rawConnection(path).prepare(
    `UPDATE _coffer_layouts SET layout = ${value} WHERE layout <> ${value}`,
  )
  expect(changed.run().changes).toBe(1)
  expect(await refusal(sqlite({ path }))).toEqual(['CORRUPT', expect.stringContaining('the form of notes')])
})

test('a changed index alone needs no rewriting, and finds the rows', async () => {
  const path = temporaryPath()
  const first = await opened({ path })
  await first.write([group(put('a', { fields: ['ann', 1, ['x']] }))], AT)
  await first.close()
  const changed = { ...NOTES, indexes: [[1, 0]], documentColumns: ['other'] }
  const second = sqlite({ path })
  onTestFinished(() => second.close())
  expect(await second.open([changed])).toEqual([])
  const where = { type: 'hasAny', field: 2, values: ['x', 'y'] } as const
  expect((await second.query(changed, { ...all, where }, AT)).rows).toMatchObject([{ id: 'a' }])
})

test('a layout with fields of a history keeps apart from the history', async () => {
  const history: Layout['fields'][number] = { name: 'history', type: 'texts', nullable: false }
  const layout: Layout = { ...NOTES, fields: [history], indexes: [], history: HISTORY_OF_NOTES }
  const backend = await opened({ path: ':memory:' }, [layout, HISTORY_OF_NOTES])
  await backend.write([group(put('a', { layout, fields: [['x']] }))], AT)
  expect(await backend.tenants(HISTORY_OF_NOTES)).toEqual(['t'])
})

test('a store for reading reads, makes nothing and refuses to write', async () => {
  const path = temporaryPath()
  expect((await refusal(sqlite({ path, readOnly: true })))[0]).toBe('NOT_FOUND')
  const writer = await opened({ path })
  await writer.write([group(put('a'))], AT)
  const reader = await opened({ path, readOnly: true })
  expect((await reader.read(NOTES, [put('a'), put('b')]))[0]?.id).toBe('a')
  const failure = await reader.write([group(put('b'))], AT).catch((error: unknown) => error)
  expect(isStoreError(failure, 'READ_ONLY')).toBe(true)
  const seen = await reader.transaction((transaction) => transaction.query(NOTES, all, AT))
  expect(seen.rows).toHaveLength(1)
  const inside = reader.transaction((transaction) => transaction.write(group(put('b')), AT))
  expect(isStoreError(await inside.catch((error: unknown) => error), 'READ_ONLY')).toBe(true)
  const other = await refusal(sqlite({ path, readOnly: true }), [CHANGED, HISTORY_OF_NOTES])
  expect(other).toEqual(['UNSUPPORTED', expect.stringContaining('notes, notes__history')])
})

test('a failed opening can be tried again', async () => {
  const path = join(temporaryDirectory(), 'later', 'test.db')
  const backend = sqlite({ path })
  expect((await refusal(backend))[0]).toBe('INVALID_ARGUMENT')
  mkdirSync(dirname(path))
  expect(await backend.open([NOTES])).toEqual([])
})

test('nothing is open after many openings', async () => {
  const path = temporaryPath()
  const descriptors = () => readdirSync('/proc/self/fd').length
  const open = async () => {
    const backend = sqlite({ path, durability: 'none' })
    await backend.open([NOTES])
    await backend.close()
    await backend.close()
  }
  await open()
  const before = descriptors()
  for (let index = 0; index < 100; index++) await open()
  expect(descriptors()).toBe(before)
})
