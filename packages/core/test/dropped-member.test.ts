import { expect, test } from 'vitest'
import * as z from 'zod'
import { dropsMembers, findDroppedMember } from '../src/dropped-member.ts'

const hostile = JSON.parse('{ "__proto__": 1 }')

test.each<[string, z.ZodType]>([
  ['a record', z.record(z.string(), z.unknown())],
  ['an object that takes any member', z.looseObject({})],
  ['an object that takes further members', z.object({}).catchall(z.string())],
  ['any JSON', z.json()],
  ['an optional record in an array', z.array(z.object({ a: z.record(z.string(), z.int()).optional() }))],
  ['one of several', z.union([z.string(), z.looseObject({})])],
  [
    'one behind a codec',
    z.codec(z.string(), z.record(z.string(), z.int()), { decode: () => ({}), encode: String }),
  ],
])('%s drops members', (_what, schema) => {
  expect(dropsMembers(schema)).toBe(true)
})

test.each<[string, z.ZodType]>([
  ['a plain object', z.object({ a: z.string().optional(), b: z.array(z.int()) })],
  ['a strict object', z.strictObject({ a: z.string() })],
  ['anything at all', z.object({ a: z.unknown() })],
])('%s drops none', (_what, schema) => {
  expect(dropsMembers(schema)).toBe(false)
})

test('the member is found wherever it is, and only where it is the value’s own', () => {
  expect(findDroppedMember(hostile)).toBe('__proto__')
  expect(findDroppedMember({ a: [1, { b: hostile }] })).toBe('a.1.b.__proto__')
  expect(findDroppedMember({ a: '__proto__', b: Object.create({ c: 1 }) })).toBeUndefined()
})

test('a value that contains itself is left to others', () => {
  const value: Record<string, unknown> = {}
  value.self = value
  value.again = [value, value]
  expect(findDroppedMember(value)).toBeUndefined()
})
