/**
 * Which index serves what the backend sends, as PostgreSQL itself explains it, and how many rows it reads for
 * it: with plans that were made when the table was empty, without statistics, and with them. Statements are
 * prepared and run as often as it takes PostgreSQL to keep one plan for all values.
 */

import {
  type Layout,
  type Operation,
  type OrderTerm,
  type Predicate,
  type Query,
  totalOrder,
} from '@coffer/core/backend'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgres } from '../src/index.ts'
import { AT, group, NOTES, put } from './layouts.ts'
import { fileDatabase } from './places.ts'
import { recordingPool, type Sent } from './recorder.ts'
import { nodesOf, routine } from './routine.ts'

const ROWS = 50_000
const LIMIT = 100
/** A page is read with one row more; some rows are read and passed over, for they are deleted. */
const PAGE = LIMIT + 30
const LAYOUT: Layout = { ...NOTES, indexes: [[0], [1], [0, 1], [2]] }

const database = fileDatabase()
const sent: Sent[] = []
let pool: pg.Pool
/** Its plans are as old as the table. */
let firstClient: pg.Client
let client: pg.Client

const key = (id: number) => ({ tenant: 't', id: `id${String(id).padStart(6, '0')}` })
const some = (count: number) => Array.from({ length: count }, (_, index) => key(index * 100 + 7))
const each = (count: number, operation: (id: string) => Operation) => [
  group(...some(count).map(({ id }) => operation(id))),
]
const remove = (id: string, mode: 'soft' | 'hard'): Operation => ({
  type: 'delete',
  layout: LAYOUT,
  ...key(0),
  id,
  mode,
  condition: { type: 'none' },
})
const store = (id: string, type: 'none' | 'present' | 'absent'): Operation =>
  put(id, { layout: LAYOUT, fields: ['author7', 5, ['tag7']], condition: { type } })
const by = (field: number, direction: 'asc' | 'desc' = 'asc'): OrderTerm[] => [
  { field, direction },
  { field: -1, direction },
]
const MIXED = totalOrder([
  { field: 0, direction: 'asc' },
  { field: 1, direction: 'desc' },
])
const author = (value: string): Predicate => ({ type: 'compare', field: 0, comparison: 'eq', value })
const scores: Predicate = {
  type: 'and',
  terms: [
    { type: 'compare', field: 1, comparison: 'gte', value: 10 },
    { type: 'compare', field: 1, comparison: 'lt', value: 11 },
  ],
}

const FIRST: Query = {
  tenant: 't',
  where: undefined,
  order: totalOrder([]),
  after: undefined,
  offset: 0,
  limit: LIMIT,
  visibility: 'live',
  withFields: false,
}
const page = (change: Partial<Query>) => () => backend.query(LAYOUT, { ...FIRST, ...change }, AT)
const documents = (change: Partial<Query>) => () => backend.documents?.(LAYOUT, { ...FIRST, ...change }, AT)
const count = (where: Predicate | undefined, tenant = 't') => {
  return () => backend.count(LAYOUT, { tenant, where, visibility: 'live' }, AT)
}

let backend: ReturnType<typeof postgres>

interface Case {
  readonly title: string
  readonly run: () => unknown
  /** Part of the name of the index that must serve it. */
  readonly index: string
  /** The most rows of the table that may be read. */
  readonly most: number
  /** True where all that is found is put into order. */
  readonly sorts?: boolean
  /** True where it takes statistics to choose well. */
  readonly needsStatistics?: boolean
}

