/** Random rows, and random questions about them. */

import {
  type FieldValue,
  ID_FIELD,
  type Layout,
  type OrderTerm,
  type Predicate,
  type Scalar,
  totalOrder,
  type Visibility,
} from '@coffer/core/backend'
import * as fc from 'fast-check'

/** When the questions are asked. */
export const AT = 1_700_000_000_000

/** Some names are those that the server gives to expressions, that every table has, or that must be shortened. */
export const LAYOUT: Layout = {
  name: 'things',
  fields: [
    { name: 'a', type: 'text', nullable: true },
    { name: 'b', type: 'text', nullable: false },
    { name: 'int8', type: 'integer', nullable: true },
    { name: 'encode', type: 'number', nullable: false },
    { name: 'case', type: 'boolean', nullable: true },
    { name: 'to_json', type: 'timestamp', nullable: true },
    { name: 'xmin', type: 'texts', nullable: true },
    { name: 'h'.repeat(58), type: 'texts', nullable: false },
  ],
  indexes: [[0], [2], [0, 2], [4, 1], [6]],
  documentColumns: [],
  appendOnly: false,
  history: undefined,
  schemaVersion: 1,
}

const text = fc.constantFrom(
  ...['', 'a', 'A', 'ab', 'b', 'é', '\ud7ff', '\uffff', '😀', '😀a', '\u{10ffff}', '%'],
  ...['NULL', 'null', '"', '\\', '\\"', '{a,b}', '{}', "'", ' ', ',', '\n', '$1'],
)
const integer = fc.constantFrom(-(2 ** 53) + 1, -1, 0, 1, 2, 2 ** 31, 2 ** 53 - 1)
const number = fc.oneof(
  fc.constantFrom(0, 0.1, -1.5, 1e300, 5e-324),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const timestamp = fc.constantFrom(
  -62_135_596_800_000,
  -59_000_000_000_123,
  -1,
  0,
  AT,
  AT + 1,
  253_402_300_799_999,
)
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

/** Rows of the layout; their deadlines and removals are around the instant. */
export const rows = fc.uniqueArray(
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

/** A question about rows of the layout. */
export const question = fc.record({
  where: fc.option(predicate, { nil: undefined }),
  order,
  offset: fc.constantFrom(0, 0, 1, 3),
  limit: fc.integer({ min: 1, max: 6 }),
  visibility: fc.constantFrom<Visibility>('live', 'kept', 'any'),
  /** Which row the page begins behind, or a place where no row is. */
  behind: fc.option(fc.oneof(fc.nat(23), fieldValues), { nil: undefined }),
})

/** A row as it is made up. */
export interface RandomRow {
  readonly id: string
  readonly fields: readonly FieldValue[]
  readonly expiresAt: number | null
  readonly isDeleted: boolean
}

/** A question as it is made up. */
export type Question = typeof question extends fc.Arbitrary<infer Each> ? Each : never
