import assert from 'node:assert/strict'
import { type Collection, defineCollection, isoDate } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { happeningsOf } from '../method-calls.ts'
import { aggregateRefusalCases } from './aggregate-refusals.ts'
import { transactionalAggregateCases } from './aggregates-in-transactions.ts'
import { exactSumCases } from './exact-sums.ts'
import { randomAggregationCases } from './random-aggregations.ts'

const results = defineCollection({
  name: 'results',
  schema: z.object({
    id: z.string(),
    framework: z.string().optional(),
    kind: z.string().optional(),
    rank: z.int().optional(),
    score: z.number().optional(),
    passed: z.boolean().optional(),
    at: isoDate.optional(),
    tags: z.array(z.string()).optional(),
  }),
  key: 'id',
  fields: {
    framework: 'index',
    kind: 'column',
    rank: 'index',
    score: 'column',
    passed: 'column',
    at: 'index',
    tags: 'index',
  },
  softDelete: true,
})
type Result = z.output<typeof results.schema>
type Results = Collection<Result, keyof Result>

const HOUR = 3_600_000

/** R6: groups and their measures. */
export const aggregationCases: readonly Case[] = [
  {
    id: 'R6-nothing',
    clause: 'R6',
    title:
      'without groups exactly one row is answered, of nothing too: counts and sums are 0, all else is null',
    run: async (context) => {
      const collection = await filled(context, [])
      const measures = {
        n: 'count',
        given: { count: 'score' },
        total: { sum: 'score' },
        whole: { sum: 'rank' },
        mean: { avg: 'score' },
        low: { min: 'at' },
        high: { max: 'framework' },
        any: { max: 'passed' },
      } as const
      const nothing = { n: 0, given: 0, total: 0, whole: 0, mean: null, low: null, high: null, any: null }
      assert.deepEqual(await collection.aggregate({ measures }), [{ group: {}, ...nothing }])
      assert.deepEqual(await collection.aggregate({ by: [], measures }), [{ group: {}, ...nothing }])
      assert.deepEqual(await collection.aggregate({ by: ['framework'], measures }), [])
    },
  },
  {
    id: 'R6-measures',
    clause: 'R6',
    title: 'a group tells its count, sum, mean, least and greatest value',
    run: async (context) => {
      const collection = await filled(context, [
        { framework: 'b', score: 1.5, rank: 7, at: new Date(5) },
        { framework: 'a', score: 0.25, rank: -2, at: new Date(-3) },
        { framework: 'b', score: 4, rank: 3, at: new Date(9) },
      ])
      const answer = await collection.aggregate({
        by: ['framework'],
        measures: {
          n: 'count',
          total: { sum: 'score' },
          mean: { avg: 'score' },
          least: { min: 'score' },
          whole: { sum: 'rank' },
          middle: { avg: 'rank' },
          top: { max: 'rank' },
          last: { max: 'at' },
        },
      })
      assert.deepEqual(answer, [
        {
          group: { framework: 'a' },
          ...{ n: 1, total: 0.25, mean: 0.25, least: 0.25, whole: -2, middle: -2, top: -2 },
          last: new Date(-3),
        },
        {
          group: { framework: 'b' },
          ...{ n: 2, total: 5.5, mean: 2.75, least: 1.5, whole: 10, middle: 5, top: 7 },
          last: new Date(9),
        },
      ])
    },
  },
  {
    id: 'R6-null-measured',
    clause: 'R6',
    title: 'an absent or null value is not counted, added, averaged, or the least one',
    run: async (context) => {
      const collection = await filled(context, [{ score: 3, tags: [] }, {}, { score: 5 }, { tags: ['x'] }])
      const measures = {
        n: 'count',
        given: { count: 'score' },
        tagged: { count: 'tags' },
        mean: { avg: 'score' },
        low: { min: 'score' },
        high: { max: 'score' },
      } as const
      assert.deepEqual(await collection.aggregate({ measures }), [
        { group: {}, n: 4, given: 2, tagged: 2, mean: 4, low: 3, high: 5 },
      ])
    },
  },
  {
    id: 'R6-null-group',
    clause: 'R6',
    title: 'records without the field are a group of their own, which comes first',
    run: async (context) => {
      const collection = await filled(context, [{ framework: 'a' }, {}, { framework: '' }, {}])
      assert.deepEqual(await collection.aggregate({ by: ['framework'], measures: { n: 'count' } }), [
        { group: { framework: null }, n: 2 },
        { group: { framework: '' }, n: 1 },
        { group: { framework: 'a' }, n: 1 },
      ])
    },
  },
  {
    id: 'R6-several-terms',
    clause: 'R6',
    title: 'groups by several fields keep apart what only looks alike when written in a row',
    run: async (context) => {
      const collection = await filled(context, [
        { framework: 'ab', kind: 'c' },
        { framework: 'a', kind: 'bc' },
        { framework: 'a', kind: 'BC' },
        { framework: 'a' },
        { kind: 'a' },
        { framework: 'a', kind: 'bc' },
      ])
      const answer = await collection.aggregate({ by: ['framework', 'kind'], measures: { n: 'count' } })
      assert.deepEqual(
        answer.map(({ group, n }) => [group.framework, group.kind, n]),
        [
          [null, 'a', 1],
          ['a', null, 1],
          ['a', 'BC', 1],
          ['a', 'bc', 2],
          ['ab', 'c', 1],
        ],
      )
    },
  },
  {
    id: 'R6-group-types',
    clause: 'R6',
    title: 'groups may be booleans, numbers, integers, instants and keys, in their order',
    run: async (context) => {
      const collection = await filled(context, [
        { passed: true, score: 10, rank: Number.MAX_SAFE_INTEGER, at: new Date(-1) },
        { passed: false, score: 9.5, rank: -1, at: new Date(-62_135_596_800_000) },
        { passed: true, score: 5e-324, rank: Number.MAX_SAFE_INTEGER - 1, at: new Date(253_402_300_799_999) },
      ])
      const groupsBy = async (field: keyof Result) =>
        (await collection.aggregate({ by: [field], measures: { n: 'count' } })).map(
          ({ group }) => group[field],
        )
      assert.deepEqual(await groupsBy('passed'), [false, true])
      assert.deepEqual(await groupsBy('score'), [5e-324, 9.5, 10])
      assert.deepEqual(await groupsBy('rank'), [-1, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER])
      assert.deepEqual(await groupsBy('at'), [
        new Date(-62_135_596_800_000),
        new Date(-1),
        new Date(253_402_300_799_999),
      ])
      assert.deepEqual(await groupsBy('id'), ['r0', 'r1', 'r2'])
    },
  },
  {
    id: 'R6-extremes',
    clause: 'R6',
    title: 'the least and the greatest text are so by code point; false is less than true',
    run: async (context) => {
      const collection = await filled(context, [
        { framework: '\u{1f600}', passed: true },
        { framework: '\uffff', passed: false },
        { framework: '', passed: true },
        { framework: 'Z', passed: true },
      ])
      const [all] = await collection.aggregate({
        where: { framework: { gt: '' } },
        measures: { low: { min: 'framework' }, high: { max: 'framework' }, id: { max: 'id' } },
      })
      assert.deepEqual(all, { group: {}, low: 'Z', high: '\u{1f600}', id: 'r3' })
      const [two] = await collection.aggregate({
        where: { framework: { gte: '\uffff' } },
        measures: { low: { min: 'framework' }, no: { min: 'passed' }, yes: { max: 'passed' } },
      })
      assert.deepEqual(two, { group: {}, low: '\uffff', no: false, yes: true })
    },
  },
  {
    id: 'R6-spans',
    clause: 'R6',
    title: 'a span of time begins at a multiple of its length since 1970, before 1970 too',
    run: async (context) => {
      const instants = [-HOUR - 1, -HOUR, -1, 0, HOUR - 1, HOUR, 1_767_225_599_999, 1_767_225_600_000]
      const collection = await filled(context, [...instants.map((at) => ({ at: new Date(at) })), {}])
      const answer = await collection.aggregate({
        by: [{ field: 'at', everyMs: HOUR }],
        measures: { n: 'count', first: { min: 'at' } },
      })
      assert.deepEqual(
        answer.map(({ group, n, first }) => [group.at, n, first]),
        [
          [null, 1, null],
          [new Date(-2 * HOUR), 1, new Date(-HOUR - 1)],
          [new Date(-HOUR), 2, new Date(-HOUR)],
          [new Date(0), 2, new Date(0)],
          [new Date(HOUR), 1, new Date(HOUR)],
          [new Date(1_767_222_000_000), 1, new Date(1_767_225_599_999)],
          [new Date(1_767_225_600_000), 1, new Date(1_767_225_600_000)],
        ],
      )
    },
  },
  {
    id: 'R6-spans-of-all-lengths',
    clause: 'R6',
    title: 'spans of one millisecond, of odd lengths and of a thousand years are exact over all years',
    run: async (context) => {
      const instants = [-62_135_596_800_000, -62_135_596_799_999, -7, -1, 0, 6, 7, 8, 253_402_300_799_999]
      const collection = await filled(
        context,
        instants.map((at) => ({ at: new Date(at) })),
      )
      for (const everyMs of [1, 7, 999, 86_400_000, 604_800_001, 31_536_000_000_000]) {
        const answer = await collection.aggregate({
          by: [{ field: 'at', everyMs }],
          measures: { first: { min: 'at' } },
        })
        const expected = new Set(instants.map((at) => Math.floor(at / everyMs) * everyMs + 0))
        assert.deepEqual(
          answer.map(({ group }) => group.at?.valueOf()),
          [...expected],
        )
      }
    },
  },
  {
    id: 'R6-filter',
    clause: 'R6',
    title: 'only records that match are measured',
    run: async (context) => {
      const collection = await filled(context, [
        { framework: 'a', rank: 1, tags: ['x'] },
        { framework: 'a', rank: 2, tags: ['y', 'x'] },
        { framework: 'b', rank: 4 },
      ])
      const measures = { total: { sum: 'rank' } } as const
      const where = { or: [{ rank: { gt: 1 } }, { framework: null }] }
      assert.deepEqual(await collection.aggregate({ where, by: ['framework'], measures }), [
        { group: { framework: 'a' }, total: 2 },
        { group: { framework: 'b' }, total: 4 },
      ])
      assert.deepEqual(await collection.aggregate({ where: { tags: { has: 'x' } }, measures }), [
        { group: {}, total: 3 },
      ])
    },
  },
  {
    id: 'R6-life',
    clause: 'R6',
    title: 'what has expired is not measured, and what is soft-deleted only when it is asked for',
    run: async (context) => {
      const collection = await filled(context, [{ rank: 1 }, { rank: 2 }])
      await collection.put({ id: 'passing', rank: 4 }, { ttlMs: 1_000 })
      await collection.put({ id: 'passing and gone', rank: 8 }, { ttlMs: 1_000 })
      await collection.delete('r1')
      await collection.delete('passing and gone')
      const measures = { n: 'count', total: { sum: 'rank' } } as const
      const asked = async (includeDeleted: boolean) => {
        const [all] = await collection.aggregate({ measures, includeDeleted })
        return [all?.n, all?.total]
      }
      assert.deepEqual(await asked(false), [2, 5])
      assert.deepEqual(await asked(true), [4, 15])
      context.clock.advance(1_000)
      assert.deepEqual(await asked(false), [1, 1])
      assert.deepEqual(await asked(true), [2, 3])
    },
  },
  {
    id: 'R6-tenants',
    clause: 'R6',
    title: 'only a tenant’s own records are measured',
    run: async (context) => {
      const store = context.store()
      const [own, other] = ['own', 'other'].map((name) => store.tenant(name).collection(results))
      await own?.put({ id: 'a', framework: 'x', rank: 1 })
      await other?.putMany([
        { id: 'a', framework: 'x', rank: 10 },
        { id: 'b', framework: 'y', rank: 100 },
      ])
      const answer = await own?.aggregate({ by: ['framework'], measures: { total: { sum: 'rank' } } })
      assert.deepEqual(answer, [{ group: { framework: 'x' }, total: 1 }])
    },
  },
  {
    id: 'R6-too-many-groups',
    clause: 'R6',
    title: 'ten thousand groups are answered, and more are refused with advice',
    run: async (context) => {
      const collection = context.store().collection(results)
      await collection.putMany(Array.from({ length: 10_000 }, (_, n) => ({ id: `r${n}`, rank: n % 10_000 })))
      const asked = { by: ['rank'], measures: { n: 'count' } } as const
      const groups = await collection.aggregate(asked)
      assert.equal(groups.length, 10_000)
      assert.deepEqual(groups.at(-1), { group: { rank: 9_999 }, n: 1 })
      await collection.put({ id: 'one more', rank: 10_000 })
      await assert.rejects(collection.aggregate(asked), {
        code: 'LIMIT_EXCEEDED',
        message: /10000 groups.*filter/,
      })
    },
  },
  {
    id: 'R6-log',
    clause: 'R6',
    title: 'the entries of a log are measured over all its streams',
    run: async (context) => {
      const log = happeningsOf(context.store())
      await log.append('s', [
        { event_id: 'a', note: 'x' },
        { event_id: 'b', note: 'y' },
      ])
      await log.append('t', [{ event_id: 'c', note: 'x' }])
      assert.deepEqual(await log.aggregate({ by: ['note'], measures: { n: 'count' } }), [
        { group: { note: 'x' }, n: 2 },
        { group: { note: 'y' }, n: 1 },
      ])
    },
  },
  ...randomAggregationCases,
  ...exactSumCases,
  ...aggregateRefusalCases,
  ...transactionalAggregateCases,
]

/** A collection with these records, by the keys `r0`, `r1` and so on. */
async function filled(context: CaseContext, records: readonly Omit<Result, 'id'>[]): Promise<Results> {
  const collection = context.store().collection(results)
  await collection.putMany(records.map((record, n) => ({ ...record, id: `r${n}` })))
  return collection
}
