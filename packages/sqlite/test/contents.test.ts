/** All that a database holds: what the suite can't see of reading it as one state, replacing it and copying it. */

import { existsSync, lstatSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Backend, Contents, HeldLayout, Layout, NewRow } from '@coffer/core/backend'
import { expect, test } from 'vitest'
import { sqlite } from '../src/index.ts'
import { AT, group, HISTORY_OF_NOTES, NOTES, put } from './layouts.ts'
import { opened, rawConnection, temporaryDirectory, temporaryPath } from './places.ts'
import { smallDisk } from './small-disks.ts'

const ENTRIES: Layout = { ...HISTORY_OF_NOTES, name: 'entries', appendOnly: true }

function row(id: string, change: Partial<NewRow> = {}): NewRow {
  return {
    tenant: 't',
    id,
    document: JSON.stringify({ id }),
    schemaVersion: 1,
    hash: null,
    version: 3,
    createdAt: AT,
    updatedAt: AT,
    expiresAt: null,
    deletedAt: null,
    fields: ['ann', 1.5, ['a', 'b']],
    ...change,
  }
}

function contentsOf({ contents }: Backend): Contents {
  if (contents === undefined) throw new Error('the backend has no contents')
  return contents
}

const held = (...layouts: readonly Layout[]): readonly HeldLayout[] =>
  layouts.map((layout) => ({ layout: { ...layout, history: undefined }, stale: false }))

/** What SQLite holds, as text: the schema and the rows of each table. */
function dump(path: string): readonly string[] {
  const database = rawConnection(path)
  const objects = database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2').raw().all()
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")
    .pluck()
    .all()
  const rows = tables.map((name) =>
    database
      .prepare(`SELECT * FROM "${String(name)}"`)
      .raw()
      .all(),
  )
  return [JSON.stringify(objects), JSON.stringify(rows)]
}

test('a snapshot in memory is a copy, beside which writes go on', async () => {
  const backend = await opened({ path: ':memory:' })
  await backend.write([group(put('a'))], AT)
  const rows = await contentsOf(backend).snapshot(async (snapshot) => {
    await backend.write([group(put('b'))], AT)
    return snapshot.rows(NOTES, undefined, 10)
  })
  expect(rows.map(({ id }) => id)).toEqual(['a'])
  expect(await backend.read(NOTES, [put('b')])).toMatchObject([{ id: 'b' }])
})

test('closing waits for snapshots, which read to their end', async () => {
  const backend = await opened({ path: temporaryPath() })
  await backend.write([group(put('a'))], AT)
  const { promise: isClosing, resolve } = Promise.withResolvers<void>()
  const reading = contentsOf(backend).snapshot(async (snapshot) => {
    await isClosing
    return snapshot.rows(NOTES, undefined, 10)
  })
  const closing = backend.close()
  resolve()
  expect(await reading).toHaveLength(1)
  await closing
})

test('a snapshot that has ended answers nothing', async () => {
  const contents = contentsOf(await opened({ path: temporaryPath() }))
  const snapshot = await contents.snapshot(async (it) => it)
  await expect(snapshot.rows(NOTES, undefined, 1)).rejects.toMatchObject({ code: 'TRANSACTION_CLOSED' })
})

test('pages go on behind rows of other tenants, however they are cut', async () => {
  const backend = await opened({ path: temporaryPath() })
  const contents = contentsOf(backend)
  const rows = ['t', 'u'].flatMap((tenant) =>
    Array.from({ length: 600 }, (_, n) => row(`${1_000 + n}`, { tenant })),
  )
  await contents.merge(NOTES, { put: rows, remove: [], floors: [] })
  await contents.snapshot(async (snapshot) => {
    expect(await snapshot.rows(NOTES, undefined, 5_000)).toEqual(rows)
    expect(await snapshot.rows(NOTES, rows[598], 3)).toEqual(rows.slice(599, 602))
  })
})

