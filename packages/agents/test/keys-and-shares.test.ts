/** Keys made of several texts, and shares compared without rounding. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compositeKey } from '../src/composite-key.ts'
import { reachesShare } from '../src/exact-share.ts'

describe('compositeKey', () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[[\]",\\a]*$/),
    fc.string({ minLength: 500, maxLength: 1_024 }),
  )

  test('other texts make another key, and no key is longer than a key may be', () => {
    fc.assert(
      fc.property(part, part, part, part, (a, b, c, d) => {
        expect(compositeKey(a, b) === compositeKey(c, d)).toBe(a === c && b === d)
        expect(Buffer.byteLength(compositeKey(a, b))).toBeLessThanOrEqual(1_024)
      }),
    )
  })

  test('texts can not be moved from one part to the other', () => {
    expect(compositeKey('a', 'b","c')).not.toBe(compositeKey('a","b', 'c'))
    expect(compositeKey('x'.repeat(1_024), 'y')).not.toBe(compositeKey('x'.repeat(1_023), 'xy'))
  })
})

describe('reachesShare', () => {
  test('a share is the decimal that is written, not the binary number beside it', () => {
    expect(reachesShare(7, 100, 0.07)).toBe(true)
    expect(0.07 * 100 > 7).toBe(true)
    expect(reachesShare(2, 3, 2 / 3)).toBe(true)
    expect(reachesShare(1, 10_000_000, 1e-7)).toBe(true)
    expect(reachesShare(1, 10_000_001, 1e-7)).toBe(false)
    expect(reachesShare(0, 1, 5e-324)).toBe(false)
    expect([reachesShare(0, 0, 1), reachesShare(0, 9, 0), reachesShare(9, 9, 1)]).toEqual([true, true, true])
  })

  test('a decimal of four places is reached exactly from its part of 10,000 on', () => {
    const whole = fc.integer({ min: 1, max: 900_000_000 })
    fc.assert(
      fc.property(fc.nat({ max: 10_000 }), whole, fc.nat({ max: 900_000_000 }), (share, of, some) => {
        const part = some % (of + 1)
        expect(reachesShare(part, of, share / 10_000)).toBe(
          BigInt(part) * 10_000n >= BigInt(share) * BigInt(of),
        )
      }),
    )
  })
})
