import assert from 'node:assert/strict'
import { defineCollection, isoDate } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { assertRefused, unchecked } from './assert-refused.ts'

const visits = defineCollection({
  name: 'visits',
  schema: z.object({
    id: z.string(),
    page: z.string(),
    rank: z.int(),
    at: isoDate,
    open: z.boolean(),
    tags: z.array(z.string()),
    undeclared: z.number(),
  }),
  key: 'id',
  fields: { page: 'index', rank: 'column', at: 'column', open: 'column', tags: 'index' },
})

const n = { n: 'count' }
const nineFields = ['page', 'rank', 'at', 'open', 'id', 'page', 'rank', 'at', 'open']

/** Questions that are refused, with what the refusal must say. */
const REFUSED: readonly (readonly [word: string, options: unknown, message: RegExp])[] = [
  ['no-options', undefined, /options/],
  ['unknown-option', { measures: n, having: {} }, /having.*measures/],
  ['order', { measures: n, orderBy: 'page' }, /orderBy/],
  ['limit', { measures: n, limit: 5 }, /limit/],
  ['no-measures', {}, /measures/],
  ['empty-measures', { measures: {} }, /1 to 32/],
  ['list-of-measures', { measures: ['count'] }, /measures/],
  [
    'many-measures',
    { measures: Object.fromEntries(Array.from({ length: 33 }, (_, each) => [`n${each}`, 'count'])) },
    /1 to 32/,
  ],
  ['undefined-measure', { measures: { n: undefined } }, /'n'/],
  ['null-measure', { measures: { n: null } }, /'n'/],
  ['unknown-kind', { measures: { n: { median: 'rank' } } }, /'n'.*sum, avg/],
  ['kind-alone', { measures: { n: 'sum' } }, /'n'.*name of a field/],
  ['two-kinds', { measures: { n: { min: 'rank', max: 'rank' } } }, /'n'/],
  ['no-kind', { measures: { n: {} } }, /'n'/],
  ['inherited-kind', { measures: { n: { toString: 'rank' } } }, /'n'/],
  ['kind-without-name', { measures: { n: { sum: 1 } } }, /'n'/],
  ['reserved-name', { measures: { group: 'count' } }, /not 'group'/],
  ['name-with-quote', { measures: { 'a"b': 'count' } }, /letters, digits/],
  ['empty-name', { measures: { '': 'count' } }, /letters, digits/],
  ['name-proto', { measures: JSON.parse('{"__proto__":"count"}') }, /letters, digits/],
  ['long-name', { measures: { ['n'.repeat(59)]: 'count' } }, /letters, digits/],
  ['unknown-field', { measures: { n: { sum: 'rnak' } } }, /rnak.*rank/],
  ['undeclared-member', { measures: { n: { sum: 'undeclared' } } }, /undeclared.*rank/],
  ['inherited-field', { measures: { n: { count: 'toString' } } }, /toString.*rank/],
  ['sum-of-text', { measures: { n: { sum: 'page' } } }, /'sum'.*'page'/],
  ['sum-of-instants', { measures: { n: { sum: 'at' } } }, /'sum'.*'at'/],
  ['sum-of-booleans', { measures: { n: { sum: 'open' } } }, /'sum'.*'open'/],
  ['mean-of-text', { measures: { n: { avg: 'page' } } }, /'avg'.*'page'/],
  ['mean-of-keys', { measures: { n: { avg: 'id' } } }, /'avg'.*'id'/],
  ['sum-of-texts', { measures: { n: { sum: 'tags' } } }, /'tags'.*count/],
  ['least-of-texts', { measures: { n: { min: 'tags' } } }, /'tags'.*count/],
  ['by-name', { by: 'page', measures: n }, /array/],
  ['by-null', { by: null, measures: n }, /array/],
  ['by-unknown', { by: ['paeg'], measures: n }, /paeg.*page/],
  ['by-texts', { by: ['tags'], measures: n }, /'tags'/],
  ['by-many', { by: nineFields, measures: n }, /at most 8/],
  ['by-twice', { by: ['page', 'rank', 'page'], measures: n }, /'page' twice/],
  ['by-span-and-instant', { by: ['at', { field: 'at', everyMs: 10 }], measures: n }, /'at' twice/],
  ['by-number', { by: [1], measures: n }, /everyMs/],
  ['span-without-length', { by: [{ field: 'at' }], measures: n }, /everyMs/],
  ['span-of-nothing', { by: [{ field: 'at', everyMs: 0 }], measures: n }, /everyMs.*1 to/],
  ['span-backwards', { by: [{ field: 'at', everyMs: -1 }], measures: n }, /everyMs.*1 to/],
  ['span-of-a-fraction', { by: [{ field: 'at', everyMs: 0.5 }], measures: n }, /everyMs.*integer/],
  ['span-as-text', { by: [{ field: 'at', everyMs: '10' }], measures: n }, /everyMs.*integer/],
  ['span-too-long', { by: [{ field: 'at', everyMs: 31_536_000_000_001 }], measures: n }, /1,000 years/],
  ['span-of-integers', { by: [{ field: 'rank', everyMs: 10 }], measures: n }, /'rank'/],
  ['span-with-more', { by: [{ field: 'at', everyMs: 10, zone: 'Z' }], measures: n }, /zone/],
  ['filter', { where: { paeg: 'x' }, measures: n }, /paeg.*page/],
  ['deleted', { measures: n, includeDeleted: 'yes' }, /includeDeleted/],
]

/** R6: what is no aggregation. */
export const aggregateRefusalCases: readonly Case[] = [
  ...REFUSED.map(
    ([word, options, message]): Case => ({
      id: `R6-refused-${word}`,
      clause: 'R6',
      title: `an aggregation is refused by name: ${word}`,
      run: async (context) => {
        const collection = context.store().collection(visits)
        await assertRefused(() => collection.aggregate(unchecked(options)), message)
      },
    }),
  ),
  {
    id: 'R6-bounds',
    clause: 'R6',
    title: 'eight groups and thirty-two measures are not too many',
    run: async (context) => {
      const wide = defineCollection({
        name: 'wide',
        schema: z.object({ id: z.string(), ...letters(z.int()) }),
        key: 'id',
        fields: letters('column'),
      })
      const collection = context.store().collection(wide)
      await collection.put({ id: 'x', ...letters(1) })
      const measures = Object.fromEntries(
        Array.from({ length: 32 }, (_, each) => [`m${each}`, { sum: 'a' } as const]),
      )
      const [all] = await collection.aggregate({ by: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], measures })
      assert.deepEqual(all?.group, letters(1))
      assert.equal(all?.m31, 1)
    },
  },
]

function letters<const T>(value: T): Record<'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h', T> {
  return { a: value, b: value, c: value, d: value, e: value, f: value, g: value, h: value }
}
