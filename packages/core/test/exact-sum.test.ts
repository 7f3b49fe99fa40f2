import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ExactSum } from '../src/exact-sum.ts'

function sumOf(values: readonly number[]): string {
  const sum = new ExactSum()
  for (const value of values) sum.add(value)
  return sum.toText()
}

test.each([
  [[], '0'],
  [[1, 2], '3'],
  [[0.1, 0.2], '3e-1'],
  [[0.5, 0.5], '10e-1'],
  [[-0, 0], '0'],
  [[1e21, 1], '1000000000000000000001'],
  [[2 ** 53, 1, 1], '9007199254740994'],
  [[Number.MAX_SAFE_INTEGER, 1, -1], '9007199254740991'],
  [[1.5e-7, -1e-7], '5e-8'],
])('the sum of %j is %s', (values, text) => {
  expect(sumOf(values)).toBe(text)
})

test('the order in which numbers are added does not matter', () => {
  const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 30 })
  fc.assert(
    fc.property(numbers, (values) => {
      expect(sumOf(values.toReversed())).toBe(sumOf(values))
      expect(Number(sumOf([...values, ...values.map((value) => -value)]))).toBe(0)
    }),
  )
})

test('one number is read back as itself', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Number(sumOf([value]))).toBe(value + 0)
    }),
  )
})
