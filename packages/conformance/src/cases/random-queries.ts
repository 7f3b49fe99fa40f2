import assert from 'node:assert/strict'
import { defineCollection, type Filter } from '@coffer/core'
import {
  type Comparison,
  compareRows,
  ID_FIELD,
  matches,
  type OrderTerm,
  type Predicate,
  type Sortable,
  totalOrder,
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
    texts: z.array(z.string()).nullish(),
  }),
  key: 'id',
  fields: { text: 'index', integer: 'index', number: 'column', boolean: 'column', texts: 'index' },
  indexes: [['text', 'integer']],
})
type Row = z.output<typeof rows.schema>
type Names = keyof Row

/** A filter as a user writes it, and what it means. */
interface Question {
  readonly filter: Filter<Names>
  readonly predicate: Predicate
}

/** Few values, so that records, filters and bounds meet often. */
const TEXTS = [
  '',
  'a',
  'a_',
  'a%',
  'ab',
  'A',
  'e\u0301',
  '\u00e9',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{1f600}',
  '\u{10ffff}',
  '\u{10ffff}a',
]
const word = fc.constantFrom(...TEXTS)
const SCALARS = {
  id: word.filter((text) => text !== ''),
  text: word,
  integer: fc.constantFrom(
    -Number.MAX_SAFE_INTEGER,
    -1,
    0,
    1,
    2,
    Number.MAX_SAFE_INTEGER - 1,
    Number.MAX_SAFE_INTEGER,
  ),
  number: fc.constantFrom(-1e300, -0.5, 0, 5e-324, 0.1, 0.5, 1, 1e300),
  boolean: fc.boolean(),
}
const POSITIONS = { id: ID_FIELD, text: 0, integer: 1, number: 2, boolean: 3, texts: 4 } as const
const scalarName = fc.constantFrom('id', 'text', 'integer', 'number', 'boolean')

function absentOr<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> {
  return fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constantFrom(null, undefined) })
}

const record: fc.Arbitrary<Row> = fc.record({
  id: SCALARS.id,
  text: absentOr(SCALARS.text),
  integer: absentOr(SCALARS.integer),
  number: absentOr(SCALARS.number),
  boolean: absentOr(SCALARS.boolean),
  texts: absentOr(fc.array(word, { maxLength: 3 })),
})

const comparison = fc
  .tuple(scalarName, fc.constantFrom<Comparison>('eq', 'ne', 'gt', 'gte', 'lt', 'lte'))
  .chain(([name, operator]) =>
    SCALARS[name].map(
      (value): Question => ({
        filter: { [name]: { [operator]: value } },
        predicate: { type: 'compare', field: POSITIONS[name], comparison: operator, value },
      }),
    ),
  )

const list = scalarName.chain((name) =>
  fc.array<string | number | boolean>(SCALARS[name], { maxLength: 4 }).map(
    (values): Question => ({
      filter: { [name]: { in: values } },
      predicate: { type: 'in', field: POSITIONS[name], values },
    }),
  ),
)

const absence = fc.constantFrom<Names>('id', 'text', 'integer', 'number', 'boolean', 'texts').map(
  (name): Question => ({
    filter: { [name]: null },
    predicate: { type: 'null', field: POSITIONS[name] },
  }),
)

const prefix = fc.tuple(fc.constantFrom('id', 'text'), word).map(
  ([name, start]): Question => ({
    filter: { [name]: { prefix: start } },
    predicate: { type: 'prefix', field: POSITIONS[name], prefix: start },
  }),
)

const members = fc.tuple(fc.constantFrom('hasAll', 'hasAny'), fc.array(word, { maxLength: 3 })).map(
  ([type, values]): Question => ({
    filter: { texts: { [type]: values } },
    predicate: { type, field: POSITIONS.texts, values },
  }),
)

const question = fc.letrec<{ any: Question }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    comparison,
    list,
    absence,
    prefix,
    members,
    tie('any').map(({ filter, predicate }) => ({
      filter: { not: filter },
      predicate: { type: 'not' as const, term: predicate },
    })),
    fc.tuple(fc.constantFrom('and', 'or'), fc.array(tie('any'), { maxLength: 3 })).map(
      ([type, terms]): Question => ({
        filter: { [type]: terms.map((term) => term.filter) },
        predicate: { type, terms: terms.map((term) => term.predicate) },
      }),
    ),
  ),
})).any

const order = fc.uniqueArray(fc.record({ name: scalarName, direction: fc.constantFrom('asc', 'desc') }), {
  maxLength: 3,
  selector: (term) => term.name,
})

const ROUNDS = 15

/** R4: the meaning of a query is one pure function, and every backend is held to it. */
export const randomQueryCases: readonly Case[] = [
  {
    id: 'R4-random',
    clause: 'R4',
    title: 'random filters, orders and pages over random records answer what the reference says',
    run: async (context) => {
      const store = context.store()
      let round = 0
      const records = fc.uniqueArray(record, { minLength: 4, maxLength: 14, selector: (each) => each.id })
      const asked = fc.record({ question, order, limit: fc.integer({ min: 1, max: 4 }), offset: fc.nat(3) })
      const property = fc.asyncProperty(
        records,
        fc.array(asked, { minLength: 8, maxLength: 12 }),
        async (stored, questions) => {
          const collection = store.tenant(`round ${round++}`).collection(rows)
          await collection.putMany(stored)
          for (const each of questions) {
            const where = each.question.filter
            const expected = answer(stored, each.question.predicate, each.order)
            const query = { where, orderBy: each.order.map(({ name, direction }) => ({ [name]: direction })) }
            const seen: string[] = []
            for await (const row of collection.iterate({ ...query, limit: each.limit })) seen.push(row.id)
            assert.deepEqual(seen, expected)
            const page = await collection.find({ ...query, limit: each.limit, offset: each.offset })
            assert.deepEqual(
              page.records.map((row) => row.id),
              expected.slice(each.offset, each.offset + each.limit),
            )
            assert.equal(await collection.count(where), expected.length)
            assert.equal(await collection.exists(where), expected.length > 0)
          }
        },
      )
      await fc.assert(property, { seed: context.seed, numRuns: ROUNDS })
    },
  },
]

type Order = readonly { readonly name: keyof typeof SCALARS; readonly direction: 'asc' | 'desc' }[]

/** The reference: the keys of the records that match, in order. */
function answer(records: readonly Row[], predicate: Predicate, order: Order): string[] {
  const terms: OrderTerm[] = []
  for (const { name, direction } of order) {
    terms.push({ field: POSITIONS[name], direction })
    if (name === 'id') break
  }
  const sortable = records.map(
    ({ id, text, integer, number, boolean, texts }): Sortable => ({
      id,
      fields: [text ?? null, integer ?? null, number ?? null, boolean ?? null, texts ?? null],
    }),
  )
  return sortable
    .filter((row) => matches(row, predicate))
    .sort((left, right) => compareRows(left, right, totalOrder(terms)))
    .map((row) => row.id)
}
