import assert from 'node:assert/strict'
import { type BaseStore, defineCollection, type StoreTransactionOptions } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { happeningsOf } from '../method-calls.ts'

const counters = defineCollection({
  name: 'counters',
  schema: z.object({ id: z.string(), n: z.int() }),
  key: 'id',
  fields: { n: 'index' },
})

/** Adds one to a counter, reading and writing in a transaction. */
function add(store: BaseStore, id: string, options: StoreTransactionOptions = {}): Promise<number> {
  return store.transaction(async (tx) => {
    const inner = tx.collection(counters)
    const n = ((await inner.get(id))?.n ?? 0) + 1
    await inner.put({ id, n })
    return n
  }, options)
}

const outer: readonly Case[] = [
  {
    id: 'X6-outer-writes',
    clause: 'X6',
    title: 'inside a callback the outer store neither joins the transaction nor waits for it: it is refused',
    run: async (context) => {
      const store = context.store()
      const outside = store.collection(counters)
      await Promise.all([outside.count(), happeningsOf(store).count()])
      await store.transaction(async (tx) => {
        await tx.collection(counters).put({ id: 'in', n: 1 })
        const refused = { code: 'INVALID_ARGUMENT' }
        await assert.rejects(outside.put({ id: 'out', n: 1 }), refused)
        await assert.rejects(outside.delete('in'), refused)
        await assert.rejects(outside.deleteMany({ n: 1 }), refused)
        await assert.rejects(happeningsOf(store).append('s', [{ event_id: 'e', note: 'x' }]), refused)
        await assert.rejects(
          store.transaction(async () => 1),
          refused,
        )
        await assert.rejects(store.cleanupExpired(), refused)
      })
      assert.deepEqual((await outside.find()).records, [{ id: 'in', n: 1 }])
      assert.equal(await happeningsOf(store).count(), 0)
    },
  },
  {
    id: 'X6-outer-reads',
    clause: 'X6',
    title: 'inside a callback the outer store reads what is committed, or refuses where that would wait',
    run: async (context) => {
      const store = context.store()
      const outside = store.collection(counters)
      await outside.put({ id: 'a', n: 1 })
      await store.transaction(async (tx) => {
        await tx.collection(counters).put({ id: 'a', n: 2 })
        await tx.collection(counters).put({ id: 'b', n: 2 })
        if (!context.capabilities.readsBesideTransaction) {
          await assert.rejects(outside.get('a'), { code: 'INVALID_ARGUMENT' })
          await assert.rejects(outside.find(), { code: 'INVALID_ARGUMENT' })
          await assert.rejects(outside.count(), { code: 'INVALID_ARGUMENT' })
          return
        }
        assert.deepEqual(await outside.getMany(['a', 'b']), [{ id: 'a', n: 1 }, undefined])
        assert.deepEqual((await outside.find({ where: { n: 2 } })).records, [])
        assert.equal(await outside.count(), 1)
      })
      assert.equal(await outside.count({ n: 2 }), 2)
    },
  },
  {
    id: 'X6-reader-beside',
    clause: 'X6',
    title: 'a reader beside an open transaction sees none of it before the commit, and all of it after',
    requires: ['readsBesideTransaction'],
    run: async (context) => {
      const store = context.store()
      const outside = store.collection(counters)
      await outside.count()
      const written = Promise.withResolvers<void>()
      const goOn = Promise.withResolvers<void>()
      const work = store.transaction(async (tx) => {
        await tx.collection(counters).putMany([
          { id: 'a', n: 1 },
          { id: 'b', n: 1 },
        ])
        written.resolve()
        await goOn.promise
      })
      await written.promise
      const during = [await outside.count(), await outside.has('a'), (await outside.find()).records.length]
      goOn.resolve()
      await work
      assert.deepEqual(during, [0, false, 0])
      assert.equal(await outside.count(), 2)
    },
  },
]

