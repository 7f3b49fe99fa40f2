/**
 * Questions mean in SQL what they mean in core, for random rows and questions: whatever the session's
 * settings, and whatever the order of text that the database has by default.
 */

import {
  comparePosition,
  compareRows,
  isVisible,
  matches,
  type Operation,
  type Position,
  type Predicate,
  positionOf,
  type Query,
  type StoredRow,
} from '@coffer/core/backend'
import {
  countStatement,
  documentPageOf,
  documentParts,
  insertRow,
  pageOf,
  queryParts,
  readTenants,
} from '@coffer/sql'
import { createDatabase } from '@coffer-tooling/postgres'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { postgres } from '../src/index.ts'
import { group, put } from './layouts.ts'
import { AT, LAYOUT, type Question, question, type RandomRow, rows } from './questions.ts'
import { oddSession } from './session.ts'

/** What a row is once it is stored. */
function storedRowOf(
  { isDeleted, ...row }: RandomRow,
  tenant: string,
): StoredRow & { readonly fields: RandomRow['fields'] } {
  return {
    ...row,
    tenant,
    document: JSON.stringify({ id: row.id }),
    hash: null,
    schemaVersion: 1,
    version: 1,
    createdAt: AT - 9,
    updatedAt: AT - 9,
    deletedAt: isDeleted ? AT - 9 : null,
  }
}

type Stored = ReturnType<typeof storedRowOf>

interface Expected {
  readonly query: Query
  readonly wanted: readonly Stored[]
  /** Where the next page begins, if there is one. */
  readonly last: Position | undefined
  /** How many rows match, on all pages. */
  readonly total: number
}

/** The answer to a question by the pure functions of core. */
function expected(
  stored: readonly Stored[],
  { where, order, offset, limit, visibility, behind }: Question,
  tenant: string,
): Expected {
  const origin = typeof behind === 'number' ? stored[behind] : behind && { id: 'b5', fields: behind }
  const after = origin && positionOf(origin, order)
  const all = stored
    .filter((row) => isVisible(row, visibility, AT) && (where === undefined || matches(row, where)))
    .sort((left, right) => compareRows(left, right, order))
  const behindIt = all
    .filter((row) => after === undefined || comparePosition(row, after, order) > 0)
    .slice(offset)
  const last = behindIt.length > limit ? behindIt[limit - 1] : undefined
  return {
    query: { tenant, where, order, after, offset, limit, visibility, withFields: true },
    wanted: behindIt.slice(0, limit),
    last: last && positionOf(last, order),
    total: all.length,
  }
}

test('pages and counts are those of the pure functions', async () => {
  await using session = await oddSession()
  const table = await session.create(LAYOUT)
  const insert = insertRow(table)
  const tenants = new Set<string>()
  let count = 0
  const property = fc.asyncProperty(
    rows,
    fc.array(question, { minLength: 4, maxLength: 8 }),
    async (rows, questions) => {
      const tenant = `t${String(count++).padStart(4, '0')}`
      if (rows.length > 0) tenants.add(tenant)
      const stored = rows.map((row) => storedRowOf(row, tenant))
      for (const row of stored) await session.use(insert, row, row)
      for (const each of questions) {
        const { query, wanted, last, total } = expected(stored, each, tenant)
        const page = pageOf(table, query, await session.page(queryParts(table, query, AT), query))
        expect(page.rows.map(comparable)).toEqual(wanted.map(comparable))
        expect(page.next).toEqual(last)
        const narrow = { ...query, withFields: false }
        const narrowPage = pageOf(table, narrow, await session.page(queryParts(table, narrow, AT), narrow))
        expect(narrowPage.next).toEqual(page.next)
        const texts = await session.page(documentParts(table, query, AT), query)
        const { documents, more } = documentPageOf(
          table,
          query,
          texts.map(([document]) => document),
        )
        expect(documents.map(({ document }) => document)).toEqual(page.rows.map(({ document }) => document))
        expect(more).toBe(last !== undefined)
        const counting = countStatement(table, query, AT)
        expect(await session.run(counting.text, counting.parameters)).toEqual([[String(total)]])
      }
    },
  )
  await fc.assert(property, { numRuns: 150 })
  expect((await session.use(readTenants(table))).flat()).toEqual([...tenants].sort())
})

