import { defineCollection } from '@coffer/core'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { cellsOf, csvColumns, readCell } from '../src/csv/columns.ts'

function columnsFor(schema: z.ZodObject) {
  return csvColumns(defineCollection({ name: 'things', schema, key: 'key' as never }))
}

describe('columns', () => {
  test.each([
    ['text', z.string(), 'text'],
    ['text that may be null', z.string().nullish(), 'text'],
    ['one of some texts', z.enum(['a', 'b']), 'text'],
    ['one text', z.literal('a'), 'text'],
    ['a number', z.number().optional(), 'number'],
    ['true or false', z.boolean().nullable(), 'boolean'],
    ['a text or a number', z.union([z.string(), z.number()]), 'json'],
    ['a list', z.array(z.string()), 'json'],
    ['anything', z.json(), 'json'],
  ])('of %s', (_what, member, kind) => {
    expect(columnsFor(z.object({ key: z.string(), member }))[1]).toMatchObject({ name: 'member', kind })
  })

  test('further members have one of their own, where the schema lets them in', () => {
    const columns = columnsFor(z.looseObject({ key: z.string() }))
    expect(columns.map(({ name }) => name)).toEqual(['key', '*'])
    expect(cellsOf({ key: 'a', more: 1, text: 'x' }, columns)).toEqual(['a', '{"more":1,"text":"x"}'])
    expect(cellsOf({ key: 'a' }, columns)).toEqual(['a', ''])
  })
})

test('a member that is named as the column of further members is refused', () => {
  expect(() => columnsFor(z.looseObject({ key: z.string(), '*': z.string() }))).toThrow("named '*'")
})

test('a further member of the name of their column is kept', () => {
  const columns = columnsFor(z.looseObject({ key: z.string() }))
  expect(cellsOf({ key: 'a', '*': 1 }, columns)).toEqual(['a', '{"*":1}'])
})

describe('a text', () => {
  const columns = columnsFor(z.object({ key: z.string(), text: z.string().nullish() }))
  const cellOf = (text: string | null | undefined) => cellsOf({ key: 'a', text }, columns)[1] ?? ''

  test.each([
    '',
    'null',
    'plain',
    '"',
    '""',
    '=1',
    '+1',
    '-1',
    '@a',
    '\t=1',
    '\r',
    '＝1',
    '7',
    'true',
    'a\nb',
    ' ',
    null,
    undefined,
  ])('%j is told back from its cell', (text) => {
    expect(readCell(cellOf(text), 'text')).toEqual({ value: text })
  })

  test.each(['=1', '+1', '-1', '@a', '\t=1', '\r=1', '\n=1', '＝1', '＋1', '－1', '＠a'])(
    '%j is no formula in its cell',
    (text) => {
      expect(cellOf(text)).toMatch(/^"/)
    },
  )
})

test.each([
  ['"open', 'text'],
  ['1,5', 'number'],
  ['yes', 'boolean'],
  ['text', 'json'],
  ['"1"', 'number'],
] as const)('the cell %s is refused as %s', (cell, kind) => {
  expect(readCell(cell, kind)).toHaveProperty('problem')
})
