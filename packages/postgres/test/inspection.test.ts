/** What a person on call is told: what a real server answers, and each check in the state in which it is not good. */

import { expect, test } from 'vitest'
import { healthChecks } from '../src/health-checks.ts'
import type { ServerFacts } from '../src/server-facts.ts'
import type { TableFacts } from '../src/table-facts.ts'
import { backendFor, opened, rawConnection } from './backends.ts'
import { AT, AUDIT, entry, group, LATER_NOTES, NOTES, put } from './layouts.ts'
import { fileDatabase, freshSchema } from './places.ts'

const database = fileDatabase()
const own = async () => ({ connectionString: (await database()).url, schema: freshSchema() })

const FACTS: ServerFacts = {
  version: '18.4',
  major: 18,
  database: 'd',
  schema: 's',
  role: 'r',
  isSuperuser: false,
  mayWrite: true,
  ownsTables: true,
  usesTls: true,
  timeZone: 'UTC',
  synchronousCommit: 'on',
  fsync: true,
  fullPageWrites: true,
  dataChecksums: true,
  isolation: 'serializable',
  maxConnections: 100,
  usedConnections: 20,
  databaseBytes: 1,
  cacheHitShare: 0.99,
  transactions: 1_000,
  waitingForLocks: 0,
  isReplica: false,
  lagMs: null,
  oldestTransactionMs: 5,
  transactionAge: 1_000,
  clock: AT,
}

const TABLE: TableFacts = {
  layout: 'notes',
  rows: 20_000,
  isEstimate: true,
  bytes: 1,
  deadRows: 100,
  isStale: false,
  isUnfinished: false,
  isDamaged: false,
  isAppendOnly: false,
  unusedIndexes: [],
}

const OPTIONS = { durability: 'power', readOnly: false, migrate: 'auto' } as const

const poor = (facts: Partial<ServerFacts>, table: Partial<TableFacts> = {}, options = {}) =>
  healthChecks({ ...FACTS, ...facts }, [{ ...TABLE, ...table }], { ...OPTIONS, ...options }, AT)
    .filter(({ state }) => state !== 'good')
    .map(({ topic, state }) => `${topic} ${state}`)

test('a server as it should be has nothing to be told', () => {
  expect(poor({})).toEqual([])
})

test.each([
  [{ fsync: false }, 'durability bad'],
  [{ fullPageWrites: false }, 'durability bad'],
  [{ synchronousCommit: 'off' }, 'durability bad'],
  [{ dataChecksums: false }, 'checksums warning'],
  [{ isSuperuser: true }, 'permissions warning'],
  [{ mayWrite: false }, 'permissions bad'],
  [{ ownsTables: false }, 'permissions warning'],
  [{ usedConnections: 80 }, 'connections warning'],
  [{ usedConnections: 95 }, 'connections bad'],
  [{ clock: AT - 1_000 }, 'clock warning'],
  [{ clock: AT + 60_000 }, 'clock bad'],
  [{ oldestTransactionMs: 600_000 }, 'transactions warning'],
  [{ transactionAge: 1_000_000_000 }, 'wraparound warning'],
  [{ transactionAge: 1_600_000_000 }, 'wraparound bad'],
  [{ isReplica: true }, 'replication warning'],
  [{ isReplica: true, lagMs: 60_000 }, 'replication warning'],
] as const)('of the server: %o', (change, expected) => {
  expect(poor(change)).toEqual([expected])
})

test('a version that gets no corrections any more is told on the day', () => {
  const on = (day: string) =>
    healthChecks({ ...FACTS, major: 14, clock: Date.parse(day) }, [], OPTIONS, Date.parse(day)).find(
      ({ topic }) => topic === 'version',
    )?.state
  expect([on('2026-11-11'), on('2026-11-12')]).toEqual(['good', 'warning'])
})

test.each([
  [{ isDamaged: true }, 'index warning'],
  [{ isDamaged: true, isAppendOnly: true }, 'guards bad'],
  [{ isUnfinished: true }, 'migration warning'],
  [{ isStale: true }, 'migration warning'],
  [{ deadRows: 10_000 }, 'bloat warning'],
] as const)('of a table: %o', (change, expected) => {
  expect(poor({}, change)).toEqual([expected])
})

test('who only reads needs no right to write, and loses nothing that he acknowledged', () => {
  expect(
    poor({ mayWrite: false, ownsTables: false, synchronousCommit: 'off' }, {}, { readOnly: true }),
  ).toEqual([])
  expect(poor({ ownsTables: false }, {}, { migrate: 'verify' })).toEqual([])
})

test('a large index that nobody uses is told without being held against anybody', () => {
  const checks = healthChecks(FACTS, [{ ...TABLE, unusedIndexes: ['notes$$author'] }], OPTIONS, AT)
  expect(checks.filter(({ says }) => says.includes('notes$$author'))).toMatchObject([{ state: 'good' }])
})

test('every check that is not good says what to do', () => {
  const facts = { ...FACTS, fsync: false, dataChecksums: false, isSuperuser: true, usedConnections: 99 }
  const table = { ...TABLE, isDamaged: true, isStale: true, isUnfinished: true, deadRows: 1e6 }
  const checks = healthChecks(facts, [table], OPTIONS, 0)
  expect(checks.filter(({ state, advice }) => state !== 'good' && !advice)).toEqual([])
})

