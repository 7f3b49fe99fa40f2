import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { updatingCases } from './updating.ts'

const things = defineCollection({
  name: 'things',
  schema: z.object({ id: z.string(), n: z.int(), note: z.string().optional() }),
  key: 'id',
  fields: { n: 'index' },
})

const numbered = (count: number, from = 0) =>
  Array.from({ length: count }, (_, position) => ({
    id: `k${String(position + from).padStart(6, '0')}`,
    n: position,
  }))

/** A refusal at one position of five: nothing of the call may remain. */
const refusedAt = (word: string, position: number): Case[] => [
  {
    id: `W1-insert-${word}`,
    clause: 'W1',
    title: `insertMany refused at its ${word} record stores nothing and names the position`,
    run: async (context) => {
      const collection = context.store().collection(things)
      const records = numbered(5)
      const taken = records[position] as { id: string; n: number }
      await collection.put({ ...taken, n: 99 })
      await assert.rejects(collection.insertMany(records), {
        code: 'ALREADY_EXISTS',
        index: position,
        keys: [taken.id],
      })
      assert.deepEqual((await collection.find()).records, [{ ...taken, n: 99 }])
      assert.equal((await collection.getEntry(taken.id))?.version, 1)
    },
  },
  {
    id: `W1-put-${word}`,
    clause: 'W1',
    title: `putMany refused at its ${word} record leaves records, versions and index fields as they were`,
    run: async (context) => {
      const collection = context.store().collection(things)
      const records = numbered(5)
      await collection.putMany(records)
      const other = records[position] as { id: string; n: number }
      await collection.put(other)
      const before = await collection.findEntries()
      const changed = records.map((record) => ({ ...record, n: record.n + 100 }))
      await assert.rejects(collection.putMany(changed, { ifVersion: 1 }), {
        code: 'VERSION_CONFLICT',
        index: position,
        keys: [other.id],
      })
      assert.deepEqual(await collection.findEntries(), before)
      assert.equal(await collection.count({ n: { gte: 100 } }), 0)
    },
  },
]