test('the event loop goes on while rows are loaded', async () => {
  const contents = contentsOf(await opened({ path: ':memory:' }, []))
  let turns = 0
  const ticking = setInterval(() => {
    turns += 1
  }, 0)
  const rows = Array.from({ length: 20_000 }, (_, n) => row(`${n}`))
  await contents.replace({ layouts: held(NOTES), onlyIfEmpty: true }, (loader) => loader.rows(NOTES, rows))
  clearInterval(ticking)
  expect(turns).toBeGreaterThan(5)
})

test('replacing takes side tables along, and leaves what is not of this store', async () => {
  const path = temporaryPath()
  const other = await opened({ path, tablePrefix: 'other_' })
  await other.write([group(put('o'))], AT)
  const database = rawConnection(path)
  database.exec('CREATE TABLE notes_of_mine (a); INSERT INTO notes_of_mine VALUES (1)')
  const backend = await opened({ path })
  await backend.write([group(put('a', { fields: ['ann', null, ['old']] }))], AT)
  const contents = contentsOf(backend)
  await contents.replace({ layouts: held(NOTES), onlyIfEmpty: false }, (loader) =>
    loader.rows(NOTES, [row('b')]),
  )
  expect(database.prepare('SELECT value FROM "notes$tags"').pluck().all()).toEqual(['a', 'b'])
  expect(database.prepare('SELECT a FROM notes_of_mine').pluck().all()).toEqual([1])
  expect(await other.read(NOTES, [put('o')])).toMatchObject([{ id: 'o' }])
  await backend.write([group(put('c', { fields: ['ann', null, ['c']] }))], AT)
  expect(await contents.layouts()).toEqual(held(NOTES))
  expect(await backend.check?.()).toEqual([])
})

test('what the database says of a layout may be damaged: it is CORRUPT to read, and can be replaced', async () => {
  const path = temporaryPath()
  await opened({ path })
  rawConnection(path).exec(`UPDATE _coffer_layouts SET layout = '{'`)
  const contents = contentsOf(await opened({ path }, []))
  await expect(contents.layouts()).rejects.toMatchObject({ code: 'CORRUPT' })
  await contents.replace({ layouts: held(ENTRIES), onlyIfEmpty: true }, async () => undefined)
  expect(await contents.layouts()).toEqual(held(ENTRIES))
})

test('a replacement that fails leaves every byte of schema and rows', async () => {
  const path = temporaryPath()
  const backend = await opened({ path }, [NOTES, ENTRIES])
  await backend.write([group(put('a', { fields: ['ann', 2, ['x']] }))], AT)
  const before = dump(path)
  const replacing = contentsOf(backend).replace(
    { layouts: held(NOTES), onlyIfEmpty: false },
    async (loader) => {
      await loader.rows(NOTES, [row('b')])
      throw new Error('the archive ends here')
    },
  )
  await expect(replacing).rejects.toThrow('the archive ends here')
  expect(dump(path)).toEqual(before)
})

test('a replacement that was refused a row is undone, whatever the callback makes of it', async () => {
  const path = temporaryPath()
  const backend = await opened({ path })
  const before = dump(path)
  const replacement = { layouts: held(NOTES), onlyIfEmpty: true }
  const replacing = contentsOf(backend).replace(replacement, async (loader) => {
    await expect(loader.rows(NOTES, [row('b'), row('b')])).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })
  await expect(replacing).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
  expect(dump(path)).toEqual(before)
})

test('a loader that has ended takes nothing', async () => {
  const contents = contentsOf(await opened({ path: temporaryPath() }))
  const loader = await contents.replace({ layouts: held(NOTES), onlyIfEmpty: true }, async (it) => it)
  await expect(loader.rows(NOTES, [row('a')])).rejects.toMatchObject({ code: 'TRANSACTION_CLOSED' })
})

test('the log is cut off after a replacement', async () => {
  const path = temporaryPath()
  const contents = contentsOf(await opened({ path }))
  const rows = Array.from({ length: 5_000 }, (_, n) => row(`${n}`))
  await contents.replace({ layouts: held(NOTES), onlyIfEmpty: true }, (loader) => loader.rows(NOTES, rows))
  expect(statSync(`${path}-wal`).size).toBe(0)
})