test('a real server answers who it is, how large tables are and what it is set to', async () => {
  const place = await own()
  const backend = await opened(place, [NOTES, AUDIT])
  await backend.write([group(put('a'), put('b', { tenant: 'u' }), entry('e'))], AT)
  const inspection = await backend.inspect?.()
  expect(inspection?.engine).toMatch(/^PostgreSQL \d+\.\d+$/)
  expect(inspection?.facts).toMatchObject({
    schema: place.schema,
    default_transaction_isolation: 'serializable',
    synchronous_commit: 'on',
    is_replica: false,
    transactions: expect.any(Number),
    waiting_for_locks: expect.any(Number),
  })
  expect(Number(inspection?.facts.cache_hit_share)).toBeGreaterThanOrEqual(0)
  expect(Number(inspection?.facts.cache_hit_share)).toBeLessThanOrEqual(1)
  expect(inspection?.sizes.map(({ layout, rows, isEstimate }) => [layout, rows, isEstimate])).toEqual([
    ['audit', 1, false],
    ['notes', 2, false],
  ])
  expect(inspection?.sizes.every(({ bytes }) => (bytes ?? 0) > 0)).toBe(true)
  expect(Math.abs((inspection?.clock ?? 0) - Date.now())).toBeLessThan(60_000)
})

test('rows of all tenants are counted behind row-level security too', async () => {
  const backend = await opened({ ...(await own()), rowLevelSecurity: true })
  await backend.write([group(put('a'), put('b', { tenant: 'u' }))], AT)
  expect((await backend.inspect?.())?.sizes).toMatchObject([{ layout: 'notes', rows: 2 }])
})

test('of large tables the estimate of the server is told, and all is counted where that is asked', async () => {
  const place = await own()
  const backend = await opened(place)
  const raw = await rawConnection(place.connectionString)
  const table = `"${place.schema}".notes`
  await raw.query(
    `INSERT INTO ${table} (author, tags, _tenant, _id, _version, _schema_version, _created_at, _updated_at, _doc)
      SELECT repeat('x', 900), '{}', 't', 'n' || n, 1, 1, now(), now(), '{}' FROM generate_series(1, 10000) AS n`,
  )
  await raw.query(`ANALYZE ${table}`)
  // What was inserted and what was analyzed may both be counted for a moment.
  const [size] = (await backend.inspect?.())?.sizes ?? []
  expect(size).toMatchObject({ isEstimate: true })
  expect([10_000, 20_000]).toContain(size?.rows)
  await raw.query(`UPDATE ${table} SET _expires_at = now() - interval '1 day'`)
  await backend.write([group(put('a'))], AT)
  const states = async (exact: boolean) => (await backend.inspect?.({ at: Date.now(), exact }))?.sizes[0]
  expect((await states(false))?.states).toEqual({ expired: 10_000, deleted: 0, countedTo: 10_000 })
  expect(await states(true)).toMatchObject({
    ...{ rows: 10_001, isEstimate: false },
    states: { expired: 10_000, deleted: 0, countedTo: undefined },
  })
})

test('what was taken from a table, and rows that wait to be written anew, are told by its name', async () => {
  const place = await own()
  const backend = await opened(place, [NOTES, AUDIT])
  await backend.write([group(put('a'), entry('e'))], AT)
  const raw = await rawConnection(place.connectionString)
  await raw.query(
    `DROP INDEX "${place.schema}"."notes$$author"; ALTER TABLE "${place.schema}".audit DISABLE TRIGGER ALL`,
  )
  const topics = async () =>
    ((await backend.inspect?.())?.checks ?? [])
      .filter(({ says, state }) => state !== 'good' && /audit|notes/.test(says))
      .map(({ topic, says }) => `${topic} ${/audit|notes/.exec(says)?.[0]}`)
  expect(await topics()).toEqual(['guards audit', 'index notes'])
  await backendFor(place).open([LATER_NOTES, AUDIT])
  expect(await topics()).toEqual(['migration notes'])
})

test('a place where nothing was ever made can be looked at', async () => {
  const backend = await opened({ ...(await own()), readOnly: true }, []).catch(() => undefined)
  expect((await backend?.inspect?.())?.sizes).toEqual([])
})

test('a role without rights is told that it lacks them', async () => {
  const place = await own()
  await opened(place)
  const role = await (await database()).createRole({ access: 'read' })
  const reader = await opened({ ...place, connectionString: role.url })
  const checks = (await reader.inspect?.())?.checks
  expect(checks?.find(({ topic }) => topic === 'permissions')?.state).toBe('bad')
})

test('connections are counted without asking the server', async () => {
  const backend = await opened({ ...(await own()), max: 5 })
  await backend.read(NOTES, [{ tenant: 't', id: 'a' }])
  const idle = backend.connectionStatistics?.()
  expect(idle).toMatchObject({ used: 0, waiting: 0, max: 5 })
  expect(idle?.idle).toBeGreaterThan(0)
  const inside = await backend.transaction(async (transaction) => {
    await transaction.read(NOTES, [{ tenant: 't', id: 'a' }])
    return backend.connectionStatistics?.()
  })
  expect(inside?.used).toBe(1)
  const crowd = Array.from({ length: 9 }, () => backend.read(NOTES, [{ tenant: 't', id: 'a' }]))
  expect(backend.connectionStatistics?.().waiting).toBe(7)
  await Promise.all(crowd)
})

test('connections up to `min` stay open when they are idle', async () => {
  const place = await own()
  const backend = await opened({ ...place, max: 2, min: 2, idleTimeoutMs: 1, applicationName: place.schema })
  await backend.write([group(put('a'))], AT)
  const admin = await rawConnection((await database()).superuserUrl)
  const idle = `SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = $1
    AND state = 'idle' AND clock_timestamp() - state_change > '0.1 s'`
  await expect.poll(async () => (await admin.query(idle, [place.schema])).rows[0].count).toBe(2)
})
