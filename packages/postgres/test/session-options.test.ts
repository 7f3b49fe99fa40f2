/** What the sessions of a store have set while it writes, as a trigger sees it, and how they are told from others. */

import type { PostgresOptions } from '@coffer/core/backend'
import pg from 'pg'
import { describe, expect, test, vi } from 'vitest'
import { postgres } from '../src/index.ts'
import { noteStore, notes, prepareNotes, query } from './notes.ts'
import { fileDatabase, freshSchema } from './places.ts'

const database = fileDatabase()

const SEEN = [
  'transaction_isolation',
  'synchronous_commit',
  'statement_timeout',
  'lock_timeout',
  'geqo',
] as const
type Seen = Readonly<Record<(typeof SEEN)[number], string>>

/** Makes the tables, with a trigger that keeps the settings of whoever changes a note. */
async function watchedSchema(): Promise<string> {
  const { url } = await database()
  const schema = freshSchema()
  await prepareNotes({ connectionString: url, schema })
  const values = SEEN.map((name) => `current_setting('${name}')`).join(', ')
  await query(
    url,
    `CREATE TABLE ${schema}.seen (${SEEN.map((name) => `${name} text`).join(', ')})`,
    `CREATE FUNCTION ${schema}.see() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO ${schema}.seen VALUES (${values}); RETURN NULL; END $$`,
    `CREATE TRIGGER see AFTER INSERT OR UPDATE OR DELETE ON ${schema}.notes
      FOR EACH STATEMENT EXECUTE FUNCTION ${schema}.see()`,
  )
  return schema
}

/** Everything that a store can do to a note, and the settings under which each was done. */
const writes: Readonly<Record<string, (store: ReturnType<typeof noteStore>) => Promise<unknown>>> = {
  'a put alone': (store) => store.collection(notes).put({ id: 'a' }),
  'many puts': (store) => store.collection(notes).putMany([{ id: 'b' }, { id: 'c', note: 'c' }]),
  'a batch of several kinds': (store) =>
    Promise.allSettled([
      store.collection(notes).put({ id: 'd' }),
      store.collection(notes).insert({ id: 'there' }),
      store.collection(notes).update('there', { note: 'x' }),
      store.collection(notes).delete('gone'),
    ]),
  'a transaction': (store) => store.transaction((inside) => inside.collection(notes).put({ id: 'e' })),
}

async function seenDuring(schema: string, options: PostgresOptions, write: (typeof writes)[string]) {
  const { url } = await database()
  await using store = noteStore({ ...options, schema })
  await write(store)
  const rows = await query(
    url,
    `WITH gone AS (DELETE FROM ${schema}.seen RETURNING *) SELECT DISTINCT * FROM gone`,
  )
  return rows as unknown as readonly Seen[]
}

/** The ways to connect, and what each gives the store for a pool. */
const ways: Readonly<Record<string, (url: string) => PostgresOptions & { end?: () => Promise<void> }>> = {
  'two pools': (connectionString) => ({ connectionString }),
  'one connection': (connectionString) => ({ connectionString, max: 1 }),
  'behind a pooler': (connectionString) => ({ connectionString, pooler: 'transaction' }),
  'a lent pool': (connectionString) => {
    const pool = new pg.Pool({ connectionString, max: 3 })
    return { pool, end: () => pool.end() }
  },
  'an address with settings in it': (url) => ({
    connectionString: `${url}?options=-c%20geqo%3Doff%20-c%20statement_timeout%3D1`,
  }),
}

describe.each(Object.keys(ways))('with %s', (way) => {
  test('every write is serializable, bounded and durable, or as durable as was asked', async () => {
    const { url } = await database()
    const schema = await watchedSchema()
    for (const durability of ['power', 'process'] as const) {
      for (const [name, write] of Object.entries(writes)) {
        const { end, ...place } = ways[way]?.(url) ?? {}
        const bounds = { statementTimeoutMs: 12_000, lockTimeoutMs: 3_000, durability }
        const seen = await seenDuring(schema, { ...place, ...bounds }, write)
        await end?.()
        expect(seen, name).toEqual([
          {
            transaction_isolation: 'serializable',
            synchronous_commit: durability === 'power' ? 'on' : 'off',
            statement_timeout: '12s',
            lock_timeout: '3s',
            geqo: way === 'an address with settings in it' ? 'off' : 'on',
          },
        ])
      }
    }
  })

  test('a sweep is bounded and as durable as was asked', async () => {
    const { url } = await database()
    const schema = await watchedSchema()
    const { end, ...place } = ways[way]?.(url) ?? {}
    const bounds = { statementTimeoutMs: 12_000, lockTimeoutMs: 3_000, durability: 'process' } as const
    const seen = await seenDuring(schema, { ...place, ...bounds }, (store) => store.cleanupExpired())
    await end?.()
    expect(seen).toMatchObject([{ synchronous_commit: 'off', statement_timeout: '12s', lock_timeout: '3s' }])
  })
})

