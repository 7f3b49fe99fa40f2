import assert from 'node:assert/strict'
import { type Collection, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { assertRefused } from './assert-refused.ts'
import { purgeCases } from './purge.ts'

const notes = defineCollection({
  name: 'notes',
  schema: z.object({ id: z.string(), tags: z.array(z.string()).optional(), rank: z.int().optional() }),
  key: 'id',
  fields: { tags: 'index', rank: 'index' },
  softDelete: true,
})
type Notes = Collection<z.output<typeof notes.schema>, 'id' | 'tags' | 'rank'>

const plain = defineCollection({ name: 'plain', schema: z.object({ id: z.string() }), key: 'id' })
const replies = defineCollection({
  name: 'replies',
  schema: z.object({ id: z.string(), note: z.string() }),
  key: 'id',
  references: { note: { collection: 'notes' } },
})

const INCLUDED = { includeDeleted: true } as const

/** Reads, with what each answers of the deleted record `b` between `a` and `c` unless it is asked for, and when it is. */
const READS: readonly (readonly [
  word: string,
  read: (collection: Notes, options: { includeDeleted?: boolean }) => Promise<unknown>,
  without: unknown,
  included: unknown,
])[] = [
  ['get', async (collection, options) => (await collection.get('b', options))?.rank, undefined, 2],
  [
    'get-entry',
    async (collection, options) => (await collection.getEntry('b', options))?.version,
    undefined,
    2,
  ],
  [
    'get-many',
    async (collection, options) => ranksOf(await collection.getMany(['c', 'b', 'a'], options)),
    [3, undefined, 1],
    [3, 2, 1],
  ],
  ['has', (collection, options) => collection.has('b', options), false, true],
  [
    'find',
    async (collection, options) => ranksOf((await collection.find(options)).records),
    [1, 3],
    [1, 2, 3],
  ],
  [
    'find-by-field',
    async (collection, options) =>
      ranksOf((await collection.find({ ...options, where: { rank: 2 } })).records),
    [],
    [2],
  ],
  [
    'find-by-key',
    async (collection, options) =>
      ranksOf((await collection.find({ ...options, where: { id: 'b' } })).records),
    [],
    [2],
  ],
  [
    'find-by-member',
    async (collection, options) =>
      ranksOf((await collection.find({ ...options, where: { tags: { has: 'x' } } })).records),
    [1],
    [1, 2],
  ],
  [
    'ordered',
    async (collection, options) =>
      ranksOf((await collection.find({ ...options, orderBy: { rank: 'desc' } })).records),
    [3, 1],
    [3, 2, 1],
  ],
  [
    'find-one',
    async (collection, options) =>
      (await collection.findOne({ ...options, where: { rank: { gt: 1 } } }))?.rank,
    3,
    2,
  ],
  ['iterate', (collection, options) => iterated(collection, options), [1, 3], [1, 2, 3]],
  ['count', (collection, options) => collection.count({}, options), 2, 3],
  ['count-by-member', (collection, options) => collection.count({ tags: { has: 'x' } }, options), 1, 2],
  ['exists', (collection, options) => collection.exists({ rank: 2 }, options), false, true],
]

/** T6: records that are deleted and kept. */
export const softDeleteCases: readonly Case[] = [
  ...READS.flatMap(([word, read, without, included]): Case[] => [
    {
      id: `T6-invisible-${word}`,
      clause: 'T6',
      title: `a soft-deleted record is invisible (${word})`,
      run: async (context) => {
        const collection = await withDeleted(context)
        assert.deepEqual(await read(collection, {}), without)
        assert.deepEqual(await read(collection, { includeDeleted: false }), without)
      },
    },
    {
      id: `T6-included-${word}`,
      clause: 'T6',
      title: `a soft-deleted record is answered when asked for (${word})`,
      run: async (context) => {
        const collection = await withDeleted(context)
        assert.deepEqual(await read(collection, INCLUDED), included)
      },
    },
  ]),
  {
    id: 'T6-entry',
    clause: 'T6',
    title: "a deleted record's entry tells when it was deleted, a live one's and a restored one's does not",
    run: async (context) => {
      const collection = await withDeleted(context)
      assert.equal((await collection.getEntry('b', INCLUDED))?.deletedAt?.getTime(), context.clock.now())
      assert.equal((await collection.getEntry('a', INCLUDED))?.deletedAt, undefined)
      await collection.restore('b')
      assert.equal((await collection.getEntry('b', INCLUDED))?.deletedAt, undefined)
    },
  },
  {
    id: 'T6-delete-twice',
    clause: 'T6',
    title: 'a second deletion answers false and changes nothing',
    run: async (context) => {
      const collection = await withDeleted(context)
      const before = await collection.getEntry('b', INCLUDED)
      context.clock.advance(1_000)
      assert.equal(await collection.delete('b'), false)
      assert.equal(await collection.deleteMany(['b', 'b']), 0)
      assert.equal(await collection.deleteMany({ rank: 2 }), 0)
      assert.deepEqual(await collection.getEntry('b', INCLUDED), before)
    },
  },
  {
    id: 'T6-restore',
    clause: 'T6',
    title: 'a restored record is there again as it was, in every read, with a higher version',
    run: async (context) => {
      const collection = await withDeleted(context)
      assert.equal(await collection.restore('b'), 3)
      for (const [word, read, , included] of READS.filter(([word]) => word !== 'get-entry')) {
        assert.deepEqual(await read(collection, {}), included, word)
      }
      assert.deepEqual(await collection.get('b'), { id: 'b', tags: ['x'], rank: 2 })
    },
  },
  {
    id: 'T6-restore-nothing',
    clause: 'T6',
    title: 'restoring what is live, was never there or was removed for good is NOT_FOUND',
    run: async (context) => {
      const collection = await withDeleted(context)
      await collection.delete('b', { permanent: true })
      for (const key of ['a', 'b', 'never'])
        await assert.rejects(collection.restore(key), { code: 'NOT_FOUND' })
      assert.deepEqual(keysOf((await collection.find(INCLUDED)).records), ['a', 'c'])
    },
  },
  {
    id: 'T6-restore-unsupported',
    clause: 'T6',
    title: 'a collection that keeps no deleted records refuses to restore, and deletes for good',
    run: async (context) => {
      const collection = context.store().collection(plain)
      await collection.put({ id: 'a' })
      assert.equal(await collection.delete('a'), true)
      await assertRefused(() => collection.restore('a'), /softDelete/)
      assert.equal(await collection.has('a', INCLUDED), false)
    },
  },
  {
    id: 'T6-insert-over',
    clause: 'T6',
    title: 'an insert over a soft-deleted record replaces it',
    run: async (context) => {
      const collection = await withDeleted(context)
      context.clock.advance(1_000)
      assert.equal(await collection.insert({ id: 'b', rank: 20 }), 3)
      const entry = await collection.getEntry('b')
      assert.deepEqual(entry?.record, { id: 'b', rank: 20 })
      assert.equal(entry?.createdAt.getTime(), context.clock.now())
      assert.equal(await collection.count({ tags: { has: 'x' } }, INCLUDED), 1)
      await assert.rejects(collection.restore('b'), { code: 'NOT_FOUND' })
    },
  },
  {
    id: 'T6-put-over',
    clause: 'T6',
    title: 'a put over a soft-deleted record makes it live with the new content',
    run: async (context) => {
      const collection = await withDeleted(context)
      await collection.put({ id: 'b', rank: 20 })
      assert.deepEqual(ranksOf((await collection.find()).records), [1, 20, 3])
    },
  },
  {
    id: 'T6-conditions',
    clause: 'T6',
    title: 'conditions take a soft-deleted record as not there',
    run: async (context) => {
      const collection = await withDeleted(context)
      await assert.rejects(collection.update('b', { rank: 9 }), { code: 'NOT_FOUND' })
      for (const ifVersion of [1, 2]) {
        await assert.rejects(collection.put({ id: 'b' }, { ifVersion }), { code: 'VERSION_CONFLICT' })
        await assert.rejects(collection.delete('b', { ifVersion }), { code: 'VERSION_CONFLICT' })
      }
      assert.equal(await collection.put({ id: 'b' }, { ifVersion: 0 }), 3)
    },
  },
  {
    id: 'T6-references',
    clause: 'T6',
    title: 'a reference to a soft-deleted record does not hold until it is restored',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(notes)
      const referring = store.collection(replies)
      await collection.put({ id: 'a' })
      await collection.delete('a')
      await assert.rejects(referring.put({ id: 'r', note: 'a' }), { code: 'REFERENCE_VIOLATION' })
      await collection.restore('a')
      assert.equal(await referring.put({ id: 'r', note: 'a' }), 1)
    },
  },
  {
    id: 'T6-permanent',
    clause: 'T6',
    title: 'a permanent deletion removes a live record and a soft-deleted one for good',
    run: async (context) => {
      const collection = await withDeleted(context)
      assert.equal(await collection.delete('a', { permanent: true }), true)
      assert.equal(await collection.delete('b', { permanent: true }), false)
      assert.deepEqual(keysOf((await collection.find(INCLUDED)).records), ['c'])
    },
  },
  {
    id: 'T6-clear',
    clause: 'T6',
    title: 'clear removes live and soft-deleted records for good',
    run: async (context) => {
      const collection = await withDeleted(context)
      assert.equal(await collection.clear(), 3)
      assert.equal(await collection.count({}, INCLUDED), 0)
    },
  },
  ...purgeCases,
  {
    id: 'T6-transaction',
    clause: 'T6',
    title: 'a deletion is seen at once in its transaction, and undone with it',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(notes)
      await collection.put({ id: 'a', rank: 1 })
      const undone = new Error('undone')
      const attempt = store.transaction(async (transaction) => {
        const inside = transaction.collection(notes)
        assert.equal(await inside.delete('a'), true)
        assert.deepEqual(
          [await inside.has('a'), await inside.count(), await inside.count({}, INCLUDED)],
          [false, 0, 1],
        )
        throw undone
      })
      await assert.rejects(attempt, undone)
      assert.deepEqual((await collection.getEntry('a'))?.version, 1)
    },
  },
]

async function withDeleted(context: CaseContext): Promise<Notes> {
  const collection = context.store().collection(notes)
  await collection.putMany([
    { id: 'a', tags: ['x', 'y'], rank: 1 },
    { id: 'b', tags: ['x'], rank: 2 },
    { id: 'c', rank: 3 },
  ])
  assert.equal(await collection.delete('b'), true)
  return collection
}

function ranksOf(records: readonly ({ readonly rank?: number | undefined } | undefined)[]) {
  return records.map((record) => record?.rank)
}

function keysOf(records: readonly { readonly id: string }[]): string[] {
  return records.map((record) => record.id)
}

async function iterated(collection: Notes, options: { includeDeleted?: boolean }): Promise<unknown[]> {
  const ranks: unknown[] = []
  for await (const record of collection.iterate({ ...options, limit: 1 })) ranks.push(record.rank)
  return ranks
}
