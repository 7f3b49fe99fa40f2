/** Sums to the bit, on a connection whose settings round what it writes. */

import { type Aggregation, ExactSum, type Layout } from '@coffer/core/backend'
import { aggregatedRow, aggregateStatement, insertRow } from '@coffer/sql'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { oddSession } from './session.ts'

/** Its field is called as what stands in the statement is. */
const LAYOUT: Layout = {
  name: 'amounts',
  fields: [{ name: 'set_config', type: 'number', nullable: false }],
  indexes: [],
  documentColumns: [],
  appendOnly: false,
  history: undefined,
  schemaVersion: 1,
}

/** The even one of two numbers with a short decimal in the very middle between them: 2^53 ≤ s·5^e < 2^54. */
const beside = fc
  .record({ fives: fc.integer({ min: 0, max: 23 }), share: fc.nat(1_000_000), twos: fc.nat(60) })
  .map(({ fives, share, twos }) => {
    const power = 5n ** BigInt(fives)
    const first = 2n ** 53n / power
    const odd = (first + ((2n ** 53n / power) * BigInt(share)) / 1_000_000n) | 1n
    return Number(odd * power * 2n ** BigInt(fives + twos))
  })
const number = fc.oneof(
  { weight: 4, arbitrary: beside },
  { weight: 2, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 1, arbitrary: fc.integer({ min: -1_074, max: 1_023 }).map((power) => 2 ** power) },
)

test('the sum of numbers is that of their shortest decimal forms, whatever the session has set', async () => {
  await using session = await oddSession()
  const table = await session.create(LAYOUT)
  const insert = insertRow(table)
  let tenants = 0
  const property = fc.asyncProperty(fc.array(number, { minLength: 1, maxLength: 12 }), async (values) => {
    const tenant = `t${tenants++}`
    const expected = new ExactSum()
    for (const [index, value] of values.entries()) {
      await session.use(insert, ...rowOf(tenant, `r${index}`, value + 0))
      expected.add(value)
    }
    const aggregation: Aggregation = {
      tenant,
      where: undefined,
      visibility: 'live',
      by: [],
      measures: [{ type: 'sum', field: 0 }],
      limit: 1,
    }
    const { text, parameters } = aggregateStatement(table, aggregation, 1)
    const [row = []] = await session.run(text, parameters)
    const [sum] = aggregatedRow(table, aggregation, row).measures
    expect(canonical(String(sum))).toBe(canonical(expected.toText()))
  })
  await fc.assert(property, { numRuns: 300 })
  expect(await session.run('SHOW extra_float_digits')).toEqual([['-10']])
})

function rowOf(tenant: string, id: string, value: number) {
  const row = {
    tenant,
    id,
    document: '{}',
    fields: [value],
    hash: null,
    schemaVersion: 1,
    version: 1,
    createdAt: 0,
    updatedAt: 0,
    expiresAt: null,
    deletedAt: null,
  }
  return [row, row] as const
}

/** One text for each decimal number: the sums themselves are compared, not what is left of them when rounded. */
function canonical(text: string): string {
  const [digits = '', power = '0'] = text.split('e')
  const [whole = '', fraction = ''] = digits.split('.')
  const zeros = /0*$/.exec(whole + fraction)?.[0].length ?? 0
  const units = BigInt(whole + fraction) / 10n ** BigInt(zeros)
  return units === 0n ? '0' : `${units}e${Number(power) - fraction.length + zeros}`
}