const PKEY = 'notes_pkey'
/** Servers before 17 do not see that an index has the rows of a list in order. */
const HAS_ORDERED_LISTS = sharedServer().version >= 170_000
/** What failed because the table was empty was sent again in another form. */
const FORMS = 3
const CASES: readonly Case[] = [
  { title: 'a get', run: () => backend.read(LAYOUT, [key(507)]), index: PKEY, most: 1 },
  { title: 'a get of many', run: () => backend.read(LAYOUT, some(100)), index: PKEY, most: 100 },
  ...([1, 50] as const).flatMap((size): Case[] => [
    {
      title: `${size} updates`,
      run: () =>
        backend.write(
          each(size, (id) => store(id, 'present')),
          AT,
        ),
      index: PKEY,
      most: FORMS * size,
    },
    {
      title: `${size} removals`,
      run: () =>
        backend.write(
          each(size, (id) => remove(id, 'hard')),
          AT,
        ),
      index: PKEY,
      most: FORMS * size,
    },
    {
      title: `${size} soft removals`,
      run: () =>
        backend.write(
          each(size, (id) => remove(id, 'soft')),
          AT,
        ),
      index: PKEY,
      most: FORMS * size,
    },
    {
      title: `${size} puts`,
      run: () =>
        backend.write(
          each(size, (id) => store(id, 'none')),
          AT,
        ),
      index: '',
      most: 0,
    },
    {
      title: `${size} inserts`,
      run: () =>
        backend.write(
          each(size, (id) => store(`new${id}`, 'absent')),
          AT,
        ),
      index: '',
      most: 0,
    },
  ]),
  { title: 'a page by id', run: page({}), index: PKEY, most: PAGE },
  { title: 'a page of documents', run: documents({ order: by(0) }), index: 'notes$$author', most: PAGE },
  {
    title: 'a deep page by id',
    run: page({ after: { values: [], id: key(40_000).id } }),
    index: PKEY,
    most: PAGE,
  },
  { title: 'a page by a field', run: page({ order: by(0) }), index: 'notes$$author', most: PAGE },
  {
    title: 'a deep page by a field',
    run: page({ order: by(0), after: { values: ['author3'], id: 'id04' } }),
    index: 'notes$$author',
    most: PAGE,
  },
  { title: 'a page by a field with nulls', run: page({ order: by(1) }), index: 'notes$$score', most: PAGE },
  {
    title: 'a page behind the nulls',
    run: page({ order: by(1), after: { values: [null], id: 'id04' } }),
    index: 'notes$$score',
    most: 2 * PAGE,
  },
  { title: 'a page backwards', run: page({ order: by(1, 'desc') }), index: 'notes$$score', most: PAGE },
  {
    title: 'a page in mixed directions',
    run: page({ order: MIXED }),
    index: 'notes$$author',
    most: 2 * PAGE,
  },
  {
    title: 'a deep page in mixed directions',
    run: page({ order: MIXED, after: { values: ['author3', 5], id: 'i' } }),
    index: 'notes$$author$score',
    most: 3 * PAGE,
  },
  {
    title: 'a deep page backwards',
    run: page({ order: by(1, 'desc'), after: { values: [400], id: 'i' } }),
    index: 'notes$$score',
    most: 2 * PAGE,
  },
  {
    title: 'a field that is equal, by another',
    run: page({ where: author('author77'), order: by(1) }),
    index: 'notes$$author$score',
    most: PAGE,
  },
  {
    title: 'a field that is equal, deep',
    run: page({ where: author('author77'), after: { values: [], id: 'id02' } }),
    index: 'notes$$author',
    most: PAGE,
  },
  {
    title: 'a prefix',
    run: page({ where: { type: 'prefix', field: 0, prefix: 'author77' }, order: by(0) }),
    index: 'notes$$author',
    most: PAGE,
  },
  {
    title: 'a prefix of ids',
    run: page({ where: { type: 'prefix', field: -1, prefix: 'id0400' } }),
    index: PKEY,
    most: PAGE,
  },
  {
    title: 'a range in its order',
    run: page({ where: scores, order: by(1) }),
    index: 'notes$$score',
    most: PAGE,
  },
  { title: 'a range by id', run: page({ where: scores }), index: 'notes$$score', most: PAGE, sorts: true },
  {
    title: 'a list in its order',
    run: page({ where: { type: 'in', field: 0, values: ['author7', 'author8'] }, order: by(0) }),
    index: 'notes$$author',
    most: 260,
    sorts: !HAS_ORDERED_LISTS,
    needsStatistics: !HAS_ORDERED_LISTS,
  },
  {
    title: 'a list by id',
    run: page({ where: { type: 'in', field: 0, values: ['author7', 'author8'] } }),
    index: 'notes$$author',
    most: 260,
    sorts: true,
    needsStatistics: true,
  },
  {
    title: 'what is absent, in its order',
    run: page({ where: { type: 'null', field: 1 }, order: by(1) }),
    index: 'notes$$score',
    most: PAGE,
  },
  {
    title: 'one text',
    run: page({ where: { type: 'hasAll', field: 2, values: ['tag7'] } }),
    index: 'notes$$tags',
    most: PAGE,
    sorts: true,
    needsStatistics: true,
  },
  {
    title: 'all of some texts',
    run: page({ where: { type: 'hasAll', field: 2, values: ['tag7', 'x3'] } }),
    index: 'notes$$tags',
    most: PAGE,
    sorts: true,
    needsStatistics: true,
  },
  { title: 'a count of what is equal', run: count(author('author77')), index: 'notes$$author', most: PAGE },
  {
    title: 'a count of a small tenant',
    run: count(undefined, 'small3'),
    index: 'notes',
    most: PAGE,
    needsStatistics: true,
  },
  {
    title: 'a small tenant in no index’s order',
    run: page({ tenant: 'small3', order: totalOrder([{ field: 1, direction: 'desc' }]) }),
    index: 'notes',
    most: PAGE,
  },
  {
    title: 'a sweep',
    run: () => backend.sweep(LAYOUT, { type: 'expired', tenant: undefined }, 10, AT),
    index: 'notes$$_expires_at',
    most: 0,
  },
  {
    title: 'a sweep of a tenant',
    run: () => backend.sweep(LAYOUT, { type: 'deleted', tenant: 't', deletedBefore: 0 }, 10, AT),
    index: 'notes$$_deleted_at',
    most: 0,
  },
]

