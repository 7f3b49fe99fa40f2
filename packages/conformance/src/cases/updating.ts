import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'

const counters = defineCollection({
  name: 'counters',
  schema: z.object({ id: z.string(), n: z.int(), note: z.string().optional() }),
  key: 'id',
  fields: { n: 'index', note: 'index' },
  softDelete: true,
})

/** W1, W2: read-modify-write of one record. */
export const updatingCases: readonly Case[] = [
  {
    id: 'W2-update-members',
    clause: 'W2',
    title: 'update replaces the members given, keeps the others and counts as one write',
    run: async (context) => {
      const collection = context.store().collection(counters)
      await collection.put({ id: 'a', n: 1, note: 'x' })
      assert.equal(await collection.update('a', { n: 2 }), 2)
      assert.deepEqual(await collection.get('a'), { id: 'a', n: 2, note: 'x' })
      assert.equal(await collection.count({ n: 1 }), 0)
    },
  },
  {
    id: 'W2-update-function',
    clause: 'W2',
    title: 'update takes a function, which may be asynchronous, from the present record to the new one',
    run: async (context) => {
      const collection = context.store().collection(counters)
      await collection.put({ id: 'a', n: 1, note: 'x' })
      await collection.update('a', (record) => ({ ...record, n: record.n + 10 }))
      await collection.update('a', async (record) => ({ id: record.id, n: record.n + 100 }))
      assert.deepEqual(await collection.get('a'), { id: 'a', n: 111 })
    },
  },
  {
    id: 'W2-update-removes-member',
    clause: 'W2',
    title: 'a member updated to undefined is gone, from the record and from queries',
    run: async (context) => {
      const collection = context.store().collection(counters)
      await collection.put({ id: 'a', n: 1, note: 'x' })
      await collection.update('a', { note: undefined })
      assert.deepEqual(await collection.get('a'), { id: 'a', n: 1 })
      assert.equal(await collection.count({ note: 'x' }), 0)
    },
  },
  {
    id: 'W2-update-key',
    clause: 'W2',
    title: 'an update can not change the key',
    run: async (context) => {
      const collection = context.store().collection(counters)
      await collection.put({ id: 'a', n: 1 })
      await assert.rejects(collection.update('a', { id: 'b' }), { code: 'INVALID_ARGUMENT' })
      await assert.rejects(
        collection.update('a', (record) => ({ ...record, id: 'b' })),
        { code: 'INVALID_ARGUMENT' },
      )
      assert.deepEqual(
        (await collection.findEntries()).records.map((each) => [each.record, each.version]),
        [[{ id: 'a', n: 1 }, 1]],
      )
    },
  },
  {
    id: 'W2-update-nothing-there',
    clause: 'W2',
    title: 'update of a missing, an expired or a soft-deleted record is refused with NOT_FOUND',
    run: async (context) => {
      const collection = context.store().collection(counters)
      await collection.put({ id: 'expired', n: 1 }, { ttlMs: 10 })
      await collection.put({ id: 'deleted', n: 1 })
      await collection.delete('deleted')
      context.clock.advance(10)
      for (const key of ['missing', 'expired', 'deleted']) {
        await assert.rejects(collection.update(key, { n: 2 }), { code: 'NOT_FOUND', keys: [key] }, key)
      }
      assert.equal(await collection.count(), 0)
    },
  },
  {
    id: 'W2-update-function-throws',
    clause: 'W2',
    title: 'what the function of an update throws is thrown on as it is, and nothing changes',
    run: async (context) => {
      const collection = context.store().collection(counters)
      await collection.put({ id: 'a', n: 1 })
      const thrown = new Error('mine')
      const fails = collection.update('a', () => {
        throw thrown
      })
      assert.equal(await fails.catch((error: unknown) => error), thrown)
      assert.equal((await collection.getEntry('a'))?.version, 1)
    },
  },
  {
    id: 'W2-update-wrong-kind',
    clause: 'W2',
    title: 'update takes members or a function and nothing else',
    run: async (context) => {
      const collection = context.store().collection(counters)
      await collection.put({ id: 'a', n: 1 })
      for (const wrong of [undefined, null, 1, 'n']) {
        await assert.rejects(collection.update('a', wrong as never), { code: 'INVALID_ARGUMENT' })
      }
    },
  },
  {
    id: 'W2-increments',
    clause: 'W2',
    title: '64 increments of one record at once lose nothing',
    run: async (context) => {
      const collection = context.store().collection(counters)
      await collection.put({ id: 'a', n: 0 })
      const versions = await Promise.all(
        Array.from({ length: 64 }, () =>
          collection.update('a', (record) => ({ ...record, n: record.n + 1 })),
        ),
      )
      assert.deepEqual(
        versions.toSorted((left, right) => left - right),
        Array.from({ length: 64 }, (_, n) => n + 2),
      )
      assert.equal((await collection.get('a'))?.n, 64)
    },
  },
  {
    id: 'W2-increments-beside-puts',
    clause: 'W2',
    title: 'increments survive puts of other members that condition on the version meanwhile',
    run: async (context) => {
      const collection = context.store().collection(counters)
      await collection.put({ id: 'a', n: 0 })
      let renamed = 0
      const rename = async (position: number) => {
        const entry = await collection.getEntry('a')
        if (entry === undefined) return
        await collection.put({ ...entry.record, note: `n${position}` }, { ifVersion: entry.version }).then(
          () => renamed++,
          (error: { code?: string }) => assert.equal(error.code, 'VERSION_CONFLICT'),
        )
      }
      const increment = () => collection.update('a', (record) => ({ ...record, n: record.n + 1 }))
      await Promise.all(Array.from({ length: 32 }, (_, position) => [increment(), rename(position)]).flat())
      const entry = await collection.getEntry('a')
      assert.equal(entry?.record.n, 32)
      assert.equal(entry?.version, 1 + 32 + renamed)
    },
  },
  {
    id: 'W2-one-insert-wins',
    clause: 'W2',
    title: 'of 64 inserts of one key at once exactly one wins',
    run: async (context) => {
      const collection = context.store().collection(counters)
      const results = await Promise.allSettled(
        Array.from({ length: 64 }, (_, n) => collection.insert({ id: 'a', n })),
      )
      const winners = results.flatMap((result, n) => (result.status === 'fulfilled' ? [n] : []))
      assert.equal(winners.length, 1)
      for (const result of results) {
        if (result.status === 'rejected') assert.equal(result.reason.code, 'ALREADY_EXISTS')
      }
      assert.equal((await collection.get('a'))?.n, winners[0])
    },
  },
  {
    id: 'W2-one-condition-wins',
    clause: 'W2',
    title: 'of 64 puts at once under one version exactly one wins',
    run: async (context) => {
      const collection = context.store().collection(counters)
      const version = await collection.put({ id: 'a', n: -1 })
      const puts = Array.from({ length: 64 }, (_, n) =>
        collection.put({ id: 'a', n }, { ifVersion: version }),
      )
      const results = await Promise.allSettled(puts)
      const winners = results.flatMap((result, n) => (result.status === 'fulfilled' ? [n] : []))
      assert.equal(winners.length, 1)
      assert.equal((await collection.get('a'))?.n, winners[0])
      assert.equal((await collection.getEntry('a'))?.version, version + 1)
    },
  },
]
