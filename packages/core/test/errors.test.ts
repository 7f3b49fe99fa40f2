import { expect, test, vi } from 'vitest'
import * as z from 'zod'
import { atIndex, isStoreError, StoreError } from '../src/errors.ts'
import { toStoreError } from '../src/failure.ts'
import { isoDate, isoTimestamp, parseInstant } from '../src/time.ts'
import { driverConflict, fakeBackend } from './fake-backend.ts'

test('an error is known to every copy of the package', async () => {
  vi.resetModules()
  const copy = await import('../src/errors.ts')
  expect(copy.StoreError).not.toBe(StoreError)
  const error = new copy.StoreError('BUSY', 'busy')
  expect(error).not.toBeInstanceOf(StoreError)
  expect(isStoreError(error)).toBe(true)
  expect(isStoreError(error, 'BUSY')).toBe(true)
  expect(isStoreError(error, 'TIMEOUT')).toBe(false)
})

test.each([undefined, null, 'BUSY', new Error('BUSY'), { code: 'BUSY', name: 'StoreError' }])(
  '%s is no error of a store',
  (value) => {
    expect(isStoreError(value)).toBe(false)
  },
)

test('a code says what may be repeated', () => {
  expect(new StoreError('CONFLICT', '').retry).toBe('transaction')
  expect(new StoreError('BUSY', '').retry).toBe('operation')
  expect(new StoreError('OUTCOME_UNKNOWN', '').retry).toBe('no')
})

test('the error of an item names its position, and keeps all else', () => {
  const cause = new Error('underneath')
  const error = new StoreError('NOT_FOUND', 'gone', { collection: 'c', keys: ['k'], cause })
  expect(atIndex(error, 3)).toMatchObject({
    code: 'NOT_FOUND',
    message: 'gone (item 3)',
    index: 3,
    collection: 'c',
    keys: ['k'],
    cause,
  })
  expect(atIndex(cause, 3)).toBe(cause)
  const placed = new StoreError('NOT_FOUND', 'gone', { index: 1 })
  expect(atIndex(placed, 3)).toBe(placed)
})

test('a driver’s failure is named without its message', () => {
  const backend = fakeBackend()
  const cause = Object.assign(new Error('value secret'), { code: 'E1' })
  const error = toStoreError(cause, backend)
  expect(error).toMatchObject({
    code: 'INTERNAL',
    message: 'fake: the operation failed (E1)',
    backend: 'fake',
    cause,
  })
  expect(toStoreError(driverConflict(), backend).code).toBe('CONFLICT')
  expect(toStoreError(error, backend)).toBe(error)
})

test.each([
  ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00.000Z'],
  ['2024-01-01T00:00:00.123456+02:00', '2023-12-31T22:00:00.123Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
])('the instant %s is written as %s', (text, canonical) => {
  expect(new Date(parseInstant(text) as number).toISOString()).toBe(canonical)
  expect(z.encode(isoTimestamp, text)).toBe(canonical)
  expect(z.decode(isoTimestamp, canonical)).toBe(canonical)
  expect(z.encode(isoDate, z.decode(isoDate, text))).toBe(canonical)
})

test.each([
  '2024-01-01',
  '2024-01-01T00:00:00',
  '2023-02-29T00:00:00Z',
  '2024-01-01T24:00:00Z',
  '2024-13-01T00:00:00Z',
  '0000-12-31T23:59:59Z',
  ' 2024-01-01T00:00:00Z',
  'now',
  '',
])('%j is no instant', (text) => {
  expect(parseInstant(text)).toBeUndefined()
  expect(z.safeEncode(isoTimestamp, text).success).toBe(false)
})
