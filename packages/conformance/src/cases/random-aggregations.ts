import assert from 'node:assert/strict'
import { type AggregateOptions, defineCollection, isoDate, type MeasureBy } from '@coffer/core'
import {
  type AggregateRow,
  aggregateRows,
  compareValues,
  ID_FIELD,
  type Sortable,
} from '@coffer/core/backend'
import fc from 'fast-check'
import * as z from 'zod'
import type { Case } from '../case.ts'

const rows = defineCollection({
  name: 'rows',
  schema: z.object({
    id: z.string(),
    text: z.string().nullish(),
    integer: z.int().nullish(),
    number: z.number().nullish(),
    boolean: z.boolean().nullish(),
    at: isoDate.nullish(),
    texts: z.array(z.string()).nullish(),
  }),
  key: 'id',
  fields: {
    text: 'index',
    integer: 'index',
    number: 'column',
    boolean: 'column',
    at: 'index',
    texts: 'index',
  },
})
type Row = z.output<typeof rows.schema>

/** Few values, so that records meet in groups. */
const word = fc.constantFrom('', 'a', 'A', 'ab', 'e\u0301', '\u00e9', '\uffff', '\u{1f600}')
const instant = fc.constantFrom(
  -62_135_596_800_000,
  -1_001,
  -1_000,
  -1,
  0,
  1,
  999,
  1_000,
  253_402_300_799_999,
)
const record: fc.Arbitrary<Row> = fc.record({
  id: fc.string({ unit: fc.constantFrom('a', 'B', '\uffff', '\u{1f600}'), minLength: 1, maxLength: 3 }),
  text: absentOr(word),
  integer: absentOr(fc.integer({ min: -3, max: 3 })),
  number: absentOr(fc.constantFrom(-1e300, -0.5, 0, 5e-324, 0.1, 0.2, 0.7, 1e23)),
  boolean: absentOr(fc.boolean()),
  at: absentOr(instant.map((milliseconds) => new Date(milliseconds))),
  texts: absentOr(fc.array(word, { maxLength: 2 })),
})

const POSITIONS = { id: ID_FIELD, text: 0, integer: 1, number: 2, boolean: 3, at: 4, texts: 5 } as const
type Name = keyof typeof POSITIONS
const scalarName = fc.constantFrom<Name>('id', 'text', 'integer', 'number', 'boolean', 'at')

const term = fc.oneof(
  { weight: 3, arbitrary: scalarName.map((field) => ({ field, everyMs: undefined })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(1, 2, 999, 1_000, 86_400_000)
      .map((everyMs) => ({ field: 'at' as const, everyMs })),
  },
)

const measure: fc.Arbitrary<MeasureBy<Name>> = fc.oneof(
  fc.constant('count' as const),
  fc.constantFrom(...(Object.keys(POSITIONS) as Name[])).map((count) => ({ count })),
  fc.constantFrom<Name>('integer', 'number').map((sum) => ({ sum })),
  fc.constantFrom<Name>('integer', 'number').map((avg) => ({ avg })),
  scalarName.map((min) => ({ min })),
  scalarName.map((max) => ({ max })),
)

const asked = fc.record({
  by: fc.uniqueArray(term, { maxLength: 3, selector: ({ field }) => field }),
  measures: fc.tuple(measure, measure, measure).map(([a, b, c]) => ({ a, b, c })),
})

const ROUNDS = 25

/** R6: the meaning of an aggregation is one pure function, and every backend is held to it. */
export const randomAggregationCases: readonly Case[] = [
  {
    id: 'R6-random',
    clause: 'R6',
    title: 'random groups and measures of random records are what the reference says',
    run: async (context) => {
      const store = context.store()
      let round = 0
      const records = fc.uniqueArray(record, { minLength: 0, maxLength: 16, selector: ({ id }) => id })
      const questions = fc.array(asked, { minLength: 6, maxLength: 10 })
      const property = fc.asyncProperty(records, questions, async (stored, drawn) => {
        const collection = store.tenant(`round ${round++}`).collection(rows)
        await collection.putMany(stored)
        for (const { by, measures } of drawn) {
          const options: AggregateOptions<Name> = {
            by: by.map(({ field, everyMs }) => (everyMs === undefined ? field : { field, everyMs })),
            measures,
          }
          assert.deepEqual(await collection.aggregate(options), expected(stored, by, measures))
        }
      })
      await fc.assert(property, { seed: context.seed, numRuns: ROUNDS })
    },
  },
]

function absentOr<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> {
  return fc.oneof({ weight: 3, arbitrary: value }, { weight: 1, arbitrary: fc.constantFrom(null, undefined) })
}

type Term = { readonly field: Name; readonly everyMs: number | undefined }

/** The reference: the pure function's rows, sorted, named and read. */
function expected(
  records: readonly Row[],
  by: readonly Term[],
  measures: Readonly<Record<string, MeasureBy<Name>>>,
): unknown[] {
  const sortable = records.map(
    ({ id, text, integer, number, boolean, at, texts }): Sortable => ({
      id,
      fields: [
        text ?? null,
        integer ?? null,
        number ?? null,
        boolean ?? null,
        at?.getTime() ?? null,
        texts ?? null,
      ],
    }),
  )
  const terms = by.map(({ field, everyMs }) => ({ field: POSITIONS[field], everyMs }))
  const answerOf = (measured: MeasureBy<Name>) => {
    const [kind, name] = measured === 'count' ? [measured, undefined] : (Object.entries(measured)[0] ?? [])
    const field = name === undefined ? undefined : POSITIONS[name]
    const wanted = kind === 'avg' ? (['sum', 'count'] as const) : [kind]
    return { kind, isInstant: name === 'at', wanted: wanted.map((type) => ({ type, field }) as never) }
  }
  const answers = Object.entries(measures).map(([name, measured]) => ({ name, ...answerOf(measured) }))
  const groups = aggregateRows(sortable, {
    by: terms,
    measures: answers.flatMap(({ wanted }) => wanted),
    limit: 10_001,
  })
  return groups.toSorted(inOrder).map(({ group, measures: values }) => {
    const left = [...values]
    const named = answers.map(({ name, kind, isInstant, wanted }) => {
      const [first, second] = left.splice(0, wanted.length)
      if (kind === 'sum') return [name, Number(first)]
      if (kind === 'avg') return [name, second === 0 ? null : Number(first) / Number(second)]
      return [name, isInstant && kind !== 'count' && first !== null ? new Date(Number(first)) : first]
    })
    const keys = by.map(({ field }, position) => {
      const value = group[position] ?? null
      return [field, field === 'at' && value !== null ? new Date(Number(value)) : value]
    })
    return { group: Object.fromEntries(keys), ...Object.fromEntries(named) }
  })
}

function inOrder(left: AggregateRow, right: AggregateRow): number {
  return left.group
    .map((value, position) => compareValues(value, right.group[position] ?? null))
    .reduce((first, next) => first || next, 0)
}
