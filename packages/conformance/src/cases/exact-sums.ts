import assert from 'node:assert/strict'
import { type Collection, defineCollection } from '@coffer/core'
import fc from 'fast-check'
import * as z from 'zod'
import type { Case } from '../case.ts'

const amounts = defineCollection({
  name: 'amounts',
  // The names are those that an engine's own words and inner names could be mistaken for.
  schema: z.object({ id: z.string(), sum: z.number().optional(), count: z.int().optional() }),
  key: 'id',
  fields: { sum: 'column', count: 'column' },
})
type Amounts = Collection<z.output<typeof amounts.schema>, 'id' | 'sum' | 'count'>

/** Numbers whose sum depends on the order in which they are added, and on how each is written down. */
const HOSTILE = [
  0.1,
  0.2,
  0.3,
  -0,
  1e308,
  -1e308,
  1.7976931348623157e308,
  5e-324,
  -5e-324,
  2.2250738585072014e-308,
  1e-7,
  123_456.789,
  2 ** -44,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 53 + 2,
  // Their shortest forms lie in the very middle between two numbers, or next to it.
  1e23,
  -1e23,
  9.999999999999997e22,
  5e22,
  2 ** 60,
  2 ** 89,
  9_007_199_254_740_993e3,
  44_168_209_160_000_000_000,
  1e40,
  1e21,
]

const SUMS: readonly (readonly [word: string, values: readonly number[], sum: number])[] = [
  ['decimal', [0.1, 0.2], 0.3],
  ['ten-tenths', Array.from({ length: 10 }, () => 0.1), 1],
  ['cancelled', [1e308, 0.1, 1e308, -1e308, -1e308, 0.2], 0.3],
  ['least', [5e-324, 5e-324, -5e-324], 5e-324],
  ['thousand-least', Array.from({ length: 1_000 }, () => 5e-324), 5e-321],
  ['far-apart', [1e308, 5e-324, -1e308], 5e-324],
  ['beyond-integers', [2 ** 53, 1, 1], 2 ** 53 + 2],
  ['middle', [1e23, -1e23], 0],
  ['near-middle', [1e23, -9.999999999999997e22], 30_000_000],
  ['zero', [-0, 0], 0],
  ['opposites', [0.1, -0.1], 0],
]

