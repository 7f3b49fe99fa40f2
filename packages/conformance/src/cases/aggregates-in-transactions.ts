import assert from 'node:assert/strict'
import { type BaseStore, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { assertOneOf, interleave, measure, read, remove, write } from './interleaving.ts'

const accounts = defineCollection({
  name: 'accounts',
  schema: z.object({ id: z.string(), balance: z.int() }),
  key: 'id',
  fields: { balance: 'index' },
})

/** X1 and X2: what a transaction measures, and what it is protected from. */
export const transactionalAggregateCases: readonly Case[] = [
  {
    id: 'X2-aggregate',
    clause: 'X2',
    title: 'a transaction measures its own writes, which are gone when it is undone',
    run: async (context) => {
      const store = context.store()
      await store.collection(accounts).put({ id: 'a', balance: 1 })
      const undone = store.transaction(async (transaction) => {
        const inner = transaction.collection(accounts)
        await inner.put({ id: 'b', balance: 2 })
        await inner.update('a', { balance: 4 })
        assert.equal(await totalOf(transaction), 6)
        await inner.delete('a')
        assert.equal(await totalOf(transaction), 2)
        throw new Error('undo')
      })
      await assert.rejects(undone, /^Error: undo$/)
      assert.equal(await totalOf(store), 1)
    },
  },
  {
    id: 'X2-aggregate-savepoint',
    clause: 'X2',
    title: 'what a savepoint undid is not measured any more',
    requires: ['savepoints'],
    run: async (context) => {
      const store = context.store()
      await store.collection(accounts).put({ id: 'a', balance: 1 })
      await store.transaction(async (transaction) => {
        const part = transaction.transaction(async (inner) => {
          await inner.collection(accounts).put({ id: 'b', balance: 2 })
          assert.equal(await totalOf(inner), 3)
          throw new Error('undo')
        })
        await assert.rejects(part, /^Error: undo$/)
        assert.equal(await totalOf(transaction), 1)
      })
    },
  },
  {
    id: 'X1-aggregate',
    clause: 'X1',
    title:
      'two transactions that add all values and then store one of their own do not both miss the other’s',
    run: async (context) => {
      const { seen, stored } = await interleave(context, [
        [0, measure('sum', 'sum')],
        [1, measure('sum', 'sum')],
        [0, write('3', 300)],
        [1, write('4', 4_000)],
        [0],
        [1],
      ])
      assertOneOf(seen, [
        [{ sum: 30 }, { sum: 330 }],
        [{ sum: 4_030 }, { sum: 30 }],
      ])
      assert.deepEqual(stored, { 1: 10, 2: 20, 3: 300, 4: 4_000 })
    },
  },
  {
    id: 'X1-aggregate-own-changes',
    clause: 'X1',
    title: 'a least value that the transaction itself laid bare is protected, although the one of all stayed',
    run: async (context) => {
      const { seen } = await interleave(context, [
        [0, remove('1')],
        [0, measure('low', 'min')],
        [1, read('1')],
        [1, write('2', 30)],
        [1],
        [0],
      ])
      assertOneOf(seen, [
        [{ low: 20 }, { 1: undefined }],
        [{ low: 30 }, { 1: 10 }],
      ])
    },
  },
]

async function totalOf(store: BaseStore): Promise<number | undefined> {
  const measures = { total: { sum: 'balance' } } as const
  return (await store.collection(accounts).aggregate({ measures }))[0]?.total
}
