import assert from 'node:assert/strict'
import { type BaseStore, type Collection, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'

const schema = z.object({ id: z.string(), n: z.int() })
const plain = defineCollection({ name: 'plain', schema, key: 'id' })
const soft = defineCollection({ name: 'soft', schema, key: 'id', softDelete: true })
type Things = Collection<z.output<typeof schema>, 'id'>

interface Removal {
  readonly word: string
  readonly soft?: boolean
  readonly title: string
  readonly run: (collection: Things, store: BaseStore, context: CaseContext) => Promise<unknown>
}

const removals: readonly Removal[] = [
  { word: 'delete', title: 'a deletion', run: (collection) => collection.delete('a') },
  {
    word: 'permanent',
    soft: true,
    title: 'a permanent deletion',
    run: (c) => c.delete('a', { permanent: true }),
  },
  {
    word: 'delete-many',
    title: 'a deletion by filter',
    run: (collection) => collection.deleteMany({ all: true }),
  },
  { word: 'clear', title: 'a clear', run: (collection) => collection.clear() },
  { word: 'soft', soft: true, title: 'a soft deletion', run: (collection) => collection.delete('a') },
  {
    word: 'purge',
    soft: true,
    title: 'a soft deletion and a purge',
    run: async (collection, store, context) => {
      await collection.delete('a')
      context.clock.advance(1)
      assert.equal(await store.purgeDeleted({ olderThanMs: 0 }), 1)
    },
  },
  {
    word: 'expiry',
    title: 'an expiry without a sweep',
    run: async (collection, _store, context) => {
      await collection.put({ id: 'a', n: 0 }, { ttlMs: 5 })
      context.clock.advance(5)
    },
  },
  {
    word: 'sweep',
    title: 'an expiry and a sweep',
    run: async (collection, store, context) => {
      await collection.put({ id: 'a', n: 0 }, { ttlMs: 5 })
      context.clock.advance(5)
      assert.equal(await store.cleanupExpired(), 1)
    },
  },
]

const afterRemoval = ({ word, title, run, ...about }: Removal): Case => ({
  id: `W2-aba-${word}`,
  clause: 'W2',
  title: `after ${title} and a new insert no earlier version matches`,
  run: async (context) => {
    const store = context.store()
    const collection: Things = store.collection(about.soft === true ? soft : plain)
    await collection.put({ id: 'a', n: 1 })
    await collection.put({ id: 'a', n: 2 })
    const old = await collection.put({ id: 'a', n: 3 })
    await run(collection, store, context)
    const inserted = await collection.insert({ id: 'a', n: 4 })
    assert.ok(inserted > old, `version ${inserted} after ${old}`)
    for (let version = 1; version <= old; version++) {
      await assert.rejects(collection.put({ id: 'a', n: 5 }, { ifVersion: version }), {
        code: 'VERSION_CONFLICT',
      })
      await assert.rejects(collection.delete('a', { ifVersion: version }), { code: 'VERSION_CONFLICT' })
    }
    assert.deepEqual(await collection.get('a'), { id: 'a', n: 4 })
  },
})

/** W2: versions and conditions. */
export const versionCases: readonly Case[] = [
  ...removals.map(afterRemoval),
  {
    id: 'W2-counts-writes',
    clause: 'W2',
    title: 'a version begins at 1 and grows by one with every write of that record alone',
    run: async (context) => {
      const collection = context.store().collection(soft)
      assert.equal(await collection.insert({ id: 'a', n: 1 }), 1)
      assert.equal(await collection.insert({ id: 'b', n: 1 }), 1)
      assert.equal(await collection.put({ id: 'a', n: 2 }), 2)
      assert.equal(await collection.update('a', { n: 3 }), 3)
      assert.equal(await collection.delete('a'), true)
      assert.equal(await collection.restore('a'), 5)
      assert.equal((await collection.getEntry('a'))?.version, 5)
      assert.equal((await collection.getEntry('b'))?.version, 1)
    },
  },
  {
    id: 'W2-same-content',
    clause: 'W2',
    title: 'a put of the same content is a write like any other',
    run: async (context) => {
      const collection = context.store().collection(plain)
      await collection.put({ id: 'a', n: 1 })
      assert.equal(await collection.put({ id: 'a', n: 1 }), 2)
    },
  },
  {
    id: 'W2-right-version',
    clause: 'W2',
    title: 'a write under the present version happens',
    run: async (context) => {
      const collection = context.store().collection(plain)
      await collection.put({ id: 'a', n: 1 })
      assert.equal(await collection.put({ id: 'a', n: 2 }, { ifVersion: 1 }), 2)
      assert.equal(await collection.update('a', { n: 3 }, { ifVersion: 2 }), 3)
      assert.equal(await collection.delete('a', { ifVersion: 3 }), true)
    },
  },
  {
    id: 'W2-wrong-version',
    clause: 'W2',
    title: 'a write under another version is refused and changes nothing',
    run: async (context) => {
      const collection = context.store().collection(plain)
      await collection.put({ id: 'a', n: 1 })
      await collection.put({ id: 'a', n: 2 })
      const before = await collection.getEntry('a')
      for (const ifVersion of [1, 3]) {
        const refusal = { code: 'VERSION_CONFLICT', keys: ['a'] }
        await assert.rejects(collection.put({ id: 'a', n: 9 }, { ifVersion }), refusal)
        await assert.rejects(collection.update('a', { n: 9 }, { ifVersion }), refusal)
        await assert.rejects(collection.delete('a', { ifVersion }), refusal)
      }
      assert.deepEqual(await collection.getEntry('a'), before)
    },
  },
  {
    id: 'W2-version-of-nothing',
    clause: 'W2',
    title: 'a write under a version is refused when the record is not there',
    run: async (context) => {
      const collection = context.store().collection(plain)
      await assert.rejects(collection.put({ id: 'a', n: 1 }, { ifVersion: 1 }), { code: 'VERSION_CONFLICT' })
      await assert.rejects(collection.delete('a', { ifVersion: 1 }), { code: 'VERSION_CONFLICT' })
      assert.equal(await collection.has('a'), false)
    },
  },
  {
    id: 'W2-zero',
    clause: 'W2',
    title: 'ifVersion 0 means: only if it is not there',
    run: async (context) => {
      const collection = context.store().collection(plain)
      assert.equal(await collection.put({ id: 'a', n: 1 }, { ifVersion: 0 }), 1)
      await assert.rejects(collection.put({ id: 'a', n: 2 }, { ifVersion: 0 }), { code: 'VERSION_CONFLICT' })
      assert.equal((await collection.get('a'))?.n, 1)
    },
  },
  {
    id: 'W2-zero-when-gone',
    clause: 'W2',
    title: 'ifVersion 0 matches an expired and a soft-deleted record, their old version does not',
    run: async (context) => {
      const collection = context.store().collection(soft)
      const expired = await collection.put({ id: 'expired', n: 1 }, { ttlMs: 10 })
      const deleted = await collection.put({ id: 'deleted', n: 1 })
      await collection.delete('deleted')
      context.clock.advance(10)
      for (const [id, version] of [
        ['expired', expired],
        ['deleted', deleted],
        ['deleted', deleted + 1],
      ] as const) {
        await assert.rejects(
          collection.put({ id, n: 2 }, { ifVersion: version }),
          { code: 'VERSION_CONFLICT' },
          id,
        )
      }
      assert.ok((await collection.put({ id: 'expired', n: 3 }, { ifVersion: 0 })) > expired)
      assert.ok((await collection.put({ id: 'deleted', n: 3 }, { ifVersion: 0 })) > deleted + 1)
    },
  },
  {
    id: 'W2-not-a-version',
    clause: 'W2',
    title: 'what can be no version is refused before anything is done',
    run: async (context) => {
      const collection = context.store().collection(plain)
      await collection.put({ id: 'a', n: 1 })
      for (const wrong of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null, new Date(1), 2 ** 53]) {
        const ifVersion = wrong as number
        await assert.rejects(
          collection.put({ id: 'a', n: 2 }, { ifVersion }),
          { code: 'INVALID_ARGUMENT' },
          String(wrong),
        )
        await assert.rejects(
          collection.delete('a', { ifVersion }),
          { code: 'INVALID_ARGUMENT' },
          String(wrong),
        )
      }
      assert.equal((await collection.getEntry('a'))?.version, 1)
    },
  },
  {
    id: 'W2-update-does-not-insist',
    clause: 'W2',
    title: 'an update under a version is not tried again when another write came first',
    run: async (context) => {
      const collection = context.store().collection(plain)
      const version = await collection.put({ id: 'a', n: 1 })
      let calls = 0
      const update = collection.update(
        'a',
        async (record) => {
          calls++
          await collection.put({ id: 'a', n: 50 })
          return { ...record, n: 2 }
        },
        { ifVersion: version },
      )
      await assert.rejects(update, { code: 'VERSION_CONFLICT' })
      assert.equal(calls, 1)
      assert.equal((await collection.get('a'))?.n, 50)
    },
  },
  {
    id: 'W2-update-insists',
    clause: 'W2',
    title: 'an update without a version runs its function again on the record that came first',
    run: async (context) => {
      const collection = context.store().collection(plain)
      await collection.put({ id: 'a', n: 1 })
      let calls = 0
      await collection.update('a', async (record) => {
        calls++
        if (calls === 1) await collection.put({ id: 'a', n: 50 })
        return { ...record, n: record.n + 1 }
      })
      assert.equal(calls, 2)
      assert.equal((await collection.get('a'))?.n, 51)
    },
  },
]
