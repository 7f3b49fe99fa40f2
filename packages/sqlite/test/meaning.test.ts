/** Questions mean in SQL what they mean in core, for random rows and random questions. */

import {
  comparePosition,
  compareRows,
  type FieldValue,
  ID_FIELD,
  isVisible,
  type Layout,
  matches,
  type OrderTerm,
  type Predicate,
  positionOf,
  type Scalar,
  totalOrder,
  type Visibility,
} from '@coffer/core/backend'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { AT, put } from './layouts.ts'
import { opened } from './places.ts'

const LAYOUT: Layout = {
  name: 'things',
  fields: [
    { name: 'a', type: 'text', nullable: true },
    { name: 'b', type: 'text', nullable: false },
    { name: 'c', type: 'integer', nullable: true },
    { name: 'd', type: 'number', nullable: false },
    { name: 'e', type: 'boolean', nullable: true },
    { name: 'f', type: 'timestamp', nullable: true },
    { name: 'g', type: 'texts', nullable: true },
    { name: 'h', type: 'texts', nullable: false },
  ],
  indexes: [[0], [2], [0, 2], [4, 1], [6]],
  documentColumns: [],
  appendOnly: false,
  history: undefined,
  schemaVersion: 1,
}

const text = fc.constantFrom('', 'a', 'A', 'ab', 'b', 'é', '\ud7ff', '\uffff', '😀', '😀a', '\u{10ffff}', '%')
const integer = fc.constantFrom(-(2 ** 53) + 1, -1, 0, 1, 2, 2 ** 31, 2 ** 53 - 1)
const number = fc.oneof(
  fc.constantFrom(0, 0.1, -1.5, 1e300, 5e-324),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const timestamp = fc.constantFrom(-62_135_596_800_000, 0, AT, AT + 1, 253_402_300_799_999)
const texts = fc.array(text, { maxLength: 4 })
const singles: readonly fc.Arbitrary<Scalar>[] = [
  text,
  text,
  integer,
  number.map((value) => (Object.is(value, -0) ? 0 : value)),
  fc.boolean(),
  timestamp,
]
const scalarOf = (field: number): fc.Arbitrary<Scalar> => singles[field] ?? text

const fieldValues: fc.Arbitrary<FieldValue[]> = fc.tuple(
  ...LAYOUT.fields.map((field, position): fc.Arbitrary<FieldValue> => {
    const value: fc.Arbitrary<FieldValue> = field.type === 'texts' ? texts : scalarOf(position)
    return field.nullable ? fc.option(value, { nil: null, freq: 3 }) : value
  }),
)

const rows = fc.uniqueArray(
  fc.record({
    id: fc.tuple(text, fc.nat(20)).map(([start, end]) => `${start}${end}`),
    fields: fieldValues,
    expiresAt: fc.constantFrom(null, null, AT, AT + 1),
    isDeleted: fc.boolean(),
  }),
  { selector: (row) => row.id, maxLength: 24 },
)

const singleField = fc.constantFrom(0, 1, 2, 3, 4, 5)
const textField = fc.constantFrom(0, 1, ID_FIELD)
const leaf: fc.Arbitrary<Predicate> = fc.oneof(
  singleField.chain((field) =>
    fc.record({
      type: fc.constant('compare' as const),
      field: fc.constant(field),
      comparison: fc.constantFrom('eq', 'ne', 'gt', 'gte', 'lt', 'lte'),
      value: scalarOf(field),
    }),
  ),
  singleField.chain((field) =>
    fc.record({
      type: fc.constant('in' as const),
      field: fc.constant(field),
      values: fc.array(scalarOf(field), { maxLength: 4 }),
    }),
  ),
  fc.record({ type: fc.constant('null' as const), field: fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7) }),
  fc.record({ type: fc.constant('prefix' as const), field: textField, prefix: text }),
  fc.record({
    type: fc.constantFrom('hasAll' as const, 'hasAny' as const),
    field: fc.constantFrom(6, 7),
    values: texts,
  }),
)
const { predicate } = fc.letrec<{ predicate: Predicate }>((tie) => ({
  predicate: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.record({
      type: fc.constantFrom('and' as const, 'or' as const),
      terms: fc.array(tie('predicate'), { maxLength: 3 }),
    }),
    fc.record({ type: fc.constant('not' as const), term: tie('predicate') }),
  ),
}))

