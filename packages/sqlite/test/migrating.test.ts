/** Changing tables that hold rows: who is killed at it leaves the old form or the new one, and others go on. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createStore } from '@coffer/core'
import type { Backend, Layout } from '@coffer/core/backend'
import { expect, onTestFinished, test } from 'vitest'
import { sqlite } from '../src/index.ts'
import { AT, group, NOTES, put } from './layouts.ts'
import { CHANGES, PEOPLE, person } from './people.ts'
import { opened, rawConnection, temporaryPath } from './places.ts'

const PEOPLE_COUNT = 2_000
const KILLS = 4

/** A closed database that holds the people; answers its path. */
async function populated(): Promise<string> {
  const path = temporaryPath()
  const store = createStore({ backend: sqlite({ path, durability: 'none' }) })
  await store.collection(PEOPLE).putMany(Array.from({ length: PEOPLE_COUNT }, (_, n) => person(n)))
  await store.close()
  return path
}

/** Lets a process change the people, and kills it after a time; answers how long it took. */
async function migrate(
  path: string,
  change: string,
  killAfterMs = Number.POSITIVE_INFINITY,
): Promise<number> {
  const script = fileURLToPath(new URL('./migrating-worker.ts', import.meta.url))
  const child = spawn(process.execPath, [script, path, change], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  await once(child.stdout, 'data')
  const begun = performance.now()
  const killing = Number.isFinite(killAfterMs) && setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  const [code] = await closed
  if (killing) clearTimeout(killing)
  else expect(code).toBe(0)
  return performance.now() - begun
}

async function copyOf(path: string, name: string): Promise<string> {
  const target = join(dirname(path), name)
  const backend = await opened({ path, readOnly: true }, [])
  await backend.contents?.nativeBackup?.(target)
  await backend.close()
  return target
}

/** The fields of the people in the file. */
async function fieldsIn(path: string): Promise<readonly string[]> {
  const backend = sqlite({ path, readOnly: true })
  onTestFinished(() => backend.close())
  await backend.open([])
  expect(await backend.check()).toEqual([])
  const [held] = (await backend.contents?.layouts()) ?? []
  expect(rawConnection(path).prepare('SELECT count(*) FROM people').pluck().get()).toBe(PEOPLE_COUNT)
  await backend.close()
  return held?.layout.fields.map(({ name }) => name) ?? []
}

test.each(['added', 'rebuilt'] as const)(
  'a kill in the midst leaves the old form or the new, and the next opening ends the work: %s',
  async (change) => {
    const original = await populated()
    const forms = [PEOPLE, CHANGES[change]].map((definition) => definition.fields.map(({ name }) => name))
    const wholeMs = await migrate(await copyOf(original, 'whole.db'), change)
    for (let kill = 0; kill < KILLS; kill++) {
      const path = await copyOf(original, `killed-${kill}.db`)
      await migrate(path, change, (wholeMs * kill) / KILLS)
      expect(forms).toContainEqual(await fieldsIn(path))
      const store = createStore({ backend: sqlite({ path, durability: 'none' }) })
      const people = store.collection(CHANGES[change])
      expect(await people.count({ age: 7 })).toBe(23)
      expect(await people.count({ tags: { has: 'tag 3' } })).toBe(PEOPLE_COUNT / 5)
      await store.close()
    }
  },
  120_000,
)

const WIDER: Layout = {
  ...NOTES,
  fields: [...NOTES.fields, { name: 'mood', type: 'text', nullable: false }],
  indexes: [...NOTES.indexes, [3]],
}

async function ids(backend: Backend, layout: Layout): Promise<readonly string[]> {
  const rows = await backend.contents?.snapshot((snapshot) => snapshot.rows(layout, undefined, 10))
  return rows?.map(({ id }) => id) ?? []
}

test('a new field is added to the table that is there, and its rows stay where they are', async () => {
  const path = temporaryPath()
  const before = await opened({ path })
  await before.write([group(put('a', { fields: ['ann', 1, ['x']] }))], AT)
  const database = rawConnection(path)
  const rootPage = () =>
    database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'notes'").pluck().get()
  const root = rootPage()
  expect(await (await opened({ path }, [WIDER])).open([WIDER])).toEqual(['notes'])
  expect(rootPage()).toBe(root)
  expect(database.prepare('SELECT author, score, tags, mood FROM notes').raw().all()).toEqual([
    ['ann', 1, '["x"]', ''],
  ])
})

test('an opener that does not know a new field reads and writes on', async () => {
  const path = temporaryPath()
  const before = await opened({ path })
  const after = await opened({ path }, [WIDER])
  await before.write([group(put('a', { fields: ['ann', 1, ['x']] }))], AT)
  await after.write([group(put('b', { layout: WIDER, fields: ['bob', 2, [], 'calm'] }))], AT)
  expect(await ids(before, NOTES)).toEqual(['a', 'b'])
  expect(await ids(after, WIDER)).toEqual(['a', 'b'])
})

test.each([
  ['a field is added', WIDER],
  ['a table is rebuilt', { ...WIDER, fields: WIDER.fields.toReversed().slice(0, 3), indexes: [] }],
])('who reads an older state goes on while %s', async (_, layout) => {
  const path = temporaryPath()
  const reader = await opened({ path })
  await reader.write([group(put('a'))], AT)
  const seen = await reader.contents?.snapshot(async (snapshot) => {
    const before = await snapshot.rows(NOTES, undefined, 10)
    await opened({ path }, [layout])
    return [before, await snapshot.rows(NOTES, undefined, 10)]
  })
  expect(seen?.[0]).toEqual(seen?.[1])
  expect(seen?.[0]).toMatchObject([{ id: 'a', fields: ['ann', null, []] }])
})

test("with migrate: 'verify' nothing is made, changed or rewritten", async () => {
  const path = temporaryPath()
  const open = async (layout: Layout) => {
    const backend = sqlite({ path, migrate: 'verify' })
    onTestFinished(() => backend.close())
    const error = await backend.open([layout]).catch((reason: unknown) => reason)
    return error instanceof Error ? `${backend.errorCode(error)}: ${error.message}` : error
  }
  expect(await open(NOTES)).toContain('UNSUPPORTED: there is no database')
  const writer = await opened({ path })
  await writer.write([group(put('a'))], AT)
  expect(await open(NOTES)).toEqual([])
  const refused =
    /^UNSUPPORTED: .* for notes, and migrate: 'verify' changes nothing: open it once with migrate: 'auto'/
  expect(await open(WIDER)).toMatch(refused)
  await opened({ path }, [WIDER])
  expect(await open(WIDER)).toMatch(refused)
  await writer.reindex(WIDER, [], true)
  expect(await open(WIDER)).toEqual([])
})

test('a store that only verifies writes records', async () => {
  const path = temporaryPath()
  await (await opened({ path })).close()
  const backend = await opened({ path, migrate: 'verify' })
  expect(await backend.write([group(put('a'))], AT)).toMatchObject([{ ok: true }])
})

test.each([{}, { migrate: 'verify' }, { readOnly: true }] as const)(
  'a table of a higher version is refused with %o, and the file stays as it is',
  async (options) => {
    const path = temporaryPath()
    const writer = await opened({ path }, [{ ...WIDER, schemaVersion: 2 }])
    await writer.close()
    const rows = 'SELECT name, sql FROM sqlite_schema UNION ALL SELECT name, layout FROM _coffer_layouts'
    const before = rawConnection(path).prepare(rows).all()
    const older = sqlite({ path, ...options })
    onTestFinished(() => older.close())
    await expect(older.open([NOTES])).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message:
        'notes was written by version 2 of its definition, and this program has version 1: use the newer release',
    })
    expect(rawConnection(path).prepare(rows).all()).toEqual(before)
  },
)