test('a replacement that does not fit on the disk is NO_SPACE and changes nothing', async (context) => {
  const disk =
    smallDisk('4m') ?? context.skip('a small file system could not be mounted here: that takes root')
  const path = join(disk, 'test.db')
  const backend = await opened({ path })
  await backend.write([group(put('a'))], AT)
  const before = dump(path)
  const document = JSON.stringify({ text: 'x'.repeat(20_000) })
  const rows = Array.from({ length: 300 }, (_, n) => row(`${n}`, { document }))
  const error = await contentsOf(backend)
    .replace({ layouts: held(NOTES), onlyIfEmpty: false }, (loader) => loader.rows(NOTES, rows))
    .catch((reason: unknown) => reason)
  expect(backend.errorCode(error)).toBe('NO_SPACE')
  expect(dump(path)).toEqual(before)
  expect(await backend.write([group(put('b'))], AT)).toMatchObject([{ ok: true }])
})

test('a merge over entries of an append-only table leaves the guards in place', async () => {
  const path = temporaryPath()
  const contents = contentsOf(await opened({ path }, [ENTRIES]))
  const entry = row('e', { fields: ['k', 1, AT, 'put'] })
  await contents.merge(ENTRIES, { put: [entry], remove: [], floors: [] })
  await contents.merge(ENTRIES, { put: [{ ...entry, version: 4 }], remove: [], floors: [] })
  const database = rawConnection(path)
  expect(database.prepare('SELECT _version FROM entries').pluck().all()).toEqual([4])
  expect(() => database.exec('DELETE FROM entries')).toThrow('may be added, never changed or removed')
})

test('a merge that only adds to an append-only table changes no schema', async () => {
  const path = temporaryPath()
  const contents = contentsOf(await opened({ path }, [ENTRIES]))
  const database = rawConnection(path)
  const before = database.pragma('schema_version', { simple: true })
  await contents.merge(ENTRIES, { put: [row('e', { fields: ['k', 1, AT, 'put'] })], remove: [], floors: [] })
  expect(database.pragma('schema_version', { simple: true })).toBe(before)
})

test('the statements between two forms are those that opening runs', async () => {
  const contents = contentsOf(await opened({ path: ':memory:', tablePrefix: 'p_' }, []))
  expect(contents.statements?.(undefined, ENTRIES)[0]).toMatch(/^CREATE TABLE "p_entries"/)
  expect(contents.statements?.({ ...NOTES, indexes: [[1], [0, 1], [2]] }, NOTES)).toEqual([
    'CREATE INDEX "p_notes$$author" ON "p_notes" ("_tenant", "author", "_id")',
  ])
})

test('a copy is one state, private, and whole, while writers go on', async () => {
  const path = temporaryPath()
  const backend = await opened({ path, durability: 'none' })
  const many = Array.from({ length: 3_000 }, (_, n) =>
    group(put(`${n}`, { document: `{"x":"${'x'.repeat(900)}"}` })),
  )
  await backend.write(many, AT)
  const target = join(dirname(path), 'copy.db')
  const copying = contentsOf(backend).nativeBackup?.(target)
  let written = 0
  const writing = (async () => {
    for (; written < 50; written++) await backend.write([group(put(`later ${written}`))], AT)
  })()
  expect(await copying).toBe('sqlite')
  await writing
  expect((statSync(target).mode & 0o777).toString(8)).toBe('600')
  expect(readdirSync(dirname(path)).filter((name) => name.startsWith('copy'))).toEqual(['copy.db'])
  const copy = await opened({ path: target })
  expect(await copy.count(NOTES, { tenant: 't', where: undefined, visibility: 'any' }, AT)).toBe(3_000)
  expect(await copy.check?.()).toEqual([])
})

