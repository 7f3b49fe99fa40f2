import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ID_FIELD } from '../src/layout.ts'
import {
  comparePosition,
  compareRows,
  compareText,
  compareValues,
  type OrderTerm,
  positionOf,
  totalOrder,
} from '../src/order.ts'
import { prefixSuccessor } from '../src/predicate.ts'

/** Text in which the borders of the code point ranges are frequent. */
const unit = fc.oneof(
  fc.constantFrom(
    'a',
    '\u{7f}',
    '\u{80}',
    '\u{7ff}',
    '\u{800}',
    '\u{d7ff}',
    '\u{e000}',
    '\u{ffff}',
    '\u{10000}',
    '\u{10ffff}',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((text) => text.isWellFormed()),
)
const text = fc.array(unit, { maxLength: 6 }).map((units) => units.join(''))

test('the order of texts is that of their UTF-8 bytes', () => {
  fc.assert(
    fc.property(text, text, (left, right) => {
      expect(Math.sign(compareText(left, right))).toBe(Buffer.compare(Buffer.from(left), Buffer.from(right)))
    }),
  )
})

test('a text has a prefix exactly when it lies between the prefix and its successor', () => {
  const pair = fc.oneof(
    fc.tuple(text, text),
    fc.tuple(text, text).map(([prefix, rest]) => [prefix, prefix + rest]),
  )
  fc.assert(
    fc.property(pair, ([prefix = '', candidate = '']) => {
      const successor = prefixSuccessor(prefix)
      const between =
        compareText(prefix, candidate) <= 0 &&
        (successor === undefined || compareText(candidate, successor) < 0)
      expect(between).toBe(candidate.startsWith(prefix))
    }),
    { numRuns: 500 },
  )
})

test('only the empty prefix and the highest code points have no successor', () => {
  expect(prefixSuccessor('')).toBeUndefined()
  expect(prefixSuccessor('\u{10ffff}\u{10ffff}')).toBeUndefined()
  expect(prefixSuccessor('a\u{10ffff}')).toBe('b')
  expect(prefixSuccessor('\ud7ff')).toBe('\ue000')
  expect(prefixSuccessor('\uffff')).toBe('\u{10000}')
})

test('values stand null first, false before true, numbers and texts in their order', () => {
  const ordered = [
    [null, false, true],
    [null, -1.5, 0, 2, 10],
    [null, '', 'B', 'a', '\uffff', '\u{10000}'],
  ]
  for (const values of ordered) expect(values.toReversed().sort(compareValues)).toEqual(values)
})

test('an order is made total by the id, in the direction of its last term', () => {
  expect(totalOrder([])).toEqual([{ field: ID_FIELD, direction: 'asc' }])
  expect(totalOrder([{ field: 0, direction: 'desc' }]).at(-1)).toEqual({ field: ID_FIELD, direction: 'desc' })
  const already: OrderTerm[] = [{ field: ID_FIELD, direction: 'asc' }]
  expect(totalOrder(already)).toBe(already)
})

const row = fc.record({
  id: text,
  fields: fc.tuple(fc.option(fc.integer({ min: 0, max: 2 })), fc.option(text)),
})
const order = fc
  .uniqueArray(
    fc.record({ field: fc.constantFrom(0, 1, ID_FIELD), direction: fc.constantFrom('asc', 'desc') }),
    {
      selector: (term) => term.field,
    },
  )
  .map((terms) => totalOrder(terms as OrderTerm[]).slice(0, 3))
  .map((terms) => terms.slice(0, terms.findIndex((term) => term.field === ID_FIELD) + 1))

test('a row stands to a position as it stands to the row of that position', () => {
  fc.assert(
    fc.property(row, row, order, (left, right, terms) => {
      const position = JSON.parse(JSON.stringify(positionOf(right, terms)))
      expect(Math.sign(comparePosition(left, position, terms))).toBe(
        Math.sign(compareRows(left, right, terms)),
      )
    }),
  )
})

test('the reverse of every term is the exact reverse of the answer', () => {
  fc.assert(
    fc.property(fc.uniqueArray(row, { selector: ({ id }) => id }), order, (rows, terms) => {
      const reversed = terms.map(
        ({ field, direction }) => ({ field, direction: direction === 'asc' ? 'desc' : 'asc' }) as const,
      )
      const forth = rows.toSorted((left, right) => compareRows(left, right, terms))
      const back = rows.toSorted((left, right) => compareRows(left, right, reversed))
      expect(back).toEqual(forth.toReversed())
    }),
  )
})
