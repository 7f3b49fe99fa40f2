import assert from 'node:assert/strict'
import { type BaseStore, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { all, everythingOf, happeningsOf } from '../method-calls.ts'
import { savepointCases } from './savepoints.ts'
import { transactionCompanyCases } from './transaction-company.ts'
import { transactionFaultCases } from './transaction-faults.ts'

const things = defineCollection({
  name: 'things',
  schema: z.object({ id: z.string(), n: z.int(), tags: z.array(z.string()).optional() }),
  key: 'id',
  fields: { n: 'index', tags: 'index' },
})

/** A store whose collection is made, so that transactions may use it. */
async function ready<S extends BaseStore>(store: S): Promise<S> {
  await store.collection(things).count()
  return store
}

const ownWrites: readonly Case[] = [
  {
    id: 'X2-keys',
    clause: 'X2',
    title: 'a transaction sees its own writes by key',
    run: async (context) => {
      const store = await ready(context.store())
      await store.collection(things).putMany([
        { id: 'a', n: 1 },
        { id: 'b', n: 1 },
      ])
      await store.transaction(async (tx) => {
        const inner = tx.collection(things)
        await inner.put({ id: 'a', n: 2 })
        await inner.delete('b')
        await inner.insert({ id: 'c', n: 3 })
        assert.deepEqual(await inner.getMany(['a', 'b', 'c']), [
          { id: 'a', n: 2 },
          undefined,
          { id: 'c', n: 3 },
        ])
        assert.deepEqual([await inner.has('b'), await inner.has('c')], [false, true])
        assert.equal((await inner.getEntry('a'))?.version, 2)
      })
    },
  },
  {
    id: 'X2-queries',
    clause: 'X2',
    title: 'a transaction sees its own writes in find, count, exists and iterate',
    run: async (context) => {
      const store = await ready(context.store())
      await store.collection(things).putMany([
        { id: 'a', n: 1, tags: ['x'] },
        { id: 'b', n: 2 },
        { id: 'd', n: 4 },
      ])
      await store.transaction(async (tx) => {
        const inner = tx.collection(things)
        await inner.put({ id: 'a', n: 5, tags: ['y'] })
        await inner.delete('b')
        await inner.insert({ id: 'c', n: 3, tags: ['x', 'y'] })
        const { records } = await inner.find({ orderBy: { n: 'desc' } })
        assert.deepEqual(
          records.map((each) => each.id),
          ['a', 'd', 'c'],
        )
        assert.deepEqual(
          (await all(inner.iterate({ limit: 1 }))).map((each) => each.id),
          ['a', 'c', 'd'],
        )
        assert.deepEqual([await inner.count(), await inner.count({ n: { lt: 3 } })], [3, 0])
        assert.deepEqual([await inner.exists({ n: 3 }), await inner.exists({ n: 2 })], [true, false])
        assert.deepEqual(
          [await inner.count({ tags: { has: 'x' } }), await inner.count({ tags: { has: 'y' } })],
          [1, 2],
        )
      })
    },
  },
  {
    id: 'X2-history-and-logs',
    clause: 'X2',
    title: 'a transaction sees its own writes in history and its own entries in a log',
    run: async (context) => {
      const store = context.store()
      await Promise.all([everythingOf(store).count(), happeningsOf(store).count()])
      await store.transaction(async (tx) => {
        await everythingOf(tx).put({ id: 'a', note: 'x' })
        await happeningsOf(tx).append('s', [{ event_id: 'e', note: 'x' }])
        assert.equal((await everythingOf(tx).history('a')).records.length, 1)
        assert.equal((await happeningsOf(tx).read('s')).records.length, 1)
        assert.equal((await happeningsOf(tx).head('s'))?.sequence, 1)
      })
    },
  },
  {
    id: 'X2-delete-by-filter',
    clause: 'X2',
    title: 'a deletion by filter in a transaction sees its own writes',
    run: async (context) => {
      const store = await ready(context.store())
      await store.collection(things).put({ id: 'a', n: 1 })
      await store.transaction(async (tx) => {
        const inner = tx.collection(things)
        await inner.put({ id: 'a', n: 2 })
        await inner.put({ id: 'b', n: 1 })
        assert.equal(await inner.deleteMany({ n: 1 }), 1)
      })
      assert.deepEqual((await store.collection(things).find()).records, [{ id: 'a', n: 2 }])
    },
  },
  {
    id: 'X2-rollback',
    clause: 'X2',
    title: 'a transaction that is undone leaves nothing: records, index fields, history, logs, versions',
    run: async (context) => {
      const store = context.store()
      await everythingOf(store).put({ id: 'a', note: 'old', tags: ['old'] })
      await happeningsOf(store).append('s', [{ event_id: 'e1', note: 'kept' }])
      const head = await happeningsOf(store).head('s')
      const undone = store.transaction(async (tx) => {
        await everythingOf(tx).put({ id: 'a', note: 'new', tags: ['new'] })
        await everythingOf(tx).insert({ id: 'b', note: 'new', tags: ['new'] })
        await everythingOf(tx).delete('a')
        await everythingOf(tx).clear()
        await happeningsOf(tx).append('s', [{ event_id: 'e2', note: 'undone' }])
        await happeningsOf(tx).append('t', [{ event_id: 'e3', note: 'undone' }])
        throw new Error('undo')
      })
      await assert.rejects(undone, { message: 'undo' })
      const collection = everythingOf(store)
      const counted = [{ note: 'old' }, { note: 'new' }, { tags: { has: 'old' } }, { tags: { has: 'new' } }]
      assert.deepEqual(await Promise.all(counted.map((where) => collection.count(where))), [1, 0, 1, 0])
      assert.equal((await collection.getEntry('a'))?.version, 1)
      assert.equal((await collection.history('a')).records.length, 1)
      assert.deepEqual((await collection.history('b')).records, [])
      assert.deepEqual(await happeningsOf(store).head('s'), head)
      assert.equal(await happeningsOf(store).count(), 1)
      assert.equal(await happeningsOf(store).head('t'), undefined)
      assert.equal(await collection.put({ id: 'b', note: 'x' }), 1)
    },
  },
]

const answers: readonly Case[] = [
  {
    id: 'X3-answer',
    clause: 'X3',
    title: 'a transaction answers what its callback answers, be it nothing',
    run: async (context) => {
      const store = context.store()
      const answer = { any: new Map([[1, 2]]) }
      assert.equal(await store.transaction(async () => answer), answer)
      assert.equal(await store.transaction(async () => undefined), undefined)
    },
  },
  {
    id: 'X3-callback-error',
    clause: 'X3',
    title: 'what the callback throws is thrown on as it is, and runs the callback once',
    run: async (context) => {
      const store = await ready(context.store())
      for (const thrown of [
        new Error('mine'),
        new TypeError('mine'),
        Object.freeze({ mine: true }),
        'mine',
        undefined,
        null,
      ]) {
        let runs = 0
        const undone = store.transaction(async (tx) => {
          runs++
          await tx.collection(things).put({ id: 'a', n: 1 })
          throw thrown
        })
        const caught = await undone.then(
          () => 'resolved',
          (error: unknown) => [error],
        )
        assert.deepEqual(caught, [thrown])
        assert.equal((caught as unknown[])[0], thrown)
        assert.equal(runs, 1)
      }
      assert.equal(await store.collection(things).count(), 0)
    },
  },
  {
    id: 'X4-answers-doom-nothing',
    clause: 'X4',
    title: 'a failed condition inside a transaction is an answer: the rest is committed',
    run: async (context) => {
      const store = await ready(context.store())
      await store.collection(things).put({ id: 'a', n: 1 })
      await store.transaction(async (tx) => {
        const inner = tx.collection(things)
        await inner.put({ id: 'before', n: 1 })
        await assert.rejects(inner.insert({ id: 'a', n: 2 }), { code: 'ALREADY_EXISTS' })
        await assert.rejects(inner.put({ id: 'a', n: 2 }, { ifVersion: 9 }), { code: 'VERSION_CONFLICT' })
        await assert.rejects(inner.update('missing', { n: 2 }), { code: 'NOT_FOUND' })
        await assert.rejects(inner.put({ id: '', n: 2 }), { code: 'INVALID_ARGUMENT' })
        await assert.rejects(inner.find({ limit: 0 }), { code: 'INVALID_ARGUMENT' })
        await inner.put({ id: 'after', n: 1 })
      })
      const { records } = await store.collection(things).find()
      assert.deepEqual(
        records.map((each) => [each.id, each.n]),
        [
          ['a', 1],
          ['after', 1],
          ['before', 1],
        ],
      )
    },
  },
  {
    id: 'X4-refused-bulk',
    clause: 'X4',
    title: 'a bulk call that is refused inside a transaction leaves nothing of itself and all of the rest',
    run: async (context) => {
      const store = await ready(context.store())
      await store.collection(things).put({ id: 'c', n: 1 })
      await store.transaction(async (tx) => {
        const inner = tx.collection(things)
        await inner.put({ id: 'before', n: 1 })
        const records = ['a', 'b', 'c'].map((id) => ({ id, n: 2, tags: ['bulk'] }))
        await assert.rejects(inner.insertMany(records), { code: 'ALREADY_EXISTS', index: 2 })
        assert.equal(await inner.count({ tags: { has: 'bulk' } }), 0)
        await inner.put({ id: 'a', n: 3 })
      })
      const entries = (await store.collection(things).findEntries()).records
      assert.deepEqual(
        entries.map(({ record, version }) => [record.id, record.n, version]),
        [
          ['a', 3, 1],
          ['before', 1, 1],
          ['c', 1, 1],
        ],
      )
    },
  },
]

const handles: readonly Case[] = [
  {
    id: 'X5-handle-after-commit',
    clause: 'X5',
    title: 'the store of a transaction is dead after the commit',
    run: async (context) => {
      const store = await ready(context.store())
      await happeningsOf(store).count()
      const kept = await store.transaction(async (tx) => [tx])
      const closed = { code: 'TRANSACTION_CLOSED' }
      for (const tx of kept) {
        const inner = tx.collection(things)
        await assert.rejects(inner.put({ id: 'a', n: 1 }), closed)
        await assert.rejects(inner.get('a'), closed)
        await assert.rejects(inner.find(), closed)
        await assert.rejects(inner.count(), closed)
        await assert.rejects(inner.deleteMany({ all: true }), closed)
        await assert.rejects(happeningsOf(tx).append('s', [{ event_id: 'e', note: 'x' }]), closed)
        await assert.rejects(
          tx.transaction(async () => 1),
          closed,
        )
        await assert.rejects(tx.tenant('other').collection(things).get('a'), closed)
      }
      assert.equal(await store.collection(things).count(), 0)
    },
  },
  {
    id: 'X5-handle-after-rollback',
    clause: 'X5',
    title: 'the store of a transaction is dead after it was undone',
    run: async (context) => {
      const store = await ready(context.store())
      const kept: BaseStore[] = []
      const undone = store.transaction(async (tx) => {
        kept.push(tx)
        throw new Error('undo')
      })
      await undone.catch(() => undefined)
      for (const tx of kept) {
        await assert.rejects(tx.collection(things).put({ id: 'a', n: 1 }), { code: 'TRANSACTION_CLOSED' })
      }
      assert.equal(kept.length, 1)
      assert.equal(await store.collection(things).count(), 0)
    },
  },
  {
    id: 'X5-unawaited',
    clause: 'X5',
    title: 'operations that the callback does not wait for belong to the transaction nevertheless',
    run: async (context) => {
      const store = await ready(context.store())
      const started: Promise<unknown>[] = []
      await store.transaction(async (tx) => {
        const inner = tx.collection(things)
        for (let n = 0; n < 8; n++) started.push(inner.put({ id: `k${n}`, n }))
        started.push(inner.update('k0', { n: 100 }))
      })
      await Promise.all(started)
      assert.equal(await store.collection(things).count(), 8)
      assert.equal((await store.collection(things).get('k0'))?.n, 100)
    },
  },
  {
    id: 'X5-unawaited-failure',
    clause: 'X5',
    title: 'an operation that fails unseen undoes the transaction and is its error',
    run: async (context) => {
      const store = await ready(context.store())
      let unseen: Promise<unknown> | undefined
      const transaction = store.transaction(async (tx) => {
        const inner = tx.collection(things)
        await inner.put({ id: 'half', n: 1 })
        unseen = inner.update('nowhere', { n: 1 })
      })
      await assert.rejects(transaction, { code: 'NOT_FOUND' })
      await assert.rejects(unseen as Promise<unknown>, { code: 'NOT_FOUND' })
      assert.equal(await store.collection(things).has('half'), false)
    },
  },
  {
    id: 'X5-store-only-actions',
    clause: 'X5',
    title: 'a transaction can not open, close or clean up the store',
    run: async (context) => {
      const store = await ready(context.store())
      await store.transaction(async (tx) => {
        for (const refused of [
          () => tx.open(),
          () => tx.close(),
          () => tx.cleanupExpired(),
          () => tx.purgeDeleted({ olderThanMs: 0 }),
        ]) {
          await assert.rejects(refused(), { code: 'UNSUPPORTED' })
        }
        await tx.collection(things).put({ id: 'a', n: 1 })
      })
      assert.equal(await store.collection(things).count(), 1)
    },
  },
  {
    id: 'X5-unknown-options',
    clause: 'X5',
    title: 'unknown options of a transaction are refused and nothing runs',
    run: async (context) => {
      const store = context.store()
      let runs = 0
      const work = async () => runs++
      await assert.rejects(store.transaction(work, { isolation: 'none' } as never), {
        code: 'INVALID_ARGUMENT',
      })
      assert.equal(runs, 0)
    },
  },
]

/** X2 to X7: what a transaction sees, answers and leaves, alone, nested, under fault and in company. */
export const transactionCases: readonly Case[] = [
  ...ownWrites,
  ...answers,
  ...handles,
  ...savepointCases,
  ...transactionFaultCases,
  ...transactionCompanyCases,
]
