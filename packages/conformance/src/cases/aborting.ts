import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { collectionCalls, everythingOf, happeningsOf, logCalls } from '../method-calls.ts'

const things = defineCollection({
  name: 'things',
  schema: z.object({ id: z.string(), n: z.int() }),
  key: 'id',
})

const abortable = (calls: object) => Object.keys(calls).filter((name) => !UNABORTABLE.includes(name))
/** Methods that take no signal. */
const UNABORTABLE = ['iterateDocuments', 'history', 'getAt', 'verify', 'verifyEntry', 'head']

/** L6: signals. */
export const abortCases: readonly Case[] = [
  {
    id: 'L6-before',
    clause: 'L6',
    title: 'with a signal that is aborted already no method of a collection or a log does anything',
    run: async (context) => {
      const store = context.store()
      const collection = everythingOf(store)
      const log = happeningsOf(store)
      await collection.put({ id: 'a', note: 'x' })
      const before = await collection.findEntries({ includeDeleted: true })
      const signal = AbortSignal.abort()
      for (const name of abortable(collectionCalls)) {
        await assert.rejects(
          collectionCalls[name]?.(collection, 'a', signal) ?? Promise.resolve(),
          { code: 'ABORTED' },
          name,
        )
      }
      for (const name of abortable(logCalls).filter((each) => each !== 'count')) {
        await assert.rejects(
          logCalls[name]?.(log, 's', signal) ?? Promise.resolve(),
          { code: 'ABORTED' },
          `log.${name}`,
        )
      }
      assert.deepEqual(await collection.findEntries({ includeDeleted: true }), before)
      assert.equal(await log.count(), 0)
    },
  },
  {
    id: 'L6-transaction',
    clause: 'L6',
    title: 'a transaction whose signal is aborted already does not run',
    run: async (context) => {
      let runs = 0
      const work = context.store().transaction(async () => runs++, { signal: AbortSignal.abort() })
      await assert.rejects(work, { code: 'ABORTED' })
      assert.equal(runs, 0)
    },
  },
  {
    id: 'L6-meanwhile',
    clause: 'L6',
    title: 'a write that is aborted on its way either happened and answers, or did not and fails',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.count()
      const controller = new AbortController()
      const puts = Array.from({ length: 16 }, (_, n) =>
        collection.put({ id: `k${n}`, n }, { signal: controller.signal }),
      )
      controller.abort()
      const results = await Promise.allSettled(puts)
      for (const [n, result] of results.entries()) {
        if (result.status === 'rejected') assert.equal(result.reason.code, 'ABORTED')
        assert.equal(await collection.has(`k${n}`), result.status === 'fulfilled')
      }
    },
  },
  {
    id: 'L6-one-of-many',
    clause: 'L6',
    title: 'a caller that aborts takes nobody along who waits beside it',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.count()
      const controller = new AbortController()
      const aborted = collection.put({ id: 'aborted', n: 1 }, { signal: controller.signal })
      const others = Array.from({ length: 8 }, (_, n) => collection.put({ id: `k${n}`, n }))
      controller.abort()
      await Promise.allSettled([aborted])
      assert.deepEqual(
        await Promise.all(others),
        Array.from({ length: 8 }, () => 1),
      )
    },
  },
]