describe('names', () => {
  test('the server calls the program by its name, `coffer` where it has none', async () => {
    const { url } = await database()
    for (const applicationName of [undefined, 'the bakery']) {
      await using store = noteStore({
        connectionString: url,
        schema: freshSchema(),
        ...(applicationName && { applicationName }),
      })
      await store.collection(notes).put({ id: 'a' })
      const rows = await query(
        url,
        'SELECT DISTINCT application_name AS name FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      )
      expect(rows).toContainEqual({ name: applicationName ?? 'coffer' })
    }
  })
})

describe('idle connections', () => {
  test('are closed when they have been idle for that long, and kept where it is 0', async () => {
    const { url } = await database()
    await using kept = noteStore({
      connectionString: url,
      schema: freshSchema(),
      idleTimeoutMs: 0,
      applicationName: 'kept',
    })
    await using short = noteStore({
      connectionString: url,
      schema: freshSchema(),
      idleTimeoutMs: 50,
      applicationName: 'short',
    })
    for (const store of [kept, short]) await store.collection(notes).put({ id: 'a' })
    const connected = async () =>
      await query(
        url,
        `SELECT DISTINCT application_name AS name FROM pg_stat_activity WHERE application_name IN ('kept', 'short')`,
      )
    expect(await connected()).toHaveLength(2)
    await vi.waitFor(async () => expect(await connected()).toEqual([{ name: 'kept' }]), 5_000)
  })
})

describe('schemas', () => {
  test('stores in two schemas of one database share nothing, and no other schema is touched', async () => {
    const { url } = await database()
    const [one, two] = [freshSchema(), freshSchema()]
    const list =
      "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname !~ '^(pg_|information_|place_)'"
    const before = await query(url, list)
    await using first = noteStore({ connectionString: url, schema: one })
    await using second = noteStore({ connectionString: url, schema: two })
    await first.collection(notes).put({ id: 'a', note: 'first' })
    await second.collection(notes).put({ id: 'b', note: 'second' })
    expect((await first.collection(notes).find()).records).toEqual([{ id: 'a', note: 'first' }])
    expect((await second.collection(notes).find()).records).toEqual([{ id: 'b', note: 'second' }])
    expect(await query(url, list)).toEqual(before)
  })

  test('one that is there already is used, also by a role that may make none', async () => {
    const { superuserUrl, createRole } = await database()
    const schema = freshSchema()
    const role = await createRole()
    await query(superuserUrl, `CREATE SCHEMA ${schema}`, `GRANT ALL ON SCHEMA ${schema} TO "${role.name}"`)
    await prepareNotes({ connectionString: role.url, schema })
    expect(await query(superuserUrl, `SELECT _id FROM ${schema}.notes`)).toEqual([{ _id: 'there' }])
    await query(superuserUrl, `DROP SCHEMA ${schema} CASCADE`, `DROP OWNED BY "${role.name}"`)
  })
})

test('an address that sets bounds of its own is refused, and not shown', () => {
  for (const name of [
    'statement_timeout',
    'query_timeout',
    'lock_timeout',
    'idle_in_transaction_session_timeout',
  ]) {
    const connectionString = `postgres://user:canary@localhost/db?${name}=0`
    for (const options of [{ connectionString }, { readReplica: connectionString }]) {
      expect(() => postgres(options)).toThrow(new RegExp(`sets ${name}, .* say \\w+TimeoutMs instead`))
      expect(() => postgres(options)).not.toThrow(/canary/)
    }
  }
})
