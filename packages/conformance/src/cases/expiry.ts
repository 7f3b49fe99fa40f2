import assert from 'node:assert/strict'
import { type Collection, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { cleanupCases } from './cleanup.ts'
import { deadlineCases } from './deadlines.ts'

const sessions = defineCollection({
  name: 'sessions',
  schema: z.object({ id: z.string(), user: z.string().optional(), rank: z.int().optional() }),
  key: 'id',
  fields: { user: 'index', rank: 'index' },
})
type Sessions = Collection<z.output<typeof sessions.schema>, 'id' | 'user' | 'rank'>

const visits = defineCollection({
  name: 'visits',
  schema: z.object({ id: z.string(), session: z.string() }),
  key: 'id',
  references: { session: { collection: 'sessions' } },
})

/** Operations that must see a record until its deadline and no longer: what each answers while it is there, and after. */
const SIGHTS: readonly (readonly [
  word: string,
  ask: (collection: Sessions) => Promise<unknown>,
  there: unknown,
  gone: unknown,
])[] = [
  ['get', async (collection) => (await collection.get('a'))?.id, 'a', undefined],
  ['get-entry', async (collection) => (await collection.getEntry('a'))?.version, 1, undefined],
  [
    'get-many',
    async (collection) => (await collection.getMany(['a', 'a'])).map((each) => each?.id),
    ['a', 'a'],
    [undefined, undefined],
  ],
  ['has', (collection) => collection.has('a'), true, false],
  ['find', async (collection) => (await collection.find()).records.length, 1, 0],
  [
    'find-by-field',
    async (collection) => (await collection.find({ where: { user: 'u' }, orderBy: 'rank' })).records.length,
    1,
    0,
  ],
  ['find-by-key', async (collection) => (await collection.find({ where: { id: 'a' } })).records.length, 1, 0],
  ['find-entries', async (collection) => (await collection.findEntries()).records.length, 1, 0],
  [
    'find-one',
    async (collection) => (await collection.findOne({ where: { user: 'u' } }))?.id,
    'a',
    undefined,
  ],
  [
    'iterate',
    async (collection) => (await collection.iterate({ limit: 1 }).next()).value?.id,
    'a',
    undefined,
  ],
  ['count', (collection) => collection.count(), 1, 0],
  ['count-by-field', (collection) => collection.count({ user: 'u' }), 1, 0],
  ['exists', (collection) => collection.exists({ user: 'u' }), true, false],
  [
    'include-deleted',
    async (collection) => (await collection.find({ includeDeleted: true })).records.length,
    1,
    0,
  ],
  ['delete', (collection) => collection.delete('a'), true, false],
  ['delete-many', (collection) => collection.deleteMany(['a', 'b']), 1, 0],
  ['delete-by-filter', (collection) => collection.deleteMany({ user: 'u' }), 1, 0],
  ['update', (collection) => codeOf(collection.update('a', { rank: 2 })), 'done', 'NOT_FOUND'],
  ['insert', (collection) => codeOf(collection.insert({ id: 'a' })), 'ALREADY_EXISTS', 'done'],
  [
    'if-version',
    (collection) => codeOf(collection.put({ id: 'a' }, { ifVersion: 1 })),
    'done',
    'VERSION_CONFLICT',
  ],
  [
    'if-absent',
    (collection) => codeOf(collection.put({ id: 'a' }, { ifVersion: 0 })),
    'VERSION_CONFLICT',
    'done',
  ],
  [
    'delete-if-version',
    (collection) => codeOf(collection.delete('a', { ifVersion: 1 })),
    'done',
    'VERSION_CONFLICT',
  ],
]

/** T: deadlines, and what removes what is past them. */
export const expiryCases: readonly Case[] = [
  ...SIGHTS.flatMap(([word, ask, there, gone]): Case[] => [
    {
      id: `T1-before-${word}`,
      clause: 'T1',
      title: `a millisecond before its deadline a record is there (${word})`,
      run: async (context) => {
        const collection = await withDeadline(context)
        context.clock.advance(999)
        assert.deepEqual(await ask(collection), there)
      },
    },
    {
      id: `T1-at-${word}`,
      clause: 'T1',
      title: `at its deadline, to the millisecond, a record is gone (${word})`,
      run: async (context) => {
        const collection = await withDeadline(context)
        context.clock.advance(1_000)
        assert.deepEqual(await ask(collection), gone)
      },
    },
  ]),
  {
    id: 'T1-references',
    clause: 'T1',
    title: 'a reference to a record at its deadline does not hold',
    run: async (context) => {
      const store = context.store()
      await store.collection(sessions).put({ id: 'a' }, { ttlMs: 1_000 })
      const collection = store.collection(visits)
      await collection.put({ id: 'v', session: 'a' })
      context.clock.advance(1_000)
      await assert.rejects(collection.put({ id: 'w', session: 'a' }), { code: 'REFERENCE_VIOLATION' })
    },
  },
  {
    id: 'T1-referring',
    clause: 'T1',
    title: 'a record at its deadline no longer holds the one that it refers to',
    run: async (context) => {
      const store = context.store()
      const targets = store.collection(sessions)
      const collection = store.collection(visits)
      await targets.put({ id: 'a' })
      await collection.put({ id: 'v', session: 'a' }, { ttlMs: 1_000 })
      await assert.rejects(targets.delete('a'), { code: 'REFERENCE_VIOLATION' })
      context.clock.advance(1_000)
      assert.equal(await targets.delete('a'), true)
    },
  },
  {
    id: 'T1-in-transaction',
    clause: 'T1',
    title: 'a record is gone at its deadline inside a transaction that began before it',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(sessions)
      await collection.put({ id: 'a', user: 'u' }, { ttlMs: 1_000 })
      await store.transaction(async (transaction) => {
        const inside = transaction.collection(sessions)
        assert.equal(await inside.has('a'), true)
        context.clock.advance(1_000)
        assert.equal(await inside.has('a'), false)
        assert.equal(await inside.count({ user: 'u' }), 0)
        await inside.insert({ id: 'a' })
      })
      assert.deepEqual(await collection.get('a'), { id: 'a' })
    },
  },
  {
    id: 'T1-between-pages',
    clause: 'T1',
    title: 'records whose deadline comes between two pages are not in the second',
    run: async (context) => {
      const collection = context.store().collection(sessions)
      await collection.putMany([{ id: 'a' }, { id: 'c' }])
      await collection.putMany([{ id: 'b' }, { id: 'd' }], { ttlMs: 1_000 })
      const first = await collection.find({ limit: 2 })
      assert.deepEqual(keysOf(first.records), ['a', 'b'])
      assert.ok(first.next !== undefined)
      context.clock.advance(1_000)
      const second = await collection.find({ limit: 2, cursor: first.next })
      assert.deepEqual(keysOf(second.records), ['c'])
      assert.equal(second.next, undefined)
    },
  },
  {
    id: 'T1-full-pages',
    clause: 'T1',
    title: 'expired records take no place in a page, in an offset or in a limit',
    run: async (context) => {
      const collection = context.store().collection(sessions)
      const keys = Array.from({ length: 20 }, (_, n) => `k${String(n).padStart(2, '0')}`)
      for (const [n, id] of keys.entries())
        await collection.put({ id, rank: n }, n % 2 === 0 ? { ttlMs: 5 } : {})
      context.clock.advance(5)
      const odd = keys.filter((_, n) => n % 2 === 1)
      assert.deepEqual(keysOf((await collection.find({ limit: 4 })).records), odd.slice(0, 4))
      assert.deepEqual(
        keysOf((await collection.find({ orderBy: 'rank', offset: 3, limit: 4 })).records),
        odd.slice(3, 7),
      )
    },
  },
  {
    id: 'T1-born-expired',
    clause: 'T1',
    title: 'a record whose deadline is now or past is never seen, and takes the place of the one before',
    run: async (context) => {
      const collection = context.store().collection(sessions)
      for (const past of [0, 1, 5_000]) {
        await collection.put({ id: 'a' })
        await collection.put({ id: 'a' }, { expiresAt: new Date(context.clock.now() - past) })
        assert.equal(await collection.get('a'), undefined)
        assert.equal(await collection.count(), 0)
      }
    },
  },
  {
    id: 'T1-fresh-after-expiry',
    clause: 'T1',
    title: 'a record inserted over an expired one is new: its times and its deadline are its own',
    run: async (context) => {
      const collection = await withDeadline(context)
      context.clock.advance(2_000)
      const version = await collection.insert({ id: 'a', rank: 7 })
      const entry = await collection.getEntry('a')
      assert.deepEqual(entry?.record, { id: 'a', rank: 7 })
      assert.equal(entry?.createdAt.getTime(), context.clock.now())
      assert.equal(entry?.expiresAt, undefined)
      assert.ok(version > 1)
    },
  },
  {
    id: 'T2-own-clock',
    clause: 'T2',
    title: "expiry follows the store's own clock, be it a century ahead or behind",
    run: async (context) => {
      const collection = context.store().collection(sessions)
      for (const now of [Date.UTC(1926, 0, 1), Date.UTC(2126, 0, 1)]) {
        context.clock.set(now)
        await collection.put({ id: 'a' }, { ttlMs: 1 })
        assert.equal((await collection.getEntry('a'))?.expiresAt?.getTime(), now + 1)
        assert.equal(await collection.count(), 1)
        context.clock.advance(1)
        assert.equal(await collection.count(), 0)
      }
    },
  },
  {
    id: 'T2-clock-goes-back',
    clause: 'T2',
    title:
      'a record is there again when the clock is set back before its deadline, as long as nothing removed it',
    run: async (context) => {
      const collection = await withDeadline(context)
      context.clock.advance(1_000)
      assert.deepEqual([await collection.has('a'), await collection.count()], [false, 0])
      context.clock.advance(-1)
      assert.deepEqual([await collection.has('a'), await collection.count()], [true, 1])
    },
  },
  ...deadlineCases,
  ...cleanupCases,
]

/** One record that has another second to live. */
async function withDeadline(context: CaseContext): Promise<Sessions> {
  const collection = context.store().collection(sessions)
  await collection.put({ id: 'a', user: 'u', rank: 1 }, { ttlMs: 1_000 })
  return collection
}

function keysOf(records: readonly { readonly id: string }[]): string[] {
  return records.map((record) => record.id)
}

/** How a write ended: `done`, or the code of its refusal. */
function codeOf(write: Promise<unknown>): Promise<string> {
  return write.then(
    () => 'done',
    (error: { code: string }) => error.code,
  )
}