const direction = fc.constantFrom('asc' as const, 'desc' as const)
const order: fc.Arbitrary<readonly OrderTerm[]> = fc
  .tuple(
    fc.uniqueArray(fc.record({ field: singleField, direction }), {
      selector: (term) => term.field,
      maxLength: 3,
    }),
    fc.option(direction, { nil: undefined }),
  )
  .map(([terms, idDirection]) =>
    totalOrder(idDirection === undefined ? terms : [...terms, { field: ID_FIELD, direction: idDirection }]),
  )

const question = fc.record({
  where: fc.option(predicate, { nil: undefined }),
  order,
  offset: fc.constantFrom(0, 0, 1, 3),
  limit: fc.integer({ min: 1, max: 6 }),
  visibility: fc.constantFrom<Visibility>('live', 'kept', 'any'),
  /** Which row the page begins behind, or a place where no row is. */
  behind: fc.option(fc.oneof(fc.nat(23), fieldValues), { nil: undefined }),
})

test('pages and counts are those of the pure functions', async () => {
  const backend = await opened({ path: ':memory:' }, [LAYOUT])
  let tenants = 0
  const property = fc.asyncProperty(
    rows,
    fc.array(question, { minLength: 4, maxLength: 8 }),
    async (rows, questions) => {
      const tenant = `t${tenants++}`
      const stored = rows.map(({ isDeleted, ...row }) => ({
        ...row,
        version: isDeleted ? 2 : 1,
        createdAt: AT - 9,
        updatedAt: AT - 9,
        deletedAt: isDeleted ? AT - 9 : null,
      }))
      const operations = stored.flatMap((row) => {
        const stores = put(row.id, { ...row, layout: LAYOUT, tenant })
        const removes = { type: 'delete', layout: LAYOUT, tenant, id: row.id, mode: 'soft' } as const
        return row.deletedAt === null ? [stores] : [stores, { ...removes, condition: stores.condition }]
      })
      await backend.write([{ operations, checks: [] }], AT - 9)
      for (const { where, order, offset, limit, visibility, behind } of questions) {
        const origin = typeof behind === 'number' ? stored[behind] : behind && { id: 'b5', fields: behind }
        const after = origin && positionOf(origin, order)
        const all = stored
          .filter((row) => isVisible(row, visibility, AT) && (where === undefined || matches(row, where)))
          .sort((left, right) => compareRows(left, right, order))
        const wanted = all
          .filter((row) => after === undefined || comparePosition(row, after, order) > 0)
          .slice(offset)
        const query = { tenant, where, order, after, offset, limit, visibility, withFields: true }
        const page = await backend.query(LAYOUT, query, AT)
        expect(page.rows.map(({ id, fields }) => ({ id, fields }))).toEqual(
          wanted.slice(0, limit).map(({ id, fields }) => ({ id, fields })),
        )
        const last = wanted.length > limit ? wanted[limit - 1] : undefined
        expect(page.next).toEqual(last && positionOf(last, order))
        const narrow = await backend.query(LAYOUT, { ...query, withFields: false }, AT)
        expect(narrow.next).toEqual(page.next)
        expect(await backend.count(LAYOUT, { tenant, where, visibility }, AT)).toBe(all.length)
      }
    },
  )
  await fc.assert(property, { numRuns: 300 })
})

test('an expression may have more terms than an engine takes in one chain', async () => {
  const backend = await opened({ path: ':memory:' }, [LAYOUT])
  const terms: Predicate[] = Array.from({ length: 3_000 }, (_, value) => ({
    type: 'compare',
    field: 2,
    comparison: 'ne',
    value,
  }))
  const where: Predicate = { type: 'and', terms }
  expect(await backend.count(LAYOUT, { tenant: 't', where, visibility: 'any' }, AT)).toBe(0)
})