/** The orders of text that a database can have by default; older servers know one only. */
const ORDERS = sharedServer().version < 150_000 ? [{}] : [{}, { icuLocale: 'en-US' }]

test.each(ORDERS)('the backend answers the same, in a database made with %j', async (options) => {
  await using database = await createDatabase(sharedServer(), options)
  const backend = postgres({ connectionString: database.url })
  await backend.open([LAYOUT])
  const tenants = new Set<string>()
  const property = fc.asyncProperty(
    rows,
    fc.array(question, { minLength: 4, maxLength: 8 }),
    async (rows, questions) => {
      // In the order of a language `a` would come before `B`.
      const tenant = `${tenants.size % 2 === 0 ? 'a' : 'B'}${tenants.size}`
      tenants.add(tenant)
      const stored = rows.map((row) => storedRowOf(row, tenant))
      const operations = stored.flatMap(({ deletedAt, ...row }): Operation[] => {
        const stores = put(row.id, { ...row, layout: LAYOUT })
        const key = { layout: LAYOUT, tenant, id: row.id, condition: { type: 'none' } } as const
        return deletedAt === null ? [stores] : [stores, { type: 'delete', mode: 'soft', ...key }]
      })
      await backend.write([group(...operations)], AT - 9)
      for (const each of questions) {
        const { query, wanted, last, total } = expected(stored, each, tenant)
        const page = await backend.query(LAYOUT, query, AT)
        expect(page.rows.map(identity)).toEqual(wanted.map(identity))
        expect(page.next).toEqual(last)
        const narrow = await backend.query(LAYOUT, { ...query, withFields: false }, AT)
        expect(narrow.next).toEqual(last)
        const documents = await backend.documents?.(LAYOUT, query, AT)
        expect(documents?.documents.map(({ document }) => JSON.parse(document).id)).toEqual(
          wanted.map(({ id }) => id),
        )
        expect(documents?.more).toBe(last !== undefined)
        expect(await backend.count(LAYOUT, query, AT)).toBe(total)
      }
      const keys = stored.map(({ id }) => ({ tenant, id }))
      const read = await backend.read(LAYOUT, [...keys, { tenant, id: 'nobody' }, ...keys.toReversed()])
      expect(read.map((row) => row?.id)).toEqual([...ids(keys), undefined, ...ids(keys).toReversed()])
    },
  )
  await fc.assert(property, { numRuns: 100 })
  const found = await backend.tenants(LAYOUT)
  expect(found.length).toBeGreaterThan(tenants.size / 2)
  expect(found).toEqual([...tenants].filter((tenant) => found.includes(tenant)).sort())
  await backend.close()
})

function ids(keys: readonly { readonly id: string }[]): readonly string[] {
  return keys.map(({ id }) => id)
}

/** What of a row does not depend on how it came to be. */
function identity({ id, fields, expiresAt, deletedAt }: StoredRow): unknown {
  return { id, fields, expiresAt, deletedAt }
}

/** What a row says, with its document as a value. */
function comparable({ document, ...row }: StoredRow): unknown {
  const { id, fields, version, createdAt, updatedAt, expiresAt, deletedAt } = row
  return { id, fields, version, createdAt, updatedAt, expiresAt, deletedAt, document: JSON.parse(document) }
}

test('an expression may have as many terms as a filter', async () => {
  await using session = await oddSession()
  const table = await session.create(LAYOUT)
  const terms: Predicate[] = Array.from({ length: 3_000 }, (_, value) => ({
    type: 'compare',
    field: 2,
    comparison: 'ne',
    value,
  }))
  const where: Predicate = { type: 'and', terms }
  const { text, parameters } = countStatement(table, { tenant: 't', where, visibility: 'any' }, AT)
  expect(await session.run(text, parameters)).toEqual([['0']])
})