const many: readonly Case[] = [
  {
    id: 'X1-increments',
    clause: 'X1',
    title: '32 transactions at once that each read a counter and add one lose nothing',
    run: async (context) => {
      const store = context.store()
      await store.collection(counters).count()
      const answers = await Promise.all(
        Array.from({ length: 32 }, () => add(store, 'a', { maxAttempts: 1_000 })),
      )
      assert.deepEqual(
        answers.toSorted((left, right) => left - right),
        Array.from({ length: 32 }, (_, n) => n + 1),
      )
      assert.deepEqual(await store.collection(counters).get('a'), { id: 'a', n: 32 })
    },
  },
  {
    id: 'X6-many',
    clause: 'X6',
    title: '500 transactions at once all finish',
    run: async (context) => {
      const store = context.store()
      await store.collection(counters).count()
      await Promise.all(Array.from({ length: 500 }, (_, position) => add(store, `k${position}`)))
      assert.equal(await store.collection(counters).count({ n: 1 }), 500)
    },
  },
  {
    id: 'X6-beside-writes',
    clause: 'X6',
    title: 'transactions and plain writes of one record at once lose nothing',
    run: async (context) => {
      const store = context.store()
      const outside = store.collection(counters)
      await outside.put({ id: 'a', n: 0 })
      const work = Array.from({ length: 16 }, () => [
        add(store, 'a', { maxAttempts: 1_000 }),
        outside.update('a', (record) => ({ ...record, n: record.n + 1 })),
      ])
      await Promise.all(work.flat())
      assert.equal((await outside.get('a'))?.n, 32)
    },
  },
  {
    id: 'X6-timeout',
    clause: 'X6',
    title: 'a transaction that takes longer than timeoutMs is undone, fails with TIMEOUT and blocks nobody',
    run: async (context) => {
      const store = context.store()
      const outside = store.collection(counters)
      await outside.count()
      const endless = store.transaction(
        async (tx) => {
          for (let n = 0; ; n++) {
            await tx.collection(counters).put({ id: 'a', n })
            await new Promise(setImmediate)
          }
        },
        { timeoutMs: 20 },
      )
      await assert.rejects(endless, { code: 'TIMEOUT' })
      assert.equal(await outside.count(), 0)
      assert.equal(await add(store, 'a'), 1)
    },
  },
]

const once: readonly Case[] = [
  {
    id: 'X7-once',
    clause: 'X7',
    title: 'a transaction asked for twice with one idempotency key runs once and answers the same',
    run: async (context) => {
      const store = context.store()
      await store.collection(counters).count()
      assert.equal(await add(store, 'a', { idempotencyKey: 'k' }), 1)
      assert.equal(await add(store, 'a', { idempotencyKey: 'k' }), 1)
      assert.equal(await add(store, 'a', { idempotencyKey: 'other' }), 2)
    },
  },
  {
    id: 'X7-once-at-once',
    clause: 'X7',
    title: '16 calls at once with one idempotency key have one effect and one answer',
    run: async (context) => {
      const store = context.store()
      await store.collection(counters).count()
      const options = { idempotencyKey: 'k', maxAttempts: 1_000 }
      const answers = await Promise.all(Array.from({ length: 16 }, () => add(store, 'a', options)))
      assert.deepEqual(new Set(answers), new Set([1]))
      assert.equal((await store.collection(counters).get('a'))?.n, 1)
    },
  },
  {
    id: 'X7-failed-is-not-remembered',
    clause: 'X7',
    title: 'a transaction that was undone is not remembered under its key',
    run: async (context) => {
      const store = context.store()
      await store.collection(counters).count()
      const undone = store.transaction(
        async (tx) => {
          await tx.collection(counters).put({ id: 'a', n: 50 })
          throw new Error('undo')
        },
        { idempotencyKey: 'k' },
      )
      await assert.rejects(undone, { message: 'undo' })
      assert.equal(await add(store, 'a', { idempotencyKey: 'k' }), 1)
    },
  },
  {
    id: 'X7-per-tenant',
    clause: 'X7',
    title: 'an idempotency key belongs to its tenant',
    run: async (context) => {
      const store = context.store()
      const other = store.tenant('other')
      await store.collection(counters).count()
      await add(store, 'a', { idempotencyKey: 'k' })
      await add(other, 'a', { idempotencyKey: 'k' })
      assert.equal((await other.collection(counters).get('a'))?.n, 1)
    },
  },
  {
    id: 'X7-answers-nothing',
    clause: 'X7',
    title: 'an answer of nothing is remembered too',
    run: async (context) => {
      const store = context.store()
      await store.collection(counters).count()
      let runs = 0
      const work = async () => {
        runs++
      }
      await store.transaction(work, { idempotencyKey: 'k' })
      assert.equal(await store.transaction(work, { idempotencyKey: 'k' }), undefined)
      assert.equal(runs, 1)
    },
  },
]

/** X1, X6, X7: transactions in company. */
export const transactionCompanyCases: readonly Case[] = [...outer, ...many, ...once]
