import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'

const things = defineCollection({
  name: 'things',
  schema: z.object({ id: z.string(), value: z.unknown() }),
  key: 'id',
})

/** K: keys and order. */
export const keyCases: readonly Case[] = [
  {
    id: 'K1-empty',
    clause: 'K1',
    title: 'an empty key is refused',
    run: async (context) => {
      const collection = context.store().collection(things)
      await assert.rejects(collection.get(''), { code: 'INVALID_ARGUMENT' })
      await assert.rejects(collection.put({ id: '', value: 1 }), { code: 'INVALID_ARGUMENT' })
    },
  },
]
