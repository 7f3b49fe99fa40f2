/** Reads that may lag behind. Another database stands in for the replica, with other rows, so that it shows who answered. */

import { collectionCalls, everythingOf } from '@coffer/conformance'
import { createStore } from '@coffer/core'
import type { Backend, PostgresOptions, ReadOptions } from '@coffer/core/backend'
import { tcpProxy } from '@coffer-tooling/postgres'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { postgres } from '../src/index.ts'
import { noteStore, notes, query } from './notes.ts'
import { fileDatabase, freshSchema } from './places.ts'

const primary = fileDatabase()
const replica = fileDatabase()

const EVENTUAL = { consistency: 'eventual' } as const

/** One schema in both databases, with one note that tells them apart. */
async function twoServers(): Promise<{ schema: string; connectionString: string; readReplica: string }> {
  const schema = freshSchema()
  const [connectionString, readReplica] = [(await primary()).url, (await replica()).url]
  for (const [url, note] of [
    [connectionString, 'primary'],
    [readReplica, 'replica'],
  ] as const) {
    await using store = noteStore({ connectionString: url, schema })
    await store.collection(notes).put({ id: 'x', note })
  }
  return { schema, connectionString, readReplica }
}

const reads: Readonly<
  Record<string, (store: ReturnType<typeof noteStore>, how: ReadOptions | undefined) => Promise<unknown>>
> = {
  get: async (store, how) => (await store.collection(notes).get('x', how))?.note,
  getEntry: async (store, how) => (await store.collection(notes).getEntry('x', how))?.record.note,
  getMany: async (store, how) => (await store.collection(notes).getMany(['no', 'x'], how))[1]?.note,
  find: async (store, how) => (await store.collection(notes).find({ ...how })).records[0]?.note,
  findEntries: async (store, how) =>
    (await store.collection(notes).findEntries({ ...how })).records[0]?.record.note,
  findOne: async (store, how) => (await store.collection(notes).findOne({ ...how }))?.note,
  iterate: async (store, how) => {
    for await (const record of store.collection(notes).iterate({ ...how })) return record.note
    return undefined
  },
  has: async (store, how) => ((await store.collection(notes).has('x', how)) ? 'yes' : 'no'),
  count: async (store, how) =>
    (await store.collection(notes).count({ note: 'replica' }, how)) === 1 ? 'replica' : 'primary',
  aggregate: async (store, how) =>
    (await store.collection(notes).aggregate({ measures: { last: { max: 'note' } }, ...how }))[0]?.last,
  exists: async (store, how) =>
    (await store.collection(notes).exists({ note: 'replica' }, how)) ? 'replica' : 'primary',
}

describe('who answers', () => {
  test.each(Object.keys(reads).filter((name) => name !== 'has'))('%s', async (name) => {
    await using store = noteStore(await twoServers())
    const read = reads[name]
    expect(await read?.(store, EVENTUAL), 'eventual').toBe('replica')
    expect(await read?.(store, { consistency: 'strong' }), 'strong').toBe('primary')
    expect(await read?.(store, undefined), 'without a word').toBe('primary')
    await store.collection(notes).put({ id: 'x', note: 'written' })
    expect(await read?.(store, EVENTUAL), 'after a write').toBe('replica')
  })

  test('reads at once, some of them eventual, each get their own server’s answer', async () => {
    await using store = noteStore(await twoServers())
    await store.open()
    const collection = store.collection(notes)
    const answers = await Promise.all(
      Array.from(
        { length: 40 },
        async (_, index) => (await collection.get('x', index % 2 === 0 ? EVENTUAL : {}))?.note,
      ),
    )
    expect(answers).toEqual(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? 'replica' : 'primary')),
    )
  })

  test('everything in a transaction comes from the primary, and asking for less is refused', async () => {
    await using store = noteStore(await twoServers())
    await store.transaction(async (inside) => {
      for (const [name, read] of Object.entries(reads)) {
        if (name !== 'has') expect(await read(inside as typeof store, undefined), name).toBe('primary')
      }
      await expect(inside.collection(notes).get('x', EVENTUAL)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      })
    })
  })

  test.each<[string, (url: string) => NonNullable<PostgresOptions['readReplica']>]>([
    ['its parts', (url) => partsOf(url)],
    ['a pool', (url) => new pg.Pool({ connectionString: url, max: 2 })],
  ])('a replica that is given as %s', async (_name, given) => {
    const { readReplica, ...place } = await twoServers()
    const way = given(readReplica)
    await using store = noteStore({ ...place, readReplica: way })
    expect((await store.collection(notes).get('x', EVENTUAL))?.note).toBe('replica')
    await store.close()
    if (way instanceof pg.Pool) {
      expect((await way.query('SELECT 1 AS one')).rows, 'a pool that is lent still works').toEqual([
        { one: 1 },
      ])
      await way.end()
    }
  })
})

