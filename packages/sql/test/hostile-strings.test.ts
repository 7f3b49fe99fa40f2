/** No caller's string becomes SQL: whatever the strings are, the text is that of the harmless ones. */

import type { Aggregation, Layout, Predicate, Query } from '@coffer/core/backend'
import { expect, test } from 'vitest'
import {
  aggregateStatement,
  countStatement,
  documentParts,
  queryParts,
  type Table,
  tableOf,
} from '../src/index.ts'
import { DIALECTS } from './dialects.ts'

const layout: Layout = {
  name: 'notes',
  fields: [
    { name: 'author', type: 'text', nullable: true },
    { name: 'tags', type: 'texts', nullable: false },
  ],
  indexes: [],
  documentColumns: [],
  appendOnly: false,
  history: undefined,
  schemaVersion: 1,
}
const TABLES = Object.values(DIALECTS).map((dialect) => tableOf(dialect, layout))

const HOSTILE = [
  `'; DROP TABLE notes; --`,
  `" OR "1" = "1`,
  '?',
  '$1',
  ':name',
  '@p',
  '%_',
  '\\',
  '[]',
  '{}',
  '/*',
  '*/',
  '\n--',
  '`',
  '__proto__',
  '😀',
  "x' AND 'y",
]

function texts(table: Table, value: string): readonly string[] {
  const terms: Predicate[] = [
    { type: 'compare', field: 0, comparison: 'eq', value },
    { type: 'in', field: 0, values: [value, `${value}2`] },
    { type: 'prefix', field: 0, prefix: value },
    { type: 'hasAll', field: 1, values: [value, `${value}2`] },
    { type: 'hasAny', field: 1, values: [value] },
  ]
  const where: Predicate = { type: 'not', term: { type: 'or', terms } }
  const query: Query = {
    tenant: value,
    where,
    order: [
      { field: 0, direction: 'desc' },
      { field: -1, direction: 'asc' },
    ],
    after: { values: [value], id: value },
    offset: 0,
    limit: 2,
    visibility: 'live',
    withFields: true,
  }
  const parts = [
    ...queryParts(table, query, 1),
    ...queryParts(table, { ...query, offset: 1 }, 1),
    ...documentParts(table, query, 1),
  ]
  const aggregation: Aggregation = {
    ...query,
    by: [{ field: 0, everyMs: undefined }],
    measures: [{ type: 'max', field: 0 }],
  }
  return [
    ...parts.map((part) => part(3).text),
    countStatement(table, query, 1).text,
    aggregateStatement(table, aggregation, 1).text,
  ]
}

test.each(HOSTILE)('the text does not know %j', (value) => {
  for (const table of TABLES) expect(texts(table, value)).toEqual(texts(table, 'harmless'))
})

test.each(Object.values(DIALECTS))('a quote in a name of a layout is doubled in $name', ({ quote }) => {
  expect(quote('a"b')).toBe('"a""b"')
})