test('a copy is read without any file beside it, so that its folder may be for reading only', async () => {
  const backend = await opened({ path: temporaryPath() })
  await backend.write([group(put('a'))], AT)
  const folder = temporaryDirectory()
  const path = join(folder, 'copy.db')
  await contentsOf(backend).nativeBackup?.(path)
  const copy = await opened({ path, readOnly: true })
  expect(await copy.read(NOTES, [put('a')])).toMatchObject([{ id: 'a' }])
  expect(readdirSync(folder)).toEqual(['copy.db'])
})

test('a database in memory is copied into a file', async () => {
  const backend = await opened({ path: ':memory:' })
  await backend.write([group(put('a'))], AT)
  const target = temporaryPath()
  await contentsOf(backend).nativeBackup?.(target)
  expect(await (await opened({ path: target })).read(NOTES, [put('a')])).toMatchObject([{ id: 'a' }])
})

test('a copy is stopped between two steps, and nothing is left of it', async () => {
  const backend = await opened({ path: temporaryPath(), durability: 'none' })
  await backend.write([group(put('a', { document: JSON.stringify({ text: 'x'.repeat(8_000_000) }) }))], AT)
  const folder = temporaryDirectory()
  const stop = new AbortController()
  const copying = contentsOf(backend).nativeBackup?.(join(folder, 'copy.db'), { signal: stop.signal })
  stop.abort()
  await expect(copying).rejects.toMatchObject({ code: 'ABORTED' })
  expect(readdirSync(folder)).toEqual([])
})

test('a copy goes over nothing, and through no symbolic link', async () => {
  const contents = contentsOf(await opened({ path: ':memory:' }))
  const folder = temporaryDirectory()
  const [there, link, journal] = ['there.db', 'link.db', 'new.db-journal'].map((name) => join(folder, name))
  writeFileSync(there ?? '', 'mine')
  symlinkSync(join(folder, 'nowhere'), link ?? '')
  writeFileSync(journal ?? '', 'left')
  for (const name of ['there.db', 'link.db', 'new.db']) {
    await expect(contents.nativeBackup?.(join(folder, name))).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    })
  }
  expect(readdirSync(folder).sort()).toEqual(['link.db', 'new.db-journal', 'there.db'])
  expect(lstatSync(link ?? '').isSymbolicLink()).toBe(true)
})

test.each(['', ' a.db', 'a\0.db', '/no/such/directory/a.db'])('%j is no path for a copy', async (path) => {
  const contents = contentsOf(await opened({ path: ':memory:' }))
  await expect(contents.nativeBackup?.(path)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('a copy that does not fit on the disk leaves nothing there', async (context) => {
  const disk =
    smallDisk('1m') ?? context.skip('a small file system could not be mounted here: that takes root')
  const backend = await opened({ path: temporaryPath(), durability: 'none' })
  await backend.write([group(put('a', { document: JSON.stringify({ text: 'x'.repeat(3_000_000) }) }))], AT)
  const error = await contentsOf(backend)
    .nativeBackup?.(join(disk, 'copy.db'))
    .catch((reason: unknown) => reason)
  expect(backend.errorCode(error)).toBe('NO_SPACE')
  expect(readdirSync(disk)).toEqual([])
})

test('everything is read, and nothing filled, where the store is read-only', async () => {
  const path = temporaryPath()
  await (await opened({ path })).close()
  const contents = contentsOf(await opened({ path, readOnly: true }))
  expect(await contents.layouts()).toEqual(held(NOTES))
  expect(await contents.snapshot((snapshot) => snapshot.rows(NOTES, undefined, 5))).toEqual([])
  const replacing = contents.replace({ layouts: [], onlyIfEmpty: true }, async () => undefined)
  await expect(replacing).rejects.toMatchObject({ code: 'READ_ONLY' })
  expect(existsSync(path)).toBe(true)
})

test('where nothing was made there is nothing', async () => {
  const path = temporaryPath()
  writeFileSync(path, '')
  const contents = contentsOf(await opened({ path, readOnly: true }, []))
  expect(await contents.layouts()).toEqual([])
  expect(await contents.snapshot(async ({ layouts }) => layouts)).toEqual([])
  expect(sqlite({ path }).capabilities.contents).toBe(true)
})
