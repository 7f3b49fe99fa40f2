/** Stores that change no tables, stores that change nothing, and servers and roles that let nothing be changed. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createStore, defineCollection } from '@coffer/core'
import type { ErrorCode, PostgresOptions } from '@coffer/core/backend'
import { createDatabase, startPostgres } from '@coffer-tooling/postgres'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { postgres } from '../src/index.ts'
import { backendFor } from './backends.ts'
import { type NoteStore, noteStore, notes, prepareNotes, query } from './notes.ts'
import { fileDatabase, freshSchema } from './places.ts'

const database = fileDatabase()

/** The notes once more, with a field that the stored ones lack. */
const widerNotes = defineCollection({
  name: 'notes',
  schema: z.object({ id: z.string(), author: z.string().optional() }),
  key: 'id',
  fields: { author: 'index' },
  softDelete: true,
  history: true,
})

const reads: Readonly<Record<string, (store: NoteStore) => Promise<unknown>>> = {
  get: (store) => store.collection(notes).get('there'),
  getMany: (store) => store.collection(notes).getMany(['there', 'no']),
  find: (store) => store.collection(notes).find(),
  count: (store) => store.collection(notes).count(),
  history: (store) => store.collection(notes).history('there'),
}

const writes: typeof reads = {
  put: (store) => store.collection(notes).put({ id: 'new' }),
  putMany: (store) => store.collection(notes).putMany([{ id: 'new' }, { id: 'newer' }]),
  update: (store) => store.collection(notes).update('there', { note: 'x' }),
  delete: (store) => store.collection(notes).delete('there'),
  cleanup: (store) => store.cleanupExpired(),
  transaction: (store) => store.transaction((inside) => inside.collection(notes).put({ id: 'new' })),
}

const readInTransaction = (store: NoteStore) =>
  store.transaction((inside) => inside.collection(notes).get('there'))

/** Every read answers, and every write is refused. */
async function expectOnlyReads(options: PostgresOptions, code: ErrorCode): Promise<void> {
  await using store = noteStore(options)
  for (const [name, read] of Object.entries(reads)) await expect(read(store), name).resolves.toBeDefined()
  for (const [name, write] of Object.entries(writes)) {
    await expect(write(store), name).rejects.toMatchObject({ code })
  }
  expect(await store.collection(notes).count({}, { includeDeleted: true })).toBe(1)
}

async function tablesIn(schema: string): Promise<number> {
  const { url } = await database()
  return (await query(url, `SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace('${schema}')`)).length
}

describe.each([{ migrate: 'verify' }, { readOnly: true }] as const)('with %o', (option) => {
  test('a schema that is missing is told with the way to make it, and nothing is made', async () => {
    const { url } = await database()
    const schema = freshSchema()
    await using store = noteStore({ connectionString: url, schema, ...option })
    const refusal = {
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/notes.*open the store once with migrate: 'auto'/),
    }
    await expect(store.open()).rejects.toMatchObject(refusal)
    await expect(store.collection(notes).get('a')).rejects.toMatchObject(refusal)
    expect(await query(url, `SELECT 1 FROM pg_namespace WHERE nspname = '${schema}'`)).toEqual([])
  })

  test('a table of another form is told, and stays as it is', async () => {
    const { url } = await database()
    const schema = freshSchema()
    await prepareNotes({ connectionString: url, schema })
    const before = await tablesIn(schema)
    await using store = createStore({ backend: postgres({ connectionString: url, schema, ...option }) })
    await expect(store.collection(widerNotes).count()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect(await tablesIn(schema)).toBe(before)
    await using old = noteStore({ connectionString: url, schema })
    expect(await old.collection(notes).count()).toBe(1)
  })
})

