/** A pool of the caller's own: never ended, never changed, shared with others, and set up as nobody would. */

import { collectionCalls, everythingOf, happeningsOf, logCalls, storeCalls } from '@coffer/conformance'
import { createStore } from '@coffer/core'
import type { PostgresOptions } from '@coffer/core/backend'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { postgres } from '../src/index.ts'
import { noteStore, notes } from './notes.ts'
import { fileDatabase, freshSchema } from './places.ts'
import { describeSome, isNoVariant } from './some-cases.ts'

const database = fileDatabase()

/** Settings that change how values are written, read, rounded and compared, and what a transaction is. */
const ODD_SETTINGS = [
  `TimeZone = 'Asia/Kathmandu'`,
  `DateStyle = 'German, DMY'`,
  `IntervalStyle = 'sql_standard'`,
  `bytea_output = 'escape'`,
  'extra_float_digits = 0',
  'standard_conforming_strings = on',
  'array_nulls = off',
  'transform_null_equals = on',
  `xmlbinary = 'hex'`,
  'quote_all_identifiers = on',
  `default_transaction_isolation = 'read committed'`,
  'default_transaction_deferrable = on',
  `search_path = 'pg_catalog'`,
  `plan_cache_mode = 'force_generic_plan'`,
  'enable_indexscan = off',
  'row_security = on',
  `backslash_quote = 'safe_encoding'`,
]

const open: pg.Pool[] = []
afterAll(async () => {
  for (const pool of open) await pool.end()
})

/** A pool whose every connection has these settings. */
function oddPool(connectionString: string, max = 3, pipeline = false): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    pipeline,
    allowExitOnIdle: true,
    onConnect: async (client) => {
      for (const setting of ODD_SETTINGS) await client.query(`SET ${setting}`)
    },
  })
  open.push(pool)
  return pool
}

/** Every setting of the one connection of a pool, and what else a session may keep. */
async function stateOf(pool: pg.Pool): Promise<unknown> {
  const settings = await pool.query(
    `SELECT name, setting FROM pg_settings WHERE name !~ '^(coffer|plpgsql)[.]' ORDER BY name`,
  )
  const locks = await pool.query(
    `SELECT locktype, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype IN ('advisory', 'transactionid')`,
  )
  const channels = await pool.query('SELECT pg_listening_channels()')
  const cursors = await pool.query(`SELECT name FROM pg_cursors WHERE name <> ''`)
  const temporary = await pool.query('SELECT pg_my_temp_schema() AS schema')
  return [settings, locks, channels, cursors, temporary].map(({ rows }) => rows)
}

async function everyMethod(options: PostgresOptions): Promise<void> {
  await using store = createStore({ backend: postgres(options) })
  const [collection, log] = [everythingOf(store), happeningsOf(store)]
  for (const call of Object.values(collectionCalls)) await call(collection, 'a').catch(() => undefined)
  for (const call of Object.values(logCalls)) await call(log, 's').catch(() => undefined)
  for (const call of Object.values(storeCalls)) await call(store)
  await store.transaction((inside) => everythingOf(inside).put({ id: 'b', note: 'b' }))
  await store.transaction(() => Promise.reject(new Error('undone'))).catch(() => undefined)
}

describe('what is the caller’s own', () => {
  test.each([
    [{}],
    [{ durability: 'process' }],
    [{ rowLevelSecurity: true }],
    [{ pooler: 'transaction' }],
    [{ readOnly: true }],
  ] as const)('a connection has the settings that it had, with %j', async (more) => {
    const pool = oddPool((await database()).url, 1)
    const schema = freshSchema()
    if ('readOnly' in more) await everyMethod({ pool, schema })
    const before = await stateOf(pool)
    await everyMethod({ pool, schema, ...more }).catch((error: unknown) => {
      if (!('readOnly' in more)) throw error
    })
    expect(await stateOf(pool)).toEqual(before)
    expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 1, 0])
  })

  test('the pool has the listeners that it had, is not ended, and can be lent again', async () => {
    const pool = oddPool((await database()).url)
    const listeners = () => pool.eventNames().map((name) => [name, pool.listenerCount(name)])
    const before = listeners()
    const schema = freshSchema()
    for (let round = 0; round < 3; round++) {
      await everyMethod({ pool, schema })
      expect(listeners()).toEqual(before)
      expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    }
    const client = await pool.connect()
    expect(client.listenerCount('error'), 'on a connection').toBe(0)
    client.release()
  })

  test('others use the pool at the same time, and each other’s transactions are not seen', async () => {
    const pool = oddPool((await database()).url, 3)
    const schema = freshSchema()
    await using store = noteStore({ pool, schema })
    await using second = noteStore({ pool, schema: freshSchema() })
    await pool.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
    await pool.query(`CREATE TABLE ${schema}.own (id int)`)
    const foreign = async (id: number) => {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        await client.query(`INSERT INTO ${schema}.own VALUES ($1)`, [id])
        await client.query(id % 2 === 0 ? 'COMMIT' : 'ROLLBACK')
      } finally {
        client.release()
      }
    }
    await Promise.all(
      Array.from({ length: 20 }, async (_, id) => {
        await Promise.all([
          foreign(id),
          store.collection(notes).put({ id: `${id}` }),
          second.transaction((inside) => inside.collection(notes).put({ id: `${id}` })),
          pool.query('SELECT 1'),
          store.collection(notes).find(),
        ])
      }),
    )
    expect((await pool.query(`SELECT count(*)::int AS count FROM ${schema}.own`)).rows).toEqual([
      { count: 10 },
    ])
    expect([await store.collection(notes).count(), await second.collection(notes).count()]).toEqual([20, 20])
  })

  test('a foreign transaction that was left open on a connection is not joined', async () => {
    const pool = oddPool((await database()).url, 1)
    await using store = noteStore({ pool, schema: freshSchema() })
    await store.open()
    const client = await pool.connect()
    await client.query('BEGIN')
    client.release()
    const put = await store
      .collection(notes)
      .put({ id: 'a' })
      .catch((error: unknown) => error)
    // What was acknowledged is there, whoever looks; anything else is an error.
    const around = new pg.Client({ connectionString: (await database()).url })
    await around.connect()
    if (typeof put === 'number') expect(await store.collection(notes).get('a')).toBeDefined()
    else expect(put).toHaveProperty('code')
    await around.end()
  })
})

describe('what is no pool for it', () => {
  test('one of a driver that can not tell the state of a transaction is refused', () => {
    class OldClient {}
    const old = { connect: () => undefined, query: () => undefined, options: {}, Client: OldClient }
    expect(() => postgres({ pool: old })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/a pool of pg 8\.23 or later/),
      }),
    )
  })
})

describe.each([false, true])('with pipeline: %s', (pipeline) => {
  const { capabilities } = postgres()
  const create = async () => {
    const { url } = await database()
    const schema = freshSchema()
    const pool = oddPool(url, 3, pipeline)
    return { backend: () => postgres({ pool, schema }), destroy: () => endOf(pool) }
  }
  describeSome(
    { name: 'postgresql with odd settings in a lent pool', capabilities, create },
    (id) =>
      isNoVariant(id) &&
      (pipeline ? /^(?:X[12]|B\d)-/ : /^(?:(?:K2|V[678]|X1|H1|U2|G1)-|R6-(?!refused))/).test(id),
  )
})

async function endOf(pool: pg.Pool): Promise<void> {
  open.splice(open.indexOf(pool), 1)
  await pool.end()
}
