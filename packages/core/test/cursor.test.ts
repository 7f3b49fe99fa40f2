import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { openCursor, type QueryIdentity, sealCursor } from '../src/cursor.ts'
import { refusalOf } from './refused.ts'

const identity: QueryIdentity = {
  collection: 'things',
  tenant: 't',
  where: { type: 'compare', field: 0, comparison: 'eq', value: 'a' },
  order: [
    { field: 0, direction: 'asc' },
    { field: -1, direction: 'asc' },
  ],
  visibility: 'live',
}
const position = { values: ['ä', 1.5, null, true], id: 'the key \u{1f600}' }

test('a cursor gives its position back', () => {
  const value = fc.oneof(
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
    fc.boolean(),
    fc.constant(null),
  )
  const positions = fc.record({ values: fc.array(value, { maxLength: 4 }), id: fc.string({ minLength: 1 }) })
  fc.assert(
    fc.property(positions, (given) => {
      expect(openCursor(sealCursor(given, identity), identity)).toEqual(given)
    }),
  )
})

test('a change of any byte is refused, and so is any cut', () => {
  const bytes = Buffer.from(sealCursor(position, identity), 'base64url')
  for (let place = 0; place < bytes.length; place++) {
    const altered = Buffer.from(bytes)
    altered.writeUInt8(altered.readUInt8(place) ^ 0x01, place)
    for (const forged of [altered, bytes.subarray(0, place)]) {
      const error = refusalOf(() => openCursor(forged.toString('base64url'), identity))
      expect(error.code).toBe('INVALID_ARGUMENT')
    }
  }
})

test.each(['', '====', 'a b', undefined, null, 7, {}])('%j is no cursor', (cursor) => {
  expect(refusalOf(() => openCursor(cursor, identity)).message).toBe(
    'things: the cursor is not of this query; begin again without one',
  )
})

test('another spelling of the same bytes is no cursor', () => {
  const cursor = sealCursor(position, identity)
  for (const spelling of [`${cursor}=`, `${cursor}\n`, ` ${cursor}`]) {
    expect(refusalOf(() => openCursor(spelling, identity)).code).toBe('INVALID_ARGUMENT')
  }
})

test.each<Partial<QueryIdentity>>([
  { collection: 'others' },
  { tenant: 'u' },
  { where: undefined },
  { where: { type: 'compare', field: 0, comparison: 'eq', value: 'b' } },
  { order: [{ field: -1, direction: 'asc' }] },
  { visibility: 'kept' },
])('a cursor is refused by a query with another %j', (change) => {
  const cursor = sealCursor(position, identity)
  expect(refusalOf(() => openCursor(cursor, { ...identity, ...change })).code).toBe('INVALID_ARGUMENT')
})
