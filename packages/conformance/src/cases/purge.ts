import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { assertRefused, unchecked } from './assert-refused.ts'

const notes = defineCollection({
  name: 'notes',
  schema: z.object({ id: z.string() }),
  key: 'id',
  softDelete: true,
})

const INCLUDED = { includeDeleted: true } as const

/** T6: when soft-deleted records go for good, and how their deadlines go on meanwhile. */
export const purgeCases: readonly Case[] = [
  {
    id: 'T6-purge-by-age',
    clause: 'T6',
    title: 'a purge removes what was deleted at least so long ago, to the millisecond, and counts it',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(notes)
      await collection.putMany(['a', 'b', 'c', 'd'].map((id) => ({ id })))
      for (const key of ['a', 'b', 'c']) {
        await collection.delete(key)
        context.clock.advance(1)
      }
      assert.equal(await store.purgeDeleted({ olderThanMs: 4 }), 0)
      assert.equal(await store.purgeDeleted({ olderThanMs: 2 }), 2)
      assert.deepEqual(keysOf((await collection.find(INCLUDED)).records), ['c', 'd'])
      assert.equal(await store.purgeDeleted({ olderThanMs: 0 }), 1)
      assert.deepEqual(keysOf((await collection.find(INCLUDED)).records), ['d'])
    },
  },
  {
    id: 'T6-purge-spares',
    clause: 'T6',
    title: 'a purge spares what was restored or stored anew, and what was deleted again since',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(notes)
      await collection.putMany(['a', 'b', 'c', 'd'].map((id) => ({ id })))
      await collection.deleteMany({ all: true })
      context.clock.advance(1_000)
      await collection.restore('a')
      await collection.insert({ id: 'b' })
      await collection.restore('c')
      await collection.delete('c')
      assert.equal(await store.purgeDeleted({ olderThanMs: 1_000 }), 1)
      assert.deepEqual(keysOf((await collection.find(INCLUDED)).records), ['a', 'b', 'c'])
    },
  },
  {
    id: 'T6-purge-tenants',
    clause: 'T6',
    title: "a purge on a tenant's handle leaves every other tenant alone",
    run: async (context) => {
      const store = context.store()
      for (const tenant of ['x', 'y']) {
        const collection = store.tenant(tenant).collection(notes)
        await collection.put({ id: 'a' })
        await collection.delete('a')
      }
      assert.equal(await store.tenant('x').purgeDeleted({ olderThanMs: 0 }), 1)
      assert.equal(await store.tenant('y').collection(notes).restore('a'), 3)
    },
  },
  ...[-1, Number.NaN, Number.POSITIVE_INFINITY, '0', undefined].map(
    (olderThanMs): Case => ({
      id: `T6-purge-${typeof olderThanMs}-${String(olderThanMs).toLowerCase()}`,
      clause: 'T6',
      title: `a purge of what is older than ${String(olderThanMs)} (${typeof olderThanMs}) is refused`,
      run: async (context) => {
        const store = context.store()
        const collection = store.collection(notes)
        await collection.put({ id: 'a' })
        await collection.delete('a')
        await assertRefused(() => store.purgeDeleted({ olderThanMs: unchecked(olderThanMs) }), /olderThanMs/)
        assert.equal(await collection.has('a', INCLUDED), true)
      },
    }),
  ),
  {
    id: 'T6-expired-too',
    clause: 'T6',
    title: 'a soft-deleted record that expires is gone: unseen, not to be restored, removed by a cleanup',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(notes)
      await collection.put({ id: 'a' }, { ttlMs: 1_000 })
      await collection.delete('a')
      assert.equal(await collection.count({}, INCLUDED), 1)
      context.clock.advance(1_000)
      assert.deepEqual(
        [await collection.count({}, INCLUDED), await collection.has('a', INCLUDED)],
        [0, false],
      )
      await assert.rejects(collection.restore('a'), { code: 'NOT_FOUND' })
      assert.equal(await store.cleanupExpired(), 1)
    },
  },
  {
    id: 'T6-restored-deadline',
    clause: 'T6',
    title: 'a record restored before its deadline keeps it',
    run: async (context) => {
      const collection = context.store().collection(notes)
      await collection.put({ id: 'a' }, { ttlMs: 1_000 })
      await collection.delete('a')
      context.clock.advance(999)
      await collection.restore('a')
      assert.equal(await collection.has('a'), true)
      context.clock.advance(1)
      assert.equal(await collection.has('a'), false)
    },
  },
  {
    id: 'T6-cleanup-spares',
    clause: 'T6',
    title: 'a cleanup of expired records leaves soft-deleted ones',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(notes)
      await collection.put({ id: 'a' })
      await collection.delete('a')
      context.clock.advance(1_000_000)
      assert.equal(await store.cleanupExpired(), 0)
      assert.equal(await collection.restore('a'), 3)
    },
  },
]

function keysOf(records: readonly { readonly id: string }[]): string[] {
  return records.map((record) => record.id)
}
