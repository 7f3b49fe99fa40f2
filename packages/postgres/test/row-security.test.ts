/** Row-level security as the server sees it: what a role gets by SQL of its own, and who may open what. */

import { happenings } from '@coffer/conformance'
import { createStore, defineCollection } from '@coffer/core'
import type { TestDatabase } from '@coffer-tooling/postgres'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { postgres } from '../src/index.ts'
import { type NoteStore, noteStore, notes, query } from './notes.ts'
import { fileDatabase, freshSchema } from './places.ts'

const database = fileDatabase()

/** A schema with two tenants in every table. */
async function protectedSchema(rowLevelSecurity = true) {
  const { url } = await database()
  const schema = freshSchema()
  await using store = noteStore({ connectionString: url, schema, rowLevelSecurity })
  store.log(happenings)
  for (const tenant of ['a', 'b']) await fill(store, tenant)
  return schema
}

async function fill(store: NoteStore, tenant: string): Promise<void> {
  const own = store.tenant(tenant)
  await own.collection(notes).putMany([{ id: 'x', note: tenant }, { id: 'y', note: tenant }, { id: 'gone' }])
  await own.collection(notes).update('x', { rank: 1 })
  await own.collection(notes).delete('gone', { permanent: true })
  await own.log(happenings).append('s', [{ event_id: 'e', note: tenant }])
}

/** Who asks: each is bound by the policies, the owner because they are forced. */
const roles: Readonly<Record<string, (database: TestDatabase) => Promise<string>>> = {
  'a role that may write and owns nothing': async ({ createRole }) =>
    (await createRole({ access: 'write' })).url,
  'the owner': async ({ url }) => url,
}

/** The tables that hold something of tenants, with the name of the tenant's column. */
async function tenantTables(schema: string): Promise<readonly (readonly [table: string, column: string])[]> {
  const rows = await query(
    (await database()).url,
    `SELECT table_name AS name, column_name AS column FROM information_schema.columns
      WHERE table_schema = '${schema}' AND column_name IN ('_tenant', 'tenant')`,
  )
  return rows.map(({ name, column }) => [`${schema}."${name}"`, String(column)] as const)
}

/** One connection, in a transaction for a tenant, or for none, that is undone afterwards. */
async function within<T>(
  url: string,
  tenant: string | undefined,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('BEGIN')
    if (tenant !== undefined) await client.query(`SELECT set_config('coffer.tenant', $1, true)`, [tenant])
    return await work(client)
  } finally {
    await client.query('ROLLBACK')
    await client.end()
  }
}

describe.each(Object.keys(roles))('%s, by SQL without any condition', (name) => {
  const urlOf = async () => (await roles[name]?.(await database())) ?? ''

  test('sees in every table the rows of its tenant alone, and none without a tenant', async () => {
    const [url, schema] = [await urlOf(), await protectedSchema()]
    const tables = await tenantTables(schema)
    expect(tables).toHaveLength(5)
    for (const [table, column] of tables) {
      const tenantsSeen = (tenant: string | undefined) =>
        within(url, tenant, async (client) =>
          (await client.query(`SELECT DISTINCT ${column} AS tenant FROM ${table}`)).rows.map(
            (row) => row.tenant,
          ),
        )
      expect([await tenantsSeen('a'), await tenantsSeen('b')], table).toEqual([['a'], ['b']])
      expect([await tenantsSeen(undefined), await tenantsSeen(''), await tenantsSeen('c')], table).toEqual([
        [],
        [],
        [],
      ])
    }
  })

  test('changes and removes the rows of its tenant alone', async () => {
    const [url, schema] = [await urlOf(), await protectedSchema()]
    for (const [table] of (await tenantTables(schema)).filter(([each]) => !each.includes('happenings"'))) {
      const own = await within(
        url,
        'a',
        async (client) => (await client.query(`SELECT FROM ${table}`)).rowCount,
      )
      for (const [tenant, expected] of [
        ['a', own],
        [undefined, 0],
        ['c', 0],
      ] as const) {
        const column = table.includes('_coffer_floors') ? 'version' : '_version'
        for (const statement of [`UPDATE ${table} SET ${column} = 77`, `DELETE FROM ${table}`]) {
          const changed = await within(
            url,
            tenant,
            async (client) => (await client.query(statement)).rowCount,
          )
          expect(changed, `${statement} of ${tenant}`).toBe(expected)
        }
      }
    }
  })

  test('can not give a row to another tenant, nor make one for it', async () => {
    const [url, schema] = [await urlOf(), await protectedSchema()]
    const moves = [
      `UPDATE ${schema}.notes SET _tenant = 'b', _id = 'moved'`,
      `UPDATE ${schema}._coffer_floors SET tenant = 'c'`,
      `INSERT INTO ${schema}._coffer_floors (layout, tenant, version) VALUES ('notes', 'c', 0)`,
      `INSERT INTO ${schema}.notes (_tenant, _id, _version, _schema_version, _created_at, _updated_at, _doc)
        VALUES ('c', 'x', 1, 1, now(), now(), '{}')`,
    ]
    for (const move of moves) {
      for (const tenant of ['a', undefined]) {
        const result = within(url, tenant, (client) => client.query(move))
        // Without a tenant there is no row to be moved.
        if (tenant === undefined && move.startsWith('UPDATE')) expect((await result).rowCount).toBe(0)
        else await expect(result).rejects.toMatchObject({ code: '42501' })
      }
    }
  })
})

