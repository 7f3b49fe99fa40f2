import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { everythingOf, happeningsOf } from '../method-calls.ts'

const things = defineCollection({
  name: 'things',
  schema: z.object({ id: z.string(), n: z.int() }),
  key: 'id',
  fields: { n: 'index' },
})
const parts = defineCollection({
  name: 'parts',
  schema: z.object({ id: z.string(), thing: z.string() }),
  key: 'id',
  references: { thing: { collection: 'things' } },
})

/** X5: transactions within transactions. */
export const savepointCases: readonly Case[] = [
  {
    id: 'X5-nested-commit',
    clause: 'X5',
    title: 'a nested transaction answers what its callback answers and commits with the outer one',
    requires: ['savepoints'],
    run: async (context) => {
      const store = context.store()
      const outer = store.collection(things)
      const answer = await store.transaction(async (tx) => {
        await tx.collection(things).put({ id: 'a', n: 1 })
        return tx.transaction(async (nested) => {
          await nested.collection(things).put({ id: 'b', n: 2 })
          return (await nested.collection(things).find()).records.length
        })
      })
      assert.equal(answer, 2)
      assert.equal(await outer.count(), 2)
    },
  },
  {
    id: 'X5-nested-rollback',
    clause: 'X5',
    title: 'a nested transaction that throws is undone alone, and throws on what it threw',
    requires: ['savepoints'],
    run: async (context) => {
      const store = context.store()
      const thrown = new Error('mine')
      await store.collection(things).count()
      await store.transaction(async (tx) => {
        const inner = tx.collection(things)
        await inner.put({ id: 'a', n: 1 })
        const nested = tx.transaction(async (nested) => {
          await nested.collection(things).put({ id: 'a', n: 2 })
          await nested.collection(things).put({ id: 'b', n: 2 })
          throw thrown
        })
        assert.equal(await nested.catch((error: unknown) => error), thrown)
        assert.deepEqual((await inner.find()).records, [{ id: 'a', n: 1 }])
        assert.equal(await inner.count({ n: 2 }), 0)
        await inner.put({ id: 'c', n: 3 })
      })
      assert.deepEqual(
        (await store.collection(things).find()).records.map((each) => each.id),
        ['a', 'c'],
      )
    },
  },
  {
    id: 'X5-nested-rollback-traces',
    clause: 'X5',
    title: 'what a nested transaction undoes is gone from many-valued fields, history, logs and versions too',
    requires: ['savepoints'],
    run: async (context) => {
      const store = context.store()
      await happeningsOf(store).append('s', [{ event_id: 'e1', note: 'kept' }])
      await everythingOf(store).put({ id: 'a', note: 'old', tags: ['old'] })
      await store.transaction(async (tx) => {
        const nested = tx.transaction(async (nested) => {
          await everythingOf(nested).put({ id: 'a', note: 'new', tags: ['new'] })
          await everythingOf(nested).delete('a', { permanent: true })
          await happeningsOf(nested).append('s', [{ event_id: 'e2', note: 'undone' }])
          throw new Error('undo')
        })
        await nested.catch(() => undefined)
        await happeningsOf(tx).append('s', [{ event_id: 'e3', note: 'kept' }])
      })
      const collection = everythingOf(store)
      assert.equal((await collection.getEntry('a'))?.version, 1)
      assert.deepEqual(
        [await collection.count({ tags: { has: 'old' } }), await collection.count({ tags: { has: 'new' } })],
        [1, 0],
      )
      assert.equal((await collection.history('a')).records.length, 1)
      assert.deepEqual(await happeningsOf(store).verify('s'), { ok: true, entries: 2 })
      assert.equal(await collection.put({ id: 'b', note: 'x' }), 1)
    },
  },
  {
    id: 'X5-outer-undoes-nested',
    clause: 'X5',
    title: 'a nested transaction that succeeded is undone with the outer one',
    requires: ['savepoints'],
    run: async (context) => {
      const store = context.store()
      await store.collection(things).count()
      const outer = store.transaction(async (tx) => {
        await tx.transaction((nested) => nested.collection(things).put({ id: 'a', n: 1 }))
        throw new Error('undo')
      })
      await assert.rejects(outer, { message: 'undo' })
      assert.equal(await store.collection(things).count(), 0)
    },
  },
  {
    id: 'X5-three-deep',
    clause: 'X5',
    title: 'of three levels the middle one takes the innermost with it',
    requires: ['savepoints'],
    run: async (context) => {
      const store = context.store()
      await store.collection(things).count()
      await store.transaction(async (one) => {
        await one.collection(things).put({ id: 'one', n: 1 })
        const two = one.transaction(async (two) => {
          await two.collection(things).put({ id: 'two', n: 2 })
          await two.transaction((three) => three.collection(things).put({ id: 'three', n: 3 }))
          throw new Error('undo')
        })
        await assert.rejects(two, { message: 'undo' })
      })
      assert.deepEqual((await store.collection(things).find()).records, [{ id: 'one', n: 1 }])
    },
  },
  {
    id: 'X5-two-at-once',
    clause: 'X5',
    title: 'two nested transactions at once are refused, the first goes on',
    requires: ['savepoints'],
    run: async (context) => {
      const store = context.store()
      await store.collection(things).count()
      await store.transaction(async (tx) => {
        const put = (id: string) => tx.transaction((nested) => nested.collection(things).put({ id, n: 1 }))
        const [first, second] = await Promise.allSettled([put('a'), put('b')])
        assert.equal(first?.status, 'fulfilled')
        assert.equal(second?.status === 'rejected' && second.reason.code, 'INVALID_ARGUMENT')
      })
      assert.deepEqual((await store.collection(things).find()).records, [{ id: 'a', n: 1 }])
    },
  },
  {
    id: 'X5-outer-rests',
    clause: 'X5',
    title: 'the outer transaction rests while a nested one is open, and goes on afterwards',
    requires: ['savepoints'],
    run: async (context) => {
      const store = context.store()
      await store.collection(things).count()
      await store.transaction(async (tx) => {
        await tx.transaction(async (nested) => {
          await assert.rejects(tx.collection(things).put({ id: 'a', n: 1 }), { code: 'INVALID_ARGUMENT' })
          await nested.collection(things).put({ id: 'b', n: 1 })
        })
        await tx.collection(things).put({ id: 'c', n: 1 })
      })
      assert.deepEqual(
        (await store.collection(things).find()).records.map((each) => each.id),
        ['b', 'c'],
      )
    },
  },
  {
    id: 'X5-nested-handle-ends',
    clause: 'X5',
    title: 'the handle of a nested transaction is dead after it, committed or undone',
    requires: ['savepoints'],
    run: async (context) => {
      const store = context.store()
      await store.collection(things).count()
      await store.transaction(async (tx) => {
        let kept = tx
        await tx.transaction(async (nested) => {
          kept = nested
        })
        await assert.rejects(kept.collection(things).put({ id: 'a', n: 1 }), { code: 'TRANSACTION_CLOSED' })
        const undone = tx.transaction(async (nested) => {
          kept = nested
          throw new Error('undo')
        })
        await undone.catch(() => undefined)
        await assert.rejects(kept.collection(things).get('a'), { code: 'TRANSACTION_CLOSED' })
      })
      assert.equal(await store.collection(things).count(), 0)
    },
  },
  {
    id: 'X5-nested-references',
    clause: 'X5',
    title: 'references of a nested transaction are checked when the outer one commits',
    requires: ['savepoints'],
    run: async (context) => {
      const store = context.store()
      await Promise.all([store.collection(things).count(), store.collection(parts).count()])
      await store.transaction(async (tx) => {
        await tx.transaction((nested) => nested.collection(parts).put({ id: 'p', thing: 't' }))
        await tx.collection(things).put({ id: 't', n: 1 })
      })
      const dangling = store.transaction((tx) =>
        tx.transaction((nested) => nested.collection(parts).put({ id: 'q', thing: 'missing' })),
      )
      await assert.rejects(dangling, { code: 'REFERENCE_VIOLATION' })
      assert.equal(await store.collection(parts).count(), 1)
    },
  },
  {
    id: 'X5-undone-references',
    clause: 'X5',
    title: 'a bad reference in a nested transaction that was undone harms nobody',
    requires: ['savepoints'],
    run: async (context) => {
      const store = context.store()
      await Promise.all([store.collection(things).count(), store.collection(parts).count()])
      await store.transaction(async (tx) => {
        const undone = tx.transaction(async (nested) => {
          await nested.collection(parts).put({ id: 'q', thing: 'missing' })
          throw new Error('undo')
        })
        await undone.catch(() => undefined)
        await tx.collection(things).put({ id: 't', n: 1 })
      })
      assert.equal(await store.collection(things).count(), 1)
    },
  },
  {
    id: 'X5-nested-options',
    clause: 'X5',
    title: 'a nested transaction takes no options, and a backend without savepoints refuses it',
    run: async (context) => {
      const store = context.store()
      await store.collection(things).count()
      await store.transaction(async (tx) => {
        const work = async () => 1
        await assert.rejects(tx.transaction(work, { maxAttempts: 2 }), { code: 'INVALID_ARGUMENT' })
        if (context.capabilities.savepoints) assert.equal(await tx.transaction(work), 1)
        else await assert.rejects(tx.transaction(work), { code: 'UNSUPPORTED' })
      })
    },
  },
]