const statements = new Map<Case, readonly Sent[]>()

beforeAll(async () => {
  const { url } = await database()
  pool = recordingPool(url, sent)
  backend = postgres({ pool, schema: 'plans' })
  await backend.open([LAYOUT])
  firstClient = await connected(url)
  client = await connected(url)
  await client.query('ALTER TABLE plans.notes SET (autovacuum_enabled = off)')
  for (const each of CASES) {
    sent.length = 0
    await each.run()
    const texts = new Map(sent.filter(({ values }) => values.length > 0).map((one) => [one.text, one]))
    statements.set(
      each,
      [...texts.values()].filter(({ text }) => text.includes('"notes"')),
    )
  }
  await client.query('TRUNCATE plans.notes')
  for (const one of [...statements.values()].flat()) await routine(firstClient, one)
  await client.query(FILL)
})

afterAll(async () => {
  await Promise.all([firstClient.end(), client.end()])
  await backend.close()
  await pool.end()
})

const FILL = `INSERT INTO plans.notes (author, score, tags, _tenant, _id, _version, _schema_version, _created_at,
    _updated_at, _expires_at, _deleted_at, _doc)
  SELECT 'author' || n % 400, CASE WHEN n % 4 > 0 THEN n % 1000 END, ARRAY['tag' || n % 500, 'x' || n % 7],
    CASE WHEN n % 25 = 0 THEN 'small' || (n / 25) % 100 ELSE 't' END, 'id' || lpad(n::text, 6, '0'), 1, 1, now(), now(),
    CASE WHEN n % 100 = 0 THEN now() + '9 years' END, CASE WHEN n % 500 = 1 THEN now() END,
    jsonb_build_object('n', n, 'text', repeat('x', 200)) FROM generate_series(1, ${ROWS}) AS n`

async function connected(connectionString: string): Promise<pg.Client> {
  const connection = new pg.Client({ connectionString })
  await connection.connect()
  return connection
}

/** What is wrong with how a case is served, for a reader of the failure. */
async function faultsOf(connection: pg.Client, { index, most, sorts = false }: Case, all: readonly Sent[]) {
  const faults: string[] = []
  const indexes = new Set<string>()
  let read = 0
  for (const one of all) {
    const execute = await routine(connection, one)
    await connection.query('BEGIN')
    // As the sessions of writers have it; readers ask without.
    if (!one.text.startsWith('SELECT')) await connection.query('SET LOCAL enable_seqscan = off')
    const { rows } = await connection.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${execute}`)
    await connection.query('ROLLBACK')
    const nodes = nodesOf(rows[0]['QUERY PLAN'][0].Plan)
    for (const node of nodes) {
      const found = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
      if (node['Index Name'] !== undefined) indexes.add(node['Index Name'])
      if (node['Node Type'].endsWith('Scan') && node['Relation Name'] === 'notes') read += found
      if (node['Node Type'] === 'Seq Scan' && node['Relation Name'] === 'notes') faults.push('Seq Scan')
      const sorted = (node.Plans?.[0]?.['Actual Rows'] ?? 0) > LIMIT + 1
      if (node['Node Type'] === 'Sort' && sorted && !sorts) faults.push('Sort')
    }
  }
  if (read > most) faults.push(`${read} rows read`)
  if (![...indexes, ''].some((name) => name.startsWith(index))) faults.push(`served by ${[...indexes]}`)
  return faults
}

describe.each([
  { state: 'planned when the table was empty', connection: () => firstClient, isAnalyzed: false },
  { state: 'without statistics', connection: () => client, isAnalyzed: false },
  { state: 'with statistics', connection: () => client, isAnalyzed: true },
])('$state', ({ connection, isAnalyzed }) => {
  beforeAll(async () => {
    if (!isAnalyzed) return
    await client.query('ANALYZE plans.notes')
    // What is prepared there is planned anew by itself, and so it is in every session.
  })

  test.each(CASES.filter(({ needsStatistics = false }) => isAnalyzed || !needsStatistics))(
    '$title',
    async (each) => {
      const all = statements.get(each) ?? []
      expect(all.length).toBeGreaterThan(0)
      expect(await faultsOf(connection(), each, all)).toEqual([])
    },
  )
})
