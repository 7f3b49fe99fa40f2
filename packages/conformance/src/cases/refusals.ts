import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'

const marks = defineCollection({ name: 'marks', schema: z.object({ id: z.string() }), key: 'id' })

/** C: what a backend does not declare, it refuses. Each case is left out where the thing is declared. */
export const refusalCases: readonly Case[] = [
  {
    id: 'X5-savepoints-refused',
    clause: 'X5',
    title: 'a nested transaction is refused where savepoints are not declared, and harms nothing',
    without: ['savepoints'],
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(marks)
      await store.transaction(async (transaction) => {
        await transaction.collection(marks).put({ id: 'a' })
        await assert.rejects(async () => transaction.transaction(async () => 1), { code: 'UNSUPPORTED' })
      })
      assert.ok(await collection.has('a'))
    },
  },
  {
    id: 'X6-outer-read-refused',
    clause: 'X6',
    title: 'a read of the outer store inside a transaction is refused where it would wait for it',
    without: ['readsBesideTransaction'],
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(marks)
      await collection.put({ id: 'a' })
      await store.transaction(async (transaction) => {
        for (const read of [() => collection.get('a'), () => collection.find(), () => collection.count()]) {
          await assert.rejects(read, { code: 'INVALID_ARGUMENT' })
        }
        assert.ok(await transaction.collection(marks).has('a'))
      })
      assert.ok(await collection.has('a'))
    },
  },
  {
    id: 'W6-second-opener-refused',
    clause: 'W6',
    title: 'a second opener is refused where sharing is not declared',
    requires: ['persistent'],
    without: ['secondOpener'],
    run: async (context) => {
      await context.store().collection(marks).put({ id: 'a' })
      await assert.rejects(context.store().open())
    },
  },
]