function partsOf(address: string) {
  const { hostname: host, port, username: user, password, pathname } = new URL(address)
  return { host, port: Number(port), user, password, database: pathname.slice(1) }
}

describe('what never goes to the replica', () => {
  test('opening, writes, sweeps, and every method that was not asked to be eventual', async () => {
    const { readReplica, ...place } = await twoServers()
    await using proxy = await tcpProxy(readReplica)
    await using store = createStore({ backend: postgres({ ...place, readReplica: proxy.url(readReplica) }) })
    const collection = everythingOf(store)
    await store.open()
    for (const [name, call] of Object.entries(collectionCalls)) {
      await call(collection, 'a').catch(() => undefined)
      expect(proxy.accepted, name).toBe(0)
    }
    await store.cleanupExpired()
    await store.purgeDeleted({ olderThanMs: 0 })
    expect(proxy.accepted).toBe(0)
  })

  test('no table is made there', async () => {
    const { readReplica, connectionString } = await twoServers()
    const schema = freshSchema()
    await using store = noteStore({ connectionString, schema, readReplica })
    await store.collection(notes).put({ id: 'x' })
    expect(await query(readReplica, `SELECT 1 FROM pg_namespace WHERE nspname = '${schema}'`)).toEqual([])
  })
})

describe('a replica that can not answer', () => {
  const asked = async (options: PostgresOptions) => {
    await using store = noteStore(options)
    const answers: unknown[] = []
    for (const [name, read] of Object.entries(reads))
      if (name !== 'has') answers.push(await read(store, EVENTUAL))
    return new Set(answers)
  }

  test('one that is not there: the primary answers', async () => {
    const { readReplica, ...place } = await twoServers()
    const proxy = await tcpProxy(readReplica)
    const dead = proxy.url(readReplica)
    await proxy.close()
    expect(await asked({ ...place, readReplica: dead })).toEqual(new Set(['primary']))
  })

  test('one that goes while the store is open: the primary answers', async () => {
    const { readReplica, ...place } = await twoServers()
    await using proxy = await tcpProxy(readReplica)
    await using store = noteStore({ ...place, readReplica: proxy.url(readReplica) })
    expect((await store.collection(notes).get('x', EVENTUAL))?.note).toBe('replica')
    proxy.refuse()
    proxy.cut()
    expect((await store.collection(notes).get('x', EVENTUAL))?.note).toBe('primary')
  })

  test('one that takes connections and says nothing holds nobody up for longer than one connection takes', async () => {
    const { readReplica, ...place } = await twoServers()
    await using proxy = await tcpProxy(readReplica)
    proxy.pause()
    const silent = { ...place, readReplica: proxy.url(readReplica), connectTimeoutMs: 300 }
    const start = performance.now()
    expect(await asked(silent)).toEqual(new Set(['primary']))
    expect(performance.now() - start, 'nine reads').toBeLessThan(3_000)
  })

  test('one that has not got the tables yet: the primary answers', async () => {
    const { readReplica, ...place } = await twoServers()
    await query(readReplica, `DROP TABLE ${place.schema}.notes`)
    expect(await asked({ ...place, readReplica })).toEqual(new Set(['primary']))
    await query(readReplica, `DROP SCHEMA ${place.schema} CASCADE`)
    expect(await asked({ ...place, readReplica })).toEqual(new Set(['primary']))
  })

  test('one that lets nobody in is told: nobody would notice otherwise', async () => {
    const { readReplica, ...place } = await twoServers()
    const wrong = new URL(readReplica)
    wrong.password = 'wrong'
    await using store = noteStore({ ...place, readReplica: wrong.href })
    await expect(store.collection(notes).get('x', EVENTUAL)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    })
    expect((await store.collection(notes).get('x'))?.note).toBe('primary')
  })
})

test('a backend that is asked without the option has its own place for a replica', async () => {
  const backend: Backend = postgres(await twoServers())
  const { layout } = notes
  await backend.open(layout.history === undefined ? [layout] : [layout, layout.history])
  const keys = [{ tenant: 'default', id: 'x' }]
  const noteOf = async (options?: ReadOptions) =>
    JSON.parse((await backend.read(layout, keys, options))[0]?.document ?? '{}').note
  expect([await noteOf(), await noteOf(EVENTUAL), await noteOf({ consistency: 'strong' })]).toEqual([
    'primary',
    'replica',
    'primary',
  ])
  await backend.close()
})