/** R6: sums to the bit. */
export const exactSumCases: readonly Case[] = [
  ...SUMS.map(
    ([word, values, sum]): Case => ({
      id: `R6-sum-${word}`,
      clause: 'R6',
      title: `a sum is that of the numbers as they are written, rounded once: ${word}`,
      run: async (context) => {
        const collection = context.store().collection(amounts)
        for (const order of [values, values.toReversed()]) {
          await putSums(collection, order)
          const answered = (await collection.aggregate({ measures: { total: { sum: 'sum' } } }))[0]?.total
          assert.ok(Object.is(answered, sum), `${answered} is not ${sum}`)
        }
      },
    }),
  ),
  {
    id: 'R6-sum-random',
    clause: 'R6',
    title: 'the sum and the mean of any numbers, in any order, are the exact ones, rounded once',
    run: async (context) => {
      const store = context.store()
      let round = 0
      const number = fc.oneof(
        fc.constantFrom(...HOSTILE),
        fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }),
        // Few digits and many zeros: here the shortest form can be shorter than what lies strictly nearer.
        fc
          .tuple(fc.bigInt(-(10n ** 16n), 10n ** 16n), fc.integer({ min: 0, max: 23 }))
          .map(([digits, zeros]) => Number(`${digits}e${zeros}`)),
        fc.integer({ min: -100_000, max: 100_000 }).map((cents) => cents / 100),
      )
      const drawn = fc.array(number, { minLength: 1, maxLength: 25 })
      const property = fc.asyncProperty(drawn, async (values) => {
        const collection = store.tenant(`round ${round++}`).collection(amounts)
        await putSums(collection, values)
        const expected = writtenSum(values)
        const asked = collection.aggregate({ measures: { total: { sum: 'sum' }, mean: { avg: 'sum' } } })
        if (!Number.isFinite(expected)) {
          await assert.rejects(asked, { code: 'LIMIT_EXCEEDED' })
          return
        }
        const [all] = await asked
        assert.ok(Object.is(all?.total, expected), `${all?.total} is not ${expected}`)
        assert.ok(Object.is(all?.mean, expected / values.length), 'the mean is the sum by the count')
      })
      await fc.assert(property, { seed: context.seed, numRuns: 60 })
    },
  },
  {
    id: 'R6-sum-of-integers',
    clause: 'R6',
    title: 'a sum of integers is exact on the way, whatever its parts, and refused beyond 2^53−1',
    run: async (context) => {
      const most = Number.MAX_SAFE_INTEGER
      const collection = context.store().collection(amounts)
      const total = async (counts: readonly number[]) => {
        await collection.clear()
        await collection.putMany(counts.map((count, n) => ({ id: `a${n}`, count })))
        return (await collection.aggregate({ measures: { total: { sum: 'count' } } }))[0]?.total
      }
      assert.equal(await total([most, most, 1, -most, -1, -most + 2]), 2)
      assert.equal(await total([most - 1, 1]), most)
      assert.equal(await total([-most, 1, -1]), -most)
      await assert.rejects(total([most, 1]), { code: 'LIMIT_EXCEEDED', message: /total.*smaller groups/ })
      await assert.rejects(total([-most, -2]), { code: 'LIMIT_EXCEEDED' })
      // More than 64 bits hold.
      await assert.rejects(total(Array.from({ length: 1_100 }, () => most)), { code: 'LIMIT_EXCEEDED' })
    },
  },
  {
    id: 'R6-sum-infinite',
    clause: 'R6',
    title: 'a sum beyond every number is refused, and the mean with it; other measures of it are answered',
    run: async (context) => {
      const collection = context.store().collection(amounts)
      await putSums(collection, [1.7e308, 1.7e308])
      await assert.rejects(collection.aggregate({ measures: { total: { sum: 'sum' } } }), {
        code: 'LIMIT_EXCEEDED',
      })
      await assert.rejects(collection.aggregate({ measures: { mean: { avg: 'sum' } } }), {
        code: 'LIMIT_EXCEEDED',
      })
      const [all] = await collection.aggregate({ measures: { n: 'count', high: { max: 'sum' } } })
      assert.deepEqual(all, { group: {}, n: 2, high: 1.7e308 })
    },
  },
  {
    id: 'R6-mean-of-large-integers',
    clause: 'R6',
    title: 'the mean of integers is answered also where their sum is beyond 2^53−1',
    run: async (context) => {
      const collection = context.store().collection(amounts)
      const most = Number.MAX_SAFE_INTEGER
      await collection.putMany(['a', 'b', 'c', 'd'].map((id) => ({ id, count: most })))
      const [all] = await collection.aggregate({ measures: { mean: { avg: 'count' } } })
      assert.equal(all?.mean, (4 * most) / 4)
    },
  },
]

/** The sum by its definition, in units of the least decimal that there is. */
function writtenSum(values: readonly number[]): number {
  const units = values.map((value) => {
    const [digits = '', power = '0'] = String(value).split('e')
    const [whole = '', fraction = ''] = digits.split('.')
    return BigInt(whole + fraction) * 10n ** BigInt(400 + Number(power) - fraction.length)
  })
  return Number(`${units.reduce((sum, each) => sum + each, 0n)}e-400`)
}

/** Puts these values, in their order, in the place of whatever is there. */
async function putSums(collection: Amounts, values: readonly number[]): Promise<void> {
  await collection.clear()
  await collection.putMany(values.map((sum, n) => ({ id: `a${n}`, sum })))
}
