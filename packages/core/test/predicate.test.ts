import { expect, test } from 'vitest'
import { ID_FIELD } from '../src/layout.ts'
import { type Comparison, matches, type Predicate, type Scalar } from '../src/predicate.ts'

const row = { id: 'k', fields: [5, null, 'text', ['a', 'b'], null] }
const compare = (field: number, comparison: Comparison, value: Scalar): Predicate => ({
  type: 'compare',
  field,
  comparison,
  value,
})
const not = (term: Predicate): Predicate => ({ type: 'not', term })

test.each<[Comparison, number, boolean]>([
  ['eq', 5, true],
  ['eq', 6, false],
  ['ne', 6, true],
  ['ne', 5, false],
  ['gt', 4, true],
  ['gt', 5, false],
  ['gte', 5, true],
  ['gte', 6, false],
  ['lt', 6, true],
  ['lt', 5, false],
  ['lte', 5, true],
  ['lte', 4, false],
])('5 %s %s is %s', (comparison, value, expected) => {
  expect(matches(row, compare(0, comparison, value))).toBe(expected)
  expect(matches(row, not(compare(0, comparison, value)))).toBe(!expected)
})

test('logic has two values: nothing holds of null but null, and its negation does', () => {
  const ofNull: Predicate[] = [
    ...(['eq', 'ne', 'gt', 'gte', 'lt', 'lte'] as const).map((comparison) => compare(1, comparison, 5)),
    { type: 'in', field: 1, values: [5] },
    { type: 'prefix', field: 1, prefix: '' },
    { type: 'hasAll', field: 4, values: [] },
    { type: 'hasAny', field: 4, values: ['a'] },
    // A field that an older layout did not have.
    compare(9, 'ne', 5),
  ]
  for (const predicate of ofNull) {
    expect([predicate, matches(row, predicate)]).toEqual([predicate, false])
    expect(matches(row, not(predicate))).toBe(true)
  }
  expect(matches(row, { type: 'null', field: 1 })).toBe(true)
  expect(matches(row, { type: 'null', field: 9 })).toBe(true)
  expect(matches(row, { type: 'null', field: 0 })).toBe(false)
})

test.each<[Predicate, boolean]>([
  [{ type: 'and', terms: [] }, true],
  [{ type: 'or', terms: [] }, false],
  [{ type: 'in', field: 0, values: [] }, false],
  [{ type: 'in', field: 0, values: [4, 5] }, true],
  [{ type: 'prefix', field: 2, prefix: 'te' }, true],
  [{ type: 'prefix', field: 2, prefix: 'T' }, false],
  [{ type: 'hasAll', field: 3, values: [] }, true],
  [{ type: 'hasAll', field: 3, values: ['a', 'b'] }, true],
  [{ type: 'hasAll', field: 3, values: ['a', 'c'] }, false],
  [{ type: 'hasAny', field: 3, values: ['c', 'a'] }, true],
  [{ type: 'hasAny', field: 3, values: [] }, false],
  [compare(ID_FIELD, 'eq', 'k'), true],
  [{ type: 'and', terms: [compare(0, 'eq', 5), compare(0, 'eq', 6)] }, false],
  [{ type: 'or', terms: [compare(0, 'eq', 5), compare(0, 'eq', 6)] }, true],
])('%j is %s', (predicate, expected) => {
  expect(matches(row, predicate)).toBe(expected)
})

test('a field is asked for many texts as for few', () => {
  const many = Array.from({ length: 100 }, (_, n) => `t${n}`)
  const has = (type: 'hasAll' | 'hasAny', fields: readonly string[], values: readonly string[]) =>
    matches({ id: 'k', fields: [fields] }, { type, field: 0, values })
  expect(has('hasAll', [...many, 'b'], many)).toBe(true)
  expect(has('hasAll', many.slice(1), many)).toBe(false)
  expect(has('hasAny', ['t99'], many)).toBe(true)
  expect(has('hasAny', ['b'], many)).toBe(false)
})
