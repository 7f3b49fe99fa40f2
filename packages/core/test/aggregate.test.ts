import { describe, expect, expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import { parseAggregate } from '../src/aggregate.ts'
import { aggregateRows } from '../src/backend.ts'
import { createStore } from '../src/create-store.ts'
import { defineCollection } from '../src/definition.ts'
import { isoDate } from '../src/time.ts'
import { fakeBackend } from './fake-backend.ts'

const runs = defineCollection({
  name: 'runs',
  schema: z.object({ id: z.string(), kind: z.string().optional(), score: z.number(), at: isoDate }),
  key: 'id',
  fields: { kind: 'index', score: 'column', at: 'column' },
})

describe('what the backend is asked', () => {
  test('fields are positions, and a mean is a sum and a count that are asked once', () => {
    const { aggregation } = parseAggregate(
      {
        where: { kind: 'x' },
        by: ['id', { field: 'at', everyMs: 60_000 }],
        measures: {
          total: { sum: 'score' },
          mean: { avg: 'score' },
          given: { count: 'score' },
          again: { sum: 'score' },
        },
      },
      runs,
      'acme',
    )
    expect(aggregation).toEqual({
      tenant: 'acme',
      where: { type: 'compare', field: 0, comparison: 'eq', value: 'x' },
      visibility: 'live',
      by: [
        { field: -1, name: 'id', type: 'text', everyMs: undefined },
        { field: 2, name: 'at', type: 'timestamp', everyMs: 60_000 },
      ],
      measures: [
        { type: 'sum', field: 1 },
        { type: 'count', field: 1 },
      ],
      limit: 10_001,
    })
  })
})

describe('how its answer is read', () => {
  const { read } = parseAggregate({ by: ['kind'], measures: { total: { sum: 'score' } } }, runs, 'acme')
  const total = (sum: string) => read([{ group: ['x'], measures: [sum] }])[0]?.total

  test('groups are sorted by code point, null first', () => {
    const rows = ['\u{1f600}', 'b', null, '\uffff', 'a'].map((kind) => ({ group: [kind], measures: ['0'] }))
    expect(read(rows).map(({ group }) => group)).toEqual(
      [null, 'a', 'b', '\uffff', '\u{1f600}'].map((kind) => ({ kind })),
    )
  })

  test.each([
    ['0.300', 0.3],
    ['3e-1', 0.3],
    ['-1e-324', 0],
    [`1${'0'.repeat(308)}`, 1e308],
    ['9007199254740993', 9_007_199_254_740_992],
  ])('a sum of %s is the number %d', (text, expected) => {
    expect(total(text)).toBe(expected)
  })

  test.each(['2e308', '-2e308'])('a sum of %s is refused', (text) => {
    expect(() => total(text)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
  })
})

test('more groups than asked for are not kept, and those that are kept are whole', () => {
  const rows = ['a', 'b', 'a', 'c', 'b'].map((id) => ({ id, fields: [] }))
  const by = [{ field: -1, everyMs: undefined }]
  expect(aggregateRows(rows, { by, measures: [{ type: 'count', field: undefined }], limit: 2 })).toEqual([
    { group: ['a'], measures: [2] },
    { group: ['b'], measures: [2] },
  ])
})

test('the types of an answer are those of what was asked', async () => {
  const store = createStore({ backend: fakeBackend() })
  const collection = store.collection(runs)
  const [all] = await collection.aggregate({
    by: ['kind', { field: 'at', everyMs: 1 }],
    measures: { n: 'count', mean: { avg: 'score' }, last: { max: 'at' } },
  })
  expect(all).toBeUndefined()
  type Answer = NonNullable<typeof all>
  expectTypeOf<keyof Answer['group']>().toEqualTypeOf<'kind' | 'at'>()
  expectTypeOf<Answer['n']>().toEqualTypeOf<number>()
  expectTypeOf<Answer['mean']>().toEqualTypeOf<number | null>()
  expectTypeOf<Answer['last']>().toEqualTypeOf<string | number | boolean | Date | null>()
  // @ts-expect-error: no such field
  await expect(collection.aggregate({ measures: { n: { sum: 'scroe' } } })).rejects.toThrow('scroe')
  await store.close()
})
