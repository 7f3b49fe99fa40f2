/** Names that PostgreSQL can't hold as they are. */

import { expect, test } from 'vitest'
import { postgresDialect } from '../src/index.ts'

const { identifier, qualify, quote } = postgresDialect('coffer')

test('names up to 63 bytes are as they are', () => {
  expect(identifier('a'.repeat(63))).toBe('a'.repeat(63))
})

test('longer names are shortened and stay distinct', () => {
  const names = ['x', 'y', 'xy'].map((end) => identifier(`${'a'.repeat(63)}${end}`))
  expect(names.map((name) => name.length)).toEqual([63, 63, 63])
  expect(new Set(names).size).toBe(3)
  expect(names.map(identifier)).toEqual(names)
  expect(names[0]).toMatchInlineSnapshot(`"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa$2e41c418268a"`)
})

test('the columns that every table has leave their names to nobody', () => {
  expect(['ctid', 'xmin', 'oid'].map(quote)).toEqual(['"ctid$"', '"xmin$"', '"oid"'])
})

test('the schema stands before a name', () => {
  expect(qualify('notes')).toBe('"coffer"."notes"')
  expect(postgresDialect('a"b').qualify('notes')).toBe('"a""b"."notes"')
})
