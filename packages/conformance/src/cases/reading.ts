import assert from 'node:assert/strict'
import { type Collection, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { assertRefused, unchecked } from './assert-refused.ts'

const items = defineCollection({
  name: 'items',
  schema: z.object({ id: z.string(), rank: z.int() }),
  key: 'id',
  fields: { rank: 'index' },
})
type Items = Collection<z.output<typeof items.schema>, 'id' | 'rank'>

/** R1: what reads answer, and in which order. */
export const readingCases: readonly Case[] = [
  {
    id: 'R1-order',
    clause: 'R1',
    title: 'getMany answers in the order of the keys',
    run: async (context) => {
      const collection = await filled(context, 5)
      assert.deepEqual(await ranksOf(collection, ['k3', 'k0', 'k4', 'k1', 'k2']), [3, 0, 4, 1, 2])
    },
  },
  {
    id: 'R1-repeated',
    clause: 'R1',
    title: 'getMany answers a repeated key repeatedly',
    run: async (context) => {
      const collection = await filled(context, 3)
      assert.deepEqual(await ranksOf(collection, ['k1', 'k0', 'k1', 'k1', 'k2', 'k0']), [1, 0, 1, 1, 2, 0])
    },
  },
  {
    id: 'R1-missing',
    clause: 'R1',
    title: 'getMany answers undefined for each key that is not there, in its place',
    run: async (context) => {
      const collection = await filled(context, 2)
      const keys = ['no', 'k1', 'no', 'K0', 'k0', 'k00']
      assert.deepEqual(await ranksOf(collection, keys), [undefined, 1, undefined, undefined, 0, undefined])
    },
  },
  {
    id: 'R1-empty',
    clause: 'R1',
    title: 'getMany of no keys answers nothing',
    run: async (context) => {
      const collection = await filled(context, 2)
      assert.deepEqual(await collection.getMany([]), [])
    },
  },
  {
    id: 'R1-many',
    clause: 'R1',
    title: 'getMany of more keys than an engine takes parameters answers each',
    run: async (context) => {
      const collection = await filled(context, 50)
      const keys = Array.from({ length: 70_000 }, (_, n) => `k${(n * 7) % 30_000}`)
      const expected = keys.map((key) => (Number(key.slice(1)) < 50 ? Number(key.slice(1)) : undefined))
      assert.deepEqual(await ranksOf(collection, keys), expected)
    },
  },
  {
    id: 'R1-at-once',
    clause: 'R1',
    title: 'reads at the same time answer each its own caller',
    run: async (context) => {
      const collection = await filled(context, 20)
      const keys = Array.from({ length: 200 }, (_, n) => `k${(n * 3) % 25}`)
      const found = await Promise.all(keys.map((key) => collection.get(key)))
      assert.deepEqual(
        found.map((record) => record?.id),
        keys.map((key) => (Number(key.slice(1)) < 20 ? key : undefined)),
      )
    },
  },
  {
    id: 'R1-no-list',
    clause: 'R1',
    title: 'getMany refuses what is no list of keys',
    run: async (context) => {
      const collection = await filled(context, 1)
      for (const keys of ['k0', { 0: 'k0', length: 1 }, null, undefined]) {
        await assertRefused(() => collection.getMany(unchecked(keys)))
      }
    },
  },
  {
    id: 'R1-has',
    clause: 'R1',
    title: 'has, get and getEntry agree about what is there',
    run: async (context) => {
      const collection = await filled(context, 1)
      assert.deepEqual([await collection.has('k0'), await collection.has('k1')], [true, false])
      assert.deepEqual(await collection.get('k0'), { id: 'k0', rank: 0 })
      const entry = await collection.getEntry('k0')
      assert.deepEqual(entry?.record, { id: 'k0', rank: 0 })
      assert.deepEqual([entry?.expiresAt, entry?.deletedAt], [undefined, undefined])
    },
  },
  {
    id: 'R1-find-one',
    clause: 'R1',
    title: 'findOne answers the first record in the order asked for',
    run: async (context) => {
      const collection = await filled(context, 5)
      assert.deepEqual(await collection.findOne({ orderBy: { rank: 'desc' } }), { id: 'k4', rank: 4 })
      assert.deepEqual(await collection.findOne({ where: { rank: { gt: 1 } } }), { id: 'k2', rank: 2 })
      assert.equal(await collection.findOne({ where: { rank: 9 } }), undefined)
    },
  },
  {
    id: 'R1-entries',
    clause: 'R1',
    title: 'findEntries answers the records of find with their versions',
    run: async (context) => {
      const collection = await filled(context, 3)
      await collection.update('k1', { rank: 7 })
      const page = await collection.findEntries({ orderBy: 'rank' })
      assert.deepEqual(
        page.records.map(({ record, version }) => [record.id, version]),
        [
          ['k0', 1],
          ['k2', 1],
          ['k1', 2],
        ],
      )
    },
  },
  {
    id: 'R1-same-key-elsewhere',
    clause: 'R1',
    title: 'reads never answer a record of another tenant that has the same key',
    run: async (context) => {
      const store = context.store()
      await store.tenant('a').collection(items).put({ id: 'k', rank: 1 })
      await store.tenant('A').collection(items).put({ id: 'k', rank: 2 })
      assert.deepEqual(await store.tenant('a').collection(items).getMany(['k', 'k']), [
        { id: 'k', rank: 1 },
        { id: 'k', rank: 1 },
      ])
      assert.equal(await store.collection(items).get('k'), undefined)
      assert.deepEqual((await store.tenant('A').collection(items).find()).records, [{ id: 'k', rank: 2 }])
    },
  },
]

async function filled(context: CaseContext, count: number): Promise<Items> {
  const collection = context.store().collection(items)
  await collection.putMany(Array.from({ length: count }, (_, rank) => ({ id: `k${rank}`, rank })))
  return collection
}

async function ranksOf(collection: Items, keys: readonly string[]): Promise<(number | undefined)[]> {
  return (await collection.getMany(keys)).map((record) => record?.rank)
}
