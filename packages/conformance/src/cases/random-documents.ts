import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import fc from 'fast-check'
import * as z from 'zod'
import type { Case } from '../case.ts'

const documents = defineCollection({
  name: 'documents',
  schema: z.object({ id: z.string(), value: z.unknown() }),
  key: 'id',
  integrity: true,
})

/** Any text that can be stored: every code point but NUL and the surrogates. */
const text = fc.string({ unit: 'binary', maxLength: 12 }).map((drawn) => drawn.replaceAll('\0', '\u0001'))
const key = text.filter((drawn) => drawn !== '')

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      text,
    ),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(text, tie('any'), { maxKeys: 4 }),
  ),
})).any

/** V1: documents drawn at random. */
export const randomDocumentCases: readonly Case[] = [
  {
    id: 'V1-random',
    clause: 'V1',
    title: 'random documents come back as they were put, under their own keys, and verify',
    run: async (context) => {
      const store = context.store()
      let round = 0
      const drawn = fc.uniqueArray(fc.record({ id: key, value }), {
        maxLength: 30,
        selector: (record) => record.id,
      })
      const property = fc.asyncProperty(drawn, async (records) => {
        const collection = store.tenant(`round ${round++}`).collection(documents)
        await collection.putMany(records)
        // JSON has one zero and plain objects only: that much a document changes.
        const expected = records.map((record) => JSON.parse(JSON.stringify(record)))
        assert.deepEqual(await collection.getMany(records.map((record) => record.id)), expected)
        const { ok, checked } = await collection.verify()
        assert.deepEqual({ ok, checked }, { ok: true, checked: records.length })
      })
      await fc.assert(property, { seed: context.seed, numRuns: 25 })
    },
  },
]
