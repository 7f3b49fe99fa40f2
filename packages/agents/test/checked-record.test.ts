import { isStoreError } from '@coffer/core'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { checkedRecord } from '../src/checked-record.ts'

test('what a schema encodes and does not take back is refused as any other record, by its member', () => {
  const doubled = z.codec(z.string(), z.string().max(1), {
    encode: (text) => text,
    decode: (text) => text + text,
  })
  let failure: unknown
  try {
    checkedRecord(z.strictObject({ name: doubled }), { name: 'a' }, 'save', 3)
  } catch (error) {
    failure = error
  }
  expect(isStoreError(failure, 'INVALID_ARGUMENT')).toBe(true)
  expect(failure).toMatchObject({ index: 3, message: expect.stringMatching(/^save: name: .* \(item 3\)$/) })
})