/** W1 to W4: bulk calls, what deletion answers, calls larger than an engine's limits, and updates. */
export const writingCases: readonly Case[] = [
  ...updatingCases,
  ...refusedAt('second', 1),
  ...refusedAt('middle', 2),
  ...refusedAt('last', 4),
  {
    id: 'W1-invalid-record',
    clause: 'W1',
    title: 'a record that does not fit the schema refuses the whole call and names the position',
    run: async (context) => {
      const collection = context.store().collection(things)
      const records = [
        { id: 'a', n: 1 },
        { id: 'b', n: 1.5 },
        { id: 'c', n: 3 },
      ]
      await assert.rejects(collection.putMany(records), { code: 'INVALID_ARGUMENT', index: 1 })
      assert.equal(await collection.count(), 0)
    },
  },
  {
    id: 'W1-empty',
    clause: 'W1',
    title: 'an empty bulk call does nothing and answers nothing',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.put({ id: 'a', n: 1 })
      assert.deepEqual(await collection.putMany([]), [])
      assert.deepEqual(await collection.insertMany([]), [])
      assert.equal(await collection.deleteMany([]), 0)
      assert.deepEqual(await collection.getMany([]), [])
      assert.equal((await collection.getEntry('a'))?.version, 1)
    },
  },
  {
    id: 'W1-not-an-array',
    clause: 'W1',
    title: 'a bulk call takes an array and nothing else',
    run: async (context) => {
      const collection = context.store().collection(things)
      for (const wrong of [undefined, null, { id: 'a', n: 1 }, 'a']) {
        await assert.rejects(collection.putMany(wrong as never), { code: 'INVALID_ARGUMENT' })
        await assert.rejects(collection.insertMany(wrong as never), { code: 'INVALID_ARGUMENT' })
      }
    },
  },
  {
    id: 'W1-same-key-twice',
    clause: 'W1',
    title: 'of two puts of one key in one call the later wins, each with a version of its own',
    run: async (context) => {
      const collection = context.store().collection(things)
      const versions = await collection.putMany([
        { id: 'a', n: 1 },
        { id: 'b', n: 2 },
        { id: 'a', n: 3 },
      ])
      assert.deepEqual(versions, [1, 1, 2])
      assert.deepEqual((await collection.find()).records, [
        { id: 'a', n: 3 },
        { id: 'b', n: 2 },
      ])
      assert.equal(await collection.count({ n: 1 }), 0)
    },
  },
  {
    id: 'W1-insert-twice',
    clause: 'W1',
    title: 'insertMany sees its own earlier records: the same key twice is refused and nothing stored',
    run: async (context) => {
      const collection = context.store().collection(things)
      const records = [
        { id: 'a', n: 1 },
        { id: 'b', n: 2 },
        { id: 'a', n: 3 },
      ]
      await assert.rejects(collection.insertMany(records), { code: 'ALREADY_EXISTS', index: 2, keys: ['a'] })
      assert.equal(await collection.count(), 0)
    },
  },
  {
    id: 'W1-condition-sees-earlier',
    clause: 'W1',
    title: 'a condition in a bulk call sees what the call has done so far',
    run: async (context) => {
      const collection = context.store().collection(things)
      const twice = [
        { id: 'a', n: 1 },
        { id: 'a', n: 2 },
      ]
      await assert.rejects(collection.putMany(twice, { ifVersion: 0 }), {
        code: 'VERSION_CONFLICT',
        index: 1,
      })
      assert.equal(await collection.has('a'), false)
    },
  },
  {
    id: 'W1-delete-twice',
    clause: 'W1',
    title: 'a key named twice in deleteMany goes once',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.putMany([
        { id: 'a', n: 1 },
        { id: 'b', n: 2 },
      ])
      assert.equal(await collection.deleteMany(['a', 'a', 'missing']), 1)
      assert.deepEqual((await collection.find()).records, [{ id: 'b', n: 2 }])
    },
  },
  {
    id: 'W1-delete-invalid-key',
    clause: 'W1',
    title: 'deleteMany with a key that can not be one removes nothing and names the position',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.putMany([
        { id: 'a', n: 1 },
        { id: 'b', n: 2 },
      ])
      await assert.rejects(collection.deleteMany(['a', '']), { code: 'INVALID_ARGUMENT', index: 1 })
      assert.equal(await collection.count(), 2)
    },
  },
  {
    id: 'W3-delete',
    clause: 'W3',
    title: 'delete answers true for a live record, and false when there is none',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.put({ id: 'a', n: 1 })
      assert.equal(await collection.delete('missing'), false)
      assert.equal(await collection.delete('a'), true)
      assert.equal(await collection.delete('a'), false)
      assert.equal(await collection.get('a'), undefined)
    },
  },
  {
    id: 'W3-delete-expired',
    clause: 'W3',
    title: 'delete answers false for an expired record that has not been swept',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.put({ id: 'a', n: 1 }, { ttlMs: 10 })
      context.clock.advance(10)
      assert.equal(await collection.delete('a'), false)
    },
  },
  {
    id: 'W3-delete-many-counts',
    clause: 'W3',
    title: 'deleteMany counts live records alone',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.putMany(numbered(3))
      await collection.put({ id: 'expired', n: 1 }, { ttlMs: 10 })
      context.clock.advance(10)
      assert.equal(await collection.deleteMany(['k000000', 'expired', 'missing', 'k000002']), 2)
      assert.deepEqual((await collection.find()).records, [{ id: 'k000001', n: 1 }])
    },
  },
  {
    id: 'W3-delete-by-filter',
    clause: 'W3',
    title: 'deleteMany by a filter removes all that match, over many pages, and nothing else',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.putMany(numbered(2_500))
      assert.equal(await collection.deleteMany({ n: { gte: 100 } }), 2_400)
      assert.equal(await collection.count(), 100)
      assert.equal(await collection.count({ n: { lt: 100 } }), 100)
    },
  },
  {
    id: 'W3-delete-all',
    clause: 'W3',
    title: 'deleteMany removes everything only when told { all: true }',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.putMany(numbered(3))
      for (const wrong of [{}, { all: false }, { all: 1 }, undefined, null]) {
        await assert.rejects(
          collection.deleteMany(wrong as never),
          { code: 'INVALID_ARGUMENT' },
          JSON.stringify(wrong),
        )
      }
      assert.equal(await collection.count(), 3)
      assert.equal(await collection.deleteMany({ all: true }), 3)
      assert.equal(await collection.count(), 0)
    },
  },
  {
    id: 'W3-clear',
    clause: 'W3',
    title: 'clear removes everything, also what is expired, and answers how much it was',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.putMany(numbered(3))
      await collection.put({ id: 'expired', n: 1 }, { ttlMs: 10 })
      context.clock.advance(10)
      assert.equal(await collection.clear(), 4)
      assert.equal(await collection.clear(), 0)
      assert.equal(await collection.count(), 0)
    },
  },
  {
    id: 'W4-put',
    clause: 'W4',
    title: 'one putMany takes 40,000 records',
    run: async (context) => {
      const collection = context.store().collection(things)
      const records = numbered(40_000)
      const versions = await collection.putMany(records)
      assert.equal(versions.length, 40_000)
      assert.ok(versions.every((version) => version === 1))
      assert.equal(await collection.count(), 40_000)
      const ends = await collection.getMany(
        [records[0], records[20_000], records[39_999]].map((each) => each?.id ?? ''),
      )
      assert.deepEqual(
        ends.map((each) => each?.n),
        [0, 20_000, 39_999],
      )
    },
  },
  {
    id: 'W4-refused-at-the-end',
    clause: 'W4',
    title: 'a very large insertMany that is refused at its last record leaves nothing',
    run: async (context) => {
      const collection = context.store().collection(things)
      const records = numbered(34_000)
      await collection.put({ id: 'k033999', n: -1 })
      await assert.rejects(collection.insertMany(records), { code: 'ALREADY_EXISTS', index: 33_999 })
      assert.deepEqual((await collection.find()).records, [{ id: 'k033999', n: -1 }])
    },
  },
  {
    id: 'W4-get-and-delete',
    clause: 'W4',
    title: 'getMany and deleteMany take more keys than an engine takes parameters',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.putMany(numbered(10))
      const keys = Array.from({ length: 66_000 }, (_, position) => `k${String(position).padStart(6, '0')}`)
      const found = await collection.getMany(keys)
      assert.equal(found.length, 66_000)
      assert.equal(found.filter((each) => each !== undefined).length, 10)
      assert.equal(await collection.deleteMany(keys), 10)
    },
  },
]
