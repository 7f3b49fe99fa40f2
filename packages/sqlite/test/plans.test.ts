/** Which index serves what, as SQLite itself explains it, and that depth costs nothing. */

import type { OrderTerm, Position, Predicate, Query } from '@coffer/core/backend'
import {
  aggregateStatement,
  queryParts,
  type Statement,
  sqliteDialect,
  sweptKeys,
  type Table,
  tableOf,
} from '@coffer/sql'
import { expect, test } from 'vitest'
import { AT, group, NOTES, put } from './layouts.ts'
import { opened, rawConnection, temporaryPath } from './places.ts'

const table: Table = tableOf(sqliteDialect, NOTES)

async function plan(text: string, parameters: readonly unknown[]): Promise<string> {
  const path = temporaryPath()
  await opened({ path })
  const rows = rawConnection(path)
    .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${text}`)
    .all(parameters)
  return rows.map((row) => row.detail).join('\n')
}

async function planOf(change: Partial<Query>): Promise<string> {
  const query: Query = {
    tenant: 't',
    where: undefined,
    order: [{ field: -1, direction: 'asc' }],
    after: undefined,
    offset: 0,
    limit: 10,
    visibility: 'live',
    withFields: false,
    ...change,
  }
  const plans = statementsOf(query).map(({ text, parameters }) => plan(text, parameters))
  return (await Promise.all(plans)).join('\n')
}

function statementsOf(query: Query): readonly Statement[] {
  return queryParts(table, query, AT).map((part) => part(query.limit + 1))
}

const by = (field: number, direction: 'asc' | 'desc' = 'asc'): OrderTerm[] => [
  { field, direction },
  { field: -1, direction },
]
const after = (...values: Position['values']): Position => ({ values, id: 'i' })

test.each<[string, Partial<Query>, string]>([
  ['by id', { after: after() }, 'sqlite_autoindex_notes_1 (_tenant=? AND _id>?)'],
  ['by a field', { order: by(0) }, 'notes$$author (_tenant=?)'],
  [
    'later by a field',
    { order: by(0), after: after('a') },
    'notes$$author (_tenant=? AND (author,_id)>(?,?))',
  ],
  ['backwards', { order: by(0, 'desc'), after: after('a') }, '(author,_id)<(?,?))'],
  ['by a nullable field', { order: by(1, 'desc'), after: after(4) }, 'notes$$score (_tenant=? AND score=?)'],
  ['behind the nulls', { order: by(1), after: after(null) }, 'notes$$score (_tenant=? AND score>?)'],
  [
    'in mixed directions',
    { order: [...by(0).slice(0, 1), ...by(1, 'desc')], after: after('a', 4) },
    'notes$$author$score (_tenant=? AND author=? AND (score,_id)<(?,?))',
  ],
])('a page %s is read from an index', async (_, query, index) => {
  const explained = await planOf(query)
  expect(explained).toContain(`USING INDEX ${index}`.replace('USING INDEX (', '('))
  expect(explained).not.toContain('SCAN notes')
})

test('a page in the order of an index is not sorted', async () => {
  expect(await planOf({ order: by(0), after: after('a') })).not.toContain('TEMP B-TREE')
  expect(await planOf({ order: by(1, 'desc'), after: after(4) })).not.toContain('TEMP B-TREE')
  expect(await planOf({ order: by(1), after: after(null) })).not.toContain('TEMP B-TREE')
})

test.each<[string, Predicate, string]>([
  ['a prefix', { type: 'prefix', field: 0, prefix: 'a' }, '(_tenant=? AND author>? AND author<?)'],
  ['one text', { type: 'hasAll', field: 2, values: ['a'] }, 'PRIMARY KEY (_tenant=? AND value=?)'],
  [
    'all of some texts',
    { type: 'hasAll', field: 2, values: ['a', 'b'] },
    'PRIMARY KEY (_tenant=? AND value=?)',
  ],
  [
    'any of some texts',
    { type: 'hasAny', field: 2, values: ['a', 'b'] },
    'PRIMARY KEY (_tenant=? AND value=?)',
  ],
])('%s is asked of an index', async (_, where, index) => {
  const explained = await planOf({ where, order: by(0).slice(1), visibility: 'any' })
  expect(explained).toContain(index)
  expect(explained).not.toContain('SCAN notes')
})

test('groups by a field are read in the order of its index', async () => {
  const { text, parameters } = aggregateStatement(
    table,
    {
      tenant: 't',
      where: undefined,
      visibility: 'live',
      by: [{ field: 0, everyMs: undefined }],
      measures: [{ type: 'count', field: undefined }],
      limit: 10,
    },
    AT,
  )
  const explained = await plan(text, parameters)
  expect(explained).toContain('USING INDEX notes$$author')
  expect(explained).not.toContain('TEMP B-TREE')
})

test('a list is asked of an index', async () => {
  const where: Predicate = { type: 'in', field: 0, values: ['a', 'b'] }
  expect(await planOf({ where, order: by(0) })).toContain('notes$$author (_tenant=? AND author=?)')
})

test.each([
  ['_expires_at', false],
  ['_expires_at', true],
  ['_deleted_at', false],
  ['_deleted_at', true],
] as const)('a sweep by %s reads the partial index', async (column, ofTenant) => {
  const { text, parameters } = sweptKeys(table, column, ofTenant)
  const explained = await plan(text, parameters('t', AT, 10))
  expect(explained).toContain(`USING INDEX notes$$${column} (${column}>? AND ${column}<?)`)
  expect(explained).not.toContain('TEMP B-TREE')
})

test('a deep page reads about as many rows as the first, with nulls and in mixed directions', async () => {
  const path = temporaryPath()
  const backend = await opened({ path, durability: 'none' })
  const count = 20_000
  const operations = Array.from({ length: count }, (_, index) =>
    put(`id${String(index).padStart(6, '0')}`, {
      fields: [`author${index % 400}`, index % 4 === 0 ? null : index % 1_000, []],
    }),
  )
  await backend.write([group(...operations)], AT)
  const orders = [by(0), by(1), by(1, 'desc'), [...by(0).slice(0, 1), ...by(1, 'desc')]]
  for (const order of orders) {
    const query: Query = {
      tenant: 't',
      where: undefined,
      order,
      after: undefined,
      offset: 0,
      limit: 100,
      visibility: 'live',
      withFields: false,
    }
    const first = rowsVisited(path, query)
    for (const depth of [count / 2, count - 500]) {
      const { next } = await backend.query(NOTES, { ...query, limit: depth }, AT)
      expect(rowsVisited(path, { ...query, after: next })).toBeLessThan(first * 1.5)
    }
  }
})

/** Counts the rows that SQLite looks at for a full page, by a function that it calls for each. */
function rowsVisited(path: string, query: Query): number {
  const database = rawConnection(path)
  let visited = 0
  database.function('visit', () => {
    visited += 1
    return 1
  })
  let answered = 0
  for (const part of queryParts(table, query, AT)) {
    const { text, parameters } = part(query.limit + 1 - answered)
    answered += database.prepare(text.replace('WHERE ', 'WHERE visit() = 1 AND ')).all(parameters).length
    if (answered > query.limit) break
  }
  expect(answered).toBe(query.limit + 1)
  return visited
}