describe('what concerns all tenants', () => {
  test('sweeps and purges of the whole store reach every tenant, those of a tenant its own', async () => {
    const { url } = await database()
    let now = Date.parse('2030-01-01T00:00:00Z')
    const clock = { now: () => now }
    await using store = noteStore(
      { connectionString: url, schema: freshSchema(), rowLevelSecurity: true },
      { clock },
    )
    const counts = async () =>
      Promise.all(
        ['a', 'b'].map((tenant) =>
          store.tenant(tenant).collection(notes).count({}, { includeDeleted: true }),
        ),
      )
    for (const tenant of ['a', 'b']) {
      const own = store.tenant(tenant).collection(notes)
      await own.put({ id: 'short', until: '2030-01-01T00:00:00.005Z' })
      await own.put({ id: 'removed' })
      await own.delete('removed')
    }
    now += 10
    expect(await store.tenant('a').purgeDeleted({ olderThanMs: 0 })).toBe(1)
    expect(await store.tenant('b').cleanupExpired()).toBe(1)
    expect([await store.cleanupExpired(), await store.purgeDeleted({ olderThanMs: 0 })]).toEqual([1, 1])
    expect(await counts()).toEqual([0, 0])
  })

  test('rows of every tenant are written anew when their definition changes', async () => {
    const { url } = await database()
    const options = { connectionString: url, schema: await protectedSchema(), rowLevelSecurity: true }
    const renamed = defineCollection({
      name: 'notes',
      schema: z.object({ id: z.string(), title: z.string().optional() }),
      key: 'id',
      fields: { title: 'index' },
      history: true,
      softDelete: true,
      version: 2,
      upgrade: { 1: ({ id, note }) => ({ id: id ?? null, title: note ?? '' }) },
    })
    await using store = createStore({ backend: postgres(options) })
    for (const tenant of ['a', 'b']) {
      const own = store.tenant(tenant).collection(renamed)
      expect(await own.count({ title: tenant })).toBe(2)
      expect((await own.history('x')).records).toHaveLength(2)
    }
  })
})

describe('who may open what', () => {
  test('a store without the option is refused on protected tables, be it as the owner or as a superuser', async () => {
    const { url, superuserUrl } = await database()
    const schema = await protectedSchema()
    for (const connectionString of [url, superuserUrl]) {
      await using store = noteStore({ connectionString, schema })
      await expect(store.open()).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringMatching(
          /protected by row-level security: open the store with rowLevelSecurity: true/,
        ),
      })
    }
  })

  test('nor may it bring other collections beside them: their floors are protected as well', async () => {
    const { url } = await database()
    const schema = await protectedSchema()
    const other = defineCollection({
      name: 'others',
      schema: z.object({ id: z.string() }),
      key: 'id',
      fields: {},
    })
    await using store = createStore({ backend: postgres({ connectionString: url, schema }) })
    await expect(store.collection(other).put({ id: 'a' })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect(await query(url, `SELECT to_regclass('${schema}.others') AS made`)).toEqual([{ made: null }])
  })

  test('a store with the option protects what is there, and what comes later', async () => {
    const { url } = await database()
    const schema = await protectedSchema(false)
    await using store = noteStore({ connectionString: url, schema, rowLevelSecurity: true })
    store.log(happenings)
    await store.open()
    const later = defineCollection({
      name: 'later',
      schema: z.object({ id: z.string() }),
      key: 'id',
      history: true,
      fields: {},
    })
    await store.tenant('a').collection(later).put({ id: 'x' })
    const open = await query(
      url,
      `SELECT relname FROM pg_class WHERE relnamespace = '${schema}'::regnamespace AND relkind = 'r'
        AND relname NOT IN ('_coffer_meta', '_coffer_layouts') AND NOT (relrowsecurity AND relforcerowsecurity)`,
    )
    expect(open).toEqual([])
    expect(await store.tenant('a').collection(notes).get('x')).toEqual({ id: 'x', note: 'a', rank: 1 })
    expect(await store.tenant('b').collection(notes).insert({ id: 'new' })).toBeGreaterThan(1)
  })

  test('one that may change nothing does not take unprotected tables for protected ones', async () => {
    const { url } = await database()
    const schema = await protectedSchema(false)
    await using store = noteStore({ connectionString: url, schema, rowLevelSecurity: true, readOnly: true })
    await expect(store.open()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  test('a role that owns nothing works with the tables that the owner has made', async () => {
    const { createRole } = await database()
    const schema = await protectedSchema()
    const role = await createRole({ access: 'write' })
    await using store = noteStore({ connectionString: role.url, schema, rowLevelSecurity: true })
    store.log(happenings)
    await fill(store, 'c')
    await store.tenant('a').collection(notes).delete('x')
    expect(await store.tenant('b').collection(notes).count()).toBe(2)
    expect(await store.cleanupExpired()).toBe(0)
  })

  test('nothing of a tenant stays on a lent connection when the store has given it back', async () => {
    const { url } = await database()
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    const schema = freshSchema()
    const settings = `SELECT current_setting('coffer.tenant', true) AS tenant, current_setting('coffer.maintenance', true) AS all`
    await using store = noteStore({ pool, schema, rowLevelSecurity: true })
    const works = [
      () => store.collection(notes).put({ id: 'a' }),
      () => store.collection(notes).find(),
      () => store.transaction((inside) => inside.collection(notes).get('a')),
      () => store.cleanupExpired(),
      () => store.transaction(() => Promise.reject(new Error('undone'))).catch(() => undefined),
    ]
    for (const work of works) {
      await work()
      const [row] = (await pool.query(settings)).rows
      expect([row.tenant ?? '', row.all ?? '']).toEqual(['', ''])
      expect((await pool.query(`SELECT FROM ${schema}.notes`)).rowCount).toBe(0)
    }
    await store.close()
    await pool.end()
  })
})
