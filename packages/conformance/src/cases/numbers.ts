import assert from 'node:assert/strict'
import { type Collection, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { assertRefused } from './assert-refused.ts'

const MAX = Number.MAX_SAFE_INTEGER

const measures = defineCollection({
  name: 'measures',
  schema: z.object({
    id: z.string(),
    integer: z.int().optional(),
    loose: z.number().optional(),
    number: z.number().optional(),
  }),
  key: 'id',
  fields: { integer: 'index', loose: { type: 'integer' }, number: 'index' },
})
type Measures = Collection<z.output<typeof measures.schema>, 'id' | 'integer' | 'loose' | 'number'>

const INTEGERS = [
  -MAX,
  -MAX + 1,
  -(2 ** 31) - 1,
  -10,
  -9,
  -1,
  0,
  1,
  9,
  10,
  2 ** 31,
  2 ** 32 + 1,
  MAX - 1,
  MAX,
]
const NUMBERS = [
  ...[
    -Number.MAX_VALUE,
    -(2 ** 60),
    -1.5,
    -1,
    -0.1,
    -5e-324,
    0,
    5e-324,
    0.1,
    0.2,
    0.3,
    0.1 + 0.2,
    1,
    1 + Number.EPSILON,
  ],
  ...[9, 10, 2 ** 53, 2 ** 53 + 2, 2 ** 60, 2 ** 60 + 256, 1e21, Number.MAX_VALUE],
]

/** V7: numbers are exact, in documents, in filters and in orders. */
export const numberCases: readonly Case[] = [
  {
    id: 'V7-integers-exact',
    clause: 'V7',
    title: 'every integer within ±(2^53−1) is found by itself alone, and comes back as it was',
    run: (context) => assertEachFound(context, 'integer', INTEGERS),
  },
  {
    id: 'V7-numbers-exact',
    clause: 'V7',
    title: 'every number is found by itself alone, and comes back as it was',
    run: (context) => assertEachFound(context, 'number', NUMBERS),
  },
  {
    id: 'V7-integer-order',
    clause: 'V7',
    title: 'integers are ordered as numbers, neighbours at the ends of the range included',
    run: (context) => assertOrdered(context, 'integer', INTEGERS),
  },
  {
    id: 'V7-number-order',
    clause: 'V7',
    title: 'numbers are ordered as numbers, the smallest differences included',
    run: (context) => assertOrdered(context, 'number', NUMBERS),
  },
  {
    id: 'V7-integer-range',
    clause: 'V7',
    title: 'a range of integers is exact at the ends',
    run: async (context) => {
      const collection = await filled(context, 'integer', INTEGERS)
      assert.equal(await collection.count({ integer: { gt: MAX - 1 } }), 1)
      assert.equal(await collection.count({ integer: { gte: MAX - 1 } }), 2)
      assert.equal(await collection.count({ integer: { lt: -MAX + 1 } }), 1)
      assert.equal(await collection.count({ integer: { lte: -MAX + 1 } }), 2)
      assert.equal(await collection.count({ integer: { in: [MAX, -MAX, MAX - 2] } }), 2)
    },
  },
  {
    id: 'V7-pages',
    clause: 'V7',
    title: 'pages ordered by integers at the ends of the range skip and repeat none',
    run: async (context) => {
      const collection = await filled(context, 'integer', INTEGERS)
      const seen: unknown[] = []
      for await (const record of collection.iterate({ orderBy: 'integer', limit: 1 }))
        seen.push(record.integer)
      assert.deepEqual(seen, INTEGERS)
    },
  },
  {
    id: 'V7-too-large',
    clause: 'V7',
    title: 'an integer beyond ±(2^53−1) is refused in a record',
    run: async (context) => {
      const collection = context.store().collection(measures)
      await assertRefused(() => collection.put({ id: 'a', integer: 2 ** 53 }))
      await assertRefused(() => collection.put({ id: 'a', integer: -(2 ** 53) }))
      await assertRefused(() => collection.put({ id: 'a', loose: 2 ** 53 }))
      assert.equal(await collection.has('a'), false)
    },
  },
  {
    id: 'V7-fraction',
    clause: 'V7',
    title: 'a fraction is refused where an integer belongs',
    run: async (context) => {
      const collection = context.store().collection(measures)
      await assertRefused(() => collection.put({ id: 'a', integer: 1.5 }))
      await assertRefused(() => collection.put({ id: 'a', loose: 1.5 }))
      assert.equal(await collection.has('a'), false)
    },
  },
  ...[2 ** 53, -(2 ** 53), 1.5, Number.NaN, Number.POSITIVE_INFINITY].map(
    (value): Case => ({
      id: `V7-filter-${value}`,
      clause: 'V7',
      title: `${value} is refused in a filter on integers`,
      run: async (context) => {
        const collection = context.store().collection(measures)
        await assertRefused(() => collection.find({ where: { integer: value } }))
        await assertRefused(() => collection.count({ integer: { lt: value } }))
        await assertRefused(() => collection.exists({ integer: { in: [1, value] } }))
      },
    }),
  ),
  {
    id: 'V7-negative-zero',
    clause: 'V7',
    title: 'zero and negative zero are one value in fields and filters',
    run: async (context) => {
      const collection = context.store().collection(measures)
      await collection.putMany([
        { id: 'a', integer: -0, number: -0 },
        { id: 'b', integer: 0, number: 0 },
      ])
      for (const zero of [0, -0]) {
        assert.equal(await collection.count({ integer: zero, number: zero }), 2)
        assert.equal(await collection.count({ number: { lt: zero } }), 0)
        assert.equal(await collection.count({ number: { in: [zero] } }), 2)
      }
    },
  },
  {
    id: 'V7-counts',
    clause: 'V7',
    title: 'counts, versions and numbers removed are numbers',
    run: async (context) => {
      const collection = context.store().collection(measures)
      assert.equal(await collection.put({ id: 'a' }), 1)
      assert.equal(await collection.update('a', { number: 1 }), 2)
      assert.equal((await collection.getEntry('a'))?.version, 2)
      assert.equal(await collection.count(), 1)
      assert.equal(await collection.deleteMany({ number: 1 }), 1)
    },
  },
]

async function filled(
  context: CaseContext,
  field: 'integer' | 'number',
  values: readonly number[],
): Promise<Measures> {
  const collection = context.store().collection(measures)
  // Keys run against the values, so that an answer by key is not one by value.
  const last = values.length - 1
  const keyOf = (position: number) => String(last - position).padStart(3, '0')
  await collection.putMany(values.map((value, position) => ({ id: keyOf(position), [field]: value })))
  return collection
}

async function assertEachFound(
  context: CaseContext,
  field: 'integer' | 'number',
  values: readonly number[],
): Promise<void> {
  const collection = await filled(context, field, values)
  for (const value of values) {
    const page = await collection.find({ where: { [field]: value } })
    assert.deepEqual(
      page.records.map((record) => record[field]),
      [value],
    )
  }
}

async function assertOrdered(
  context: CaseContext,
  field: 'integer' | 'number',
  values: readonly number[],
): Promise<void> {
  const collection = await filled(context, field, values)
  const upwards = await collection.find({ orderBy: field })
  assert.deepEqual(
    upwards.records.map((record) => record[field]),
    values,
  )
  const downwards = await collection.find({ orderBy: { [field]: 'desc' } })
  assert.deepEqual(downwards.records, [...upwards.records].reverse())
}