describe('where nothing may be written', () => {
  test('migrate: verify reads and writes all the same', async () => {
    const { url } = await database()
    const schema = freshSchema()
    await prepareNotes({ connectionString: url, schema })
    await using store = noteStore({ connectionString: url, schema, migrate: 'verify' })
    await store.collection(notes).put({ id: 'a' })
    expect(await store.collection(notes).count()).toBe(2)
  })

  test('a store with readOnly: true reads and refuses to write', async () => {
    const { url } = await database()
    const schema = freshSchema()
    await prepareNotes({ connectionString: url, schema })
    await expectOnlyReads({ connectionString: url, schema, readOnly: true }, 'READ_ONLY')
    await expectOnlyReads({ connectionString: url, schema, readOnly: true, max: 1 }, 'READ_ONLY')
    await using store = noteStore({ connectionString: url, schema, readOnly: true })
    await expect(readInTransaction(store)).resolves.toEqual({ id: 'there' })
  })

  test('a role that may only read can do that', async () => {
    const { url, createRole } = await database()
    const schema = freshSchema()
    await prepareNotes({ connectionString: url, schema })
    const role = await createRole({ access: 'read' })
    await expectOnlyReads({ connectionString: role.url, schema }, 'PERMISSION_DENIED')
    await expectOnlyReads({ connectionString: role.url, schema, readOnly: true }, 'READ_ONLY')
  })

  test('a role without rights is told so', async () => {
    const { url, createRole } = await database()
    const schema = freshSchema()
    const role = await createRole()
    await using before = noteStore({ connectionString: role.url, schema })
    const refusal = {
      code: 'PERMISSION_DENIED',
      message: expect.stringMatching(/grant it, or open the store with a role that owns/),
    }
    await expect(before.open()).rejects.toMatchObject(refusal)
    await prepareNotes({ connectionString: url, schema })
    await expect(before.collection(notes).get('there')).rejects.toMatchObject(refusal)
  })

  test('a database whose sessions are read-only from the beginning', async () => {
    const { url, superuserUrl, name } = await database()
    const [schema, empty] = [freshSchema(), freshSchema()]
    await prepareNotes({ connectionString: url, schema })
    await query(superuserUrl, `ALTER DATABASE "${name}" SET default_transaction_read_only = on`)
    try {
      await expectOnlyReads({ connectionString: url, schema }, 'READ_ONLY')
      await using store = noteStore({ connectionString: url, schema: empty })
      await expect(store.open()).rejects.toMatchObject({
        code: 'READ_ONLY',
        message: expect.stringMatching(/connect to the primary with a role that may write/),
      })
    } finally {
      await query(
        superuserUrl,
        'SET default_transaction_read_only = off',
        `ALTER DATABASE "${name}" RESET default_transaction_read_only`,
      )
    }
  })

  test('a standby answers reads and refuses writes', async () => {
    await using server = await startPostgres({ kind: 'embedded' })
    const standing = await createDatabase(server)
    await prepareNotes({ connectionString: standing.url })
    const { process } = server
    if (process === undefined) throw new Error('an embedded server has a process')
    await process.stop('fast')
    // Without a primary to follow it stays where it stopped.
    writeFileSync(join(process.dataDirectory, 'standby.signal'), '')
    await process.start()
    expect(await query(standing.url, 'SELECT pg_is_in_recovery() AS standby')).toEqual([{ standby: true }])
    await expectOnlyReads({ connectionString: standing.url }, 'READ_ONLY')
    await expectOnlyReads({ connectionString: standing.url, max: 1 }, 'READ_ONLY')
    await expectOnlyReads({ connectionString: standing.url, readOnly: true }, 'READ_ONLY')
    const standby = backendFor({ connectionString: standing.url })
    expect((await standby.inspect?.())?.facts).toMatchObject({ is_replica: true })
    // It knows nothing of what is serializable, and less than that is not given silently.
    await using store = noteStore({ connectionString: standing.url })
    await expect(readInTransaction(store)).rejects.toMatchObject({
      code: 'READ_ONLY',
      message: expect.stringMatching(/no transactions: connect to the primary/),
    })
  })
})

test.each([{}, { migrate: 'verify' }, { readOnly: true }] as const)(
  'a table of a higher version is refused with %o, and stays as it is',
  async (options) => {
    const { url } = await database()
    const schema = freshSchema()
    const place = { connectionString: url, schema }
    const newerNotes = defineCollection({
      name: 'notes',
      schema: z.object({ id: z.string(), author: z.string().optional() }),
      key: 'id',
      fields: { author: 'index' },
      version: 2,
      upgrade: { 1: (old) => old },
    })
    await using writer = createStore({ backend: postgres(place) })
    await writer.collection(newerNotes).put({ id: 'a', author: 'ann' })
    const catalog = () =>
      query(
        url,
        `SELECT xmin::text, relname, relnatts FROM pg_class WHERE relnamespace = to_regnamespace('${schema}') ` +
          `ORDER BY relname`,
      )
    const before = await catalog()
    await using older = noteStore({ ...place, ...options })
    await expect(older.collection(notes).count()).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message:
        'notes was written by version 2 of its definition, and this program has version 1: use the newer release',
    })
    expect(await catalog()).toEqual(before)
  },
)
