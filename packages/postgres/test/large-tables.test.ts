/** Changing tables that are large and in use: nobody waits for it, and whoever comes next finishes it. */

import type { Layout, PostgresOptions } from '@coffer/core/backend'
import { type TrapOptions, tcpProxy } from '@coffer-tooling/postgres'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { postgres } from '../src/index.ts'
import { backendFor, opened, rawConnection } from './backends.ts'
import { AT, AUDIT, entry, group, LATER_NOTES, NOTES, put } from './layouts.ts'
import { fileDatabase, freshSchema } from './places.ts'
import { type SchemaLog, schemaLog } from './schema-log.ts'

const database = fileDatabase()
let log: SchemaLog
let connectionString: string

beforeAll(async () => {
  log = await schemaLog(await database())
  connectionString = (await database()).url
})
afterAll(() => log.end())

/** More than are changed all at once. */
const ROWS = 10_500

/** A schema with a table that is not small. */
async function filled(layout: Layout = NOTES) {
  const place = { connectionString, schema: freshSchema() }
  const backend = postgres({ ...place, max: 2 })
  await backend.open([layout])
  await backend.close()
  const raw = await rawConnection(connectionString)
  await raw.query(
    `INSERT INTO "${place.schema}"."${layout.name}" (author, score, tags, _tenant, _id, _version, _schema_version, _created_at, _updated_at, _doc)
      SELECT 'ann', CASE WHEN n % 2 = 0 THEN n END, '{}', 't', 'n' || n, 1, 1, now(), now(), '{}' FROM generate_series(1, ${ROWS}) AS n`,
  )
  return place
}

const shapeOf = async (schema: string) =>
  (await log.shape(schema)).map((line) => line.replaceAll(schema, 'the schema')).join('\n')

/** The shape of a schema that was made for the layouts at once. */
async function freshShape(...layouts: readonly Layout[]): Promise<string> {
  const place = { connectionString, schema: freshSchema() }
  await opened(place, layouts)
  return shapeOf(place.schema)
}

/** Somebody whose transaction a concurrent build has to wait for, wherever in the database it reads. */
async function oldTransaction() {
  const holder = await rawConnection(connectionString)
  await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1')
  return { end: () => holder.query('COMMIT') }
}

/** Waits until an index of the schema is being built, and its builder waits for somebody. */
async function untilBuilding(schema: string) {
  const admin = await rawConnection((await database()).superuserUrl)
  const building = `SELECT 1 FROM pg_stat_progress_create_index AS build JOIN pg_class ON oid = build.relid
    JOIN pg_namespace AS space ON space.oid = relnamespace WHERE nspname = $1 AND phase LIKE 'waiting%'`
  await vi.waitUntil(async () => (await admin.query(building, [schema])).rowCount === 1, {
    interval: 2,
    timeout: 10_000,
  })
  return {
    terminate: () =>
      admin.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_progress_create_index AS build JOIN pg_class ON oid = build.relid ' +
          'JOIN pg_namespace AS space ON space.oid = relnamespace WHERE nspname = $1',
        [schema],
      ),
  }
}

test('who reads and writes is not kept waiting while an index is built', async () => {
  const place = await filled()
  const earlier = await opened(place)
  const old = await oldTransaction()
  const opening = backendFor(place).open([LATER_NOTES])
  await untilBuilding(place.schema)
  const impatient = await rawConnection(connectionString)
  await impatient.query(`SET lock_timeout = '100ms'`)
  const table = `"${place.schema}".notes`
  expect((await impatient.query(`SELECT count(*)::int FROM ${table}`)).rows).toEqual([{ count: ROWS }])
  await impatient.query(`UPDATE ${table} SET _version = 2 WHERE _id = 'n7'`)
  expect(await earlier.read(NOTES, [{ tenant: 't', id: 'n7' }])).toMatchObject([{ version: 2 }])
  await old.end()
  expect(await opening).toEqual(['notes'])
  expect(await shapeOf(place.schema)).toBe(await freshShape(LATER_NOTES))
})

test('a build that was ended in the middle is taken away and done again by the next opening', async () => {
  const place = await filled()
  const old = await oldTransaction()
  const opening = backendFor(place)
    .open([LATER_NOTES])
    .catch((error) => error.code)
  await (await untilBuilding(place.schema)).terminate()
  expect(await opening).toBe('UNAVAILABLE')
  await old.end()
  expect(await shapeOf(place.schema)).toMatch(/index .*notes\$\$mood.* f/)
  expect(await backendFor(place).open([LATER_NOTES])).toEqual(['notes'])
  expect(await shapeOf(place.schema)).toBe(await freshShape(LATER_NOTES))
})

test('a definition that replaces one which was never finished is brought about whole', async () => {
  const place = await filled()
  const old = await oldTransaction()
  const opening = backendFor(place)
    .open([LATER_NOTES])
    .catch((error) => error.code)
  await (await untilBuilding(place.schema)).terminate()
  await opening
  await old.end()
  const latest: Layout = { ...LATER_NOTES, indexes: [[0], [1, 0]], schemaVersion: 3 }
  expect(await backendFor(place).open([latest])).toEqual(['notes'])
  expect(await shapeOf(place.schema)).toBe(await freshShape(latest))
})

test('eight that open a changed definition at once end with one of each index', async () => {
  const place = await filled()
  const backends = Array.from({ length: 8 }, () => backendFor(place))
  const answers = await Promise.all(backends.map((backend) => backend.open([LATER_NOTES])))
  expect(answers).toEqual(backends.map(() => ['notes']))
  expect(await shapeOf(place.schema)).toBe(await freshShape(LATER_NOTES))
})

/** The conditions that rows of the schema are held to: none stays. */
async function conditionsOf(schema: string): Promise<readonly unknown[]> {
  const raw = await rawConnection(connectionString)
  const held = `SELECT conname FROM pg_constraint WHERE connamespace = $1::regnamespace AND contype = 'c'`
  return (await raw.query(held, [`"${schema}"`])).rows
}

const REQUIRED: Layout = {
  ...NOTES,
  fields: NOTES.fields.map((field) => ({ ...field, nullable: false })),
  schemaVersion: 2,
}

/** A pool that keeps what the server remarks of its own work. */
function remarkingPool(remarks: string[]): pg.Pool {
  class RemarkingClient extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super({ ...config, options: '-c client_min_messages=debug1' })
      this.on('notice', ({ message }) => remarks.push(String(message)))
    }
  }
  const pool = new pg.Pool({ connectionString, max: 2, Client: RemarkingClient })
  onTestFinished(() => pool.end())
  return pool
}

test('a field becomes required without the table being read while nobody else can', async () => {
  const place = await filled()
  const remarks: string[] = []
  await backendFor({ pool: remarkingPool(remarks), schema: place.schema }).open([REQUIRED])
  const isKnown =
    'existing constraints on column "notes.score" are sufficient to prove that it does not contain nulls'
  expect(remarks).toContain(isKnown)
})

test.each(['notes', 'audit'])('a field becomes required in a table that is in use: %s', async (name) => {
  const before = name === 'audit' ? AUDIT : NOTES
  const wanted = { ...before, fields: REQUIRED.fields }
  const place = await filled(before)
  expect(await backendFor(place).open([wanted])).toEqual([name])
  expect(await shapeOf(place.schema)).toBe(await freshShape(wanted))
  const raw = await rawConnection(connectionString)
  const table = `"${place.schema}"."${name}"`
  const empty = await raw.query(`SELECT count(*)::int FROM ${table} WHERE score = 0`)
  expect(empty.rows).toEqual([{ count: ROWS / 2 }])
  expect(await conditionsOf(place.schema)).toEqual([])
})

/** Leaves a table whose field is to be required, and filled in no row yet. */
async function unfilled() {
  const place = await filled()
  await using proxy = await tcpProxy(connectionString)
  const set = proxy.trap({ from: 'client', contains: 'coalesce(row.', moment: 'before' })
  void set.sprung.then(() => {
    proxy.refuse()
    proxy.cut()
  })
  const dying = postgres({ ...place, connectionString: proxy.url(connectionString) })
  await dying.open([REQUIRED]).catch(() => undefined)
  await dying.close()
  expect(set.isSprung).toBe(true)
  return place
}

test('a snapshot of a table that is not filled yet has a value in every required field', async () => {
  const { contents } = await opened(await unfilled(), [])
  const nulls = await contents?.snapshot(async (snapshot) => {
    expect(snapshot.layouts).toEqual([{ layout: REQUIRED, stale: true }])
    const rows = await snapshot.rows(REQUIRED, undefined, 2 * ROWS)
    return rows.filter(({ fields }) => fields.includes(null)).length
  })
  expect(nulls).toBe(0)
})

test('who may change nothing is refused a table that is not filled yet', async () => {
  const place = await unfilled()
  await expect(backendFor({ ...place, migrate: 'verify' }).open([REQUIRED])).rejects.toMatchObject({
    code: 'UNSUPPORTED',
  })
})

test('who may change nothing opens a table while an index of it is built', async () => {
  const place = await filled()
  const wanted: Layout = { ...NOTES, indexes: [...NOTES.indexes, [1, 0]] }
  const old = await oldTransaction()
  const opening = backendFor(place).open([wanted])
  await untilBuilding(place.schema)
  for (const options of [{ readOnly: true }, { migrate: 'verify' }] as const) {
    expect(await backendFor({ ...place, ...options }).open([wanted])).toEqual([])
  }
  await old.end()
  await opening
})

test('a table that somebody has parted is opened as it is', async () => {
  const place = { connectionString, schema: freshSchema() }
  await opened(place)
  const raw = await rawConnection(connectionString)
  const { rows } = await raw.query(
    `SELECT indexdef FROM pg_indexes WHERE schemaname = $1 AND indexname LIKE 'notes$$%'`,
    [place.schema],
  )
  await raw.query(`SET search_path = "${place.schema}"`)
  await raw.query(`ALTER TABLE notes RENAME TO whole;
    CREATE TABLE notes (LIKE whole INCLUDING DEFAULTS, PRIMARY KEY (_tenant, _id)) PARTITION BY HASH (_tenant);
    CREATE TABLE notes_0 PARTITION OF notes FOR VALUES WITH (modulus 1, remainder 0);
    DROP TABLE whole`)
  for (const { indexdef } of rows) await raw.query(indexdef.replace('.whole', '.notes'))
  const before = await shapeOf(place.schema)
  expect(await backendFor(place).open([NOTES])).toEqual([])
  expect(await shapeOf(place.schema)).toBe(before)
})

test('behind a pooler a field becomes required in an append-only table too', async () => {
  const wanted = { ...AUDIT, fields: REQUIRED.fields }
  const place = await filled(AUDIT)
  expect(await backendFor({ ...place, pooler: 'transaction' }).open([wanted])).toEqual(['audit'])
  expect(await shapeOf(place.schema)).toBe(await freshShape(wanted))
})

test('behind a pooler the change ends in the same form', async () => {
  const place = await filled()
  expect(await backendFor({ ...place, pooler: 'transaction' }).open([REQUIRED])).toEqual(['notes'])
  expect(await backendFor({ ...place, pooler: 'transaction' }).open([LATER_NOTES])).toEqual(['notes'])
  expect(await shapeOf(place.schema)).toBe(await freshShape(LATER_NOTES))
})

test('with row-level security the change sees the rows of every tenant', async () => {
  const place = { ...(await filled()), rowLevelSecurity: true }
  expect(await backendFor(place).open([REQUIRED])).toEqual(['notes'])
  const raw = await rawConnection((await database()).superuserUrl)
  const empty = `SELECT count(*)::int FROM "${place.schema}".notes WHERE score = 0`
  expect((await raw.query(empty)).rows).toEqual([{ count: ROWS / 2 }])
})

/** Of so many requests it dies at one. */
const STRIDE = 9
const BOTH: Layout = { ...REQUIRED, indexes: [[1, 0]] }

test('a process that dies at one of its requests leaves what the next one finishes', {
  timeout: 120_000,
}, async () => {
  const wanted = await freshShape(BOTH)
  await using proxy = await tcpProxy(connectionString)
  const dieAt = async (trap: TrapOptions) => {
    const place = await filled()
    await proxy.accept()
    const set = proxy.trap(trap)
    void set.sprung.then(() => {
      proxy.refuse()
      proxy.cut()
    })
    const backend = postgres({ ...place, max: 2, connectionString: proxy.url(connectionString) })
    await backend.open([BOTH]).catch(() => undefined)
    await backend.close()
    set.disarm()
    expect(await backendFor(place).open([BOTH])).toEqual(['notes'])
    expect(await shapeOf(place.schema)).toBe(wanted)
    expect(await conditionsOf(place.schema)).toEqual([])
    return set.isSprung
  }
  let deaths = 0
  while (await dieAt({ from: 'client', type: 'Q', nth: deaths * STRIDE + 1, moment: 'before' })) deaths++
  expect(deaths * STRIDE).toBeGreaterThan(25)
  for (const contains of ['CONCURRENTLY', 'VALIDATE', 'NOT VALID', 'SET NOT NULL', 'DROP CONSTRAINT']) {
    // The server goes on with it, and nobody hears.
    expect(await dieAt({ from: 'client', contains, moment: 'answered' })).toBe(true)
  }
})

/** Takes an index and a guard away, as a person may have done by hand. */
async function damaged(): Promise<PostgresOptions & { schema: string }> {
  const place = { connectionString, schema: freshSchema() }
  await (await opened(place, [NOTES, AUDIT])).write([group(put('a'), entry('b'))], AT)
  const raw = await rawConnection(connectionString)
  await raw.query(
    `DROP INDEX "${place.schema}"."notes$$author"; ALTER TABLE "${place.schema}".audit DISABLE TRIGGER "audit$$$append$change"`,
  )
  return place
}

test('an index and a guard that somebody took away are put back at opening', async () => {
  const place = await damaged()
  expect(await backendFor(place).open([NOTES, AUDIT])).toEqual([])
  expect(await shapeOf(place.schema)).toBe(await freshShape(NOTES, AUDIT))
})

test('who may change nothing opens a table that lacks an index all the same', async () => {
  const place = await damaged()
  const before = await shapeOf(place.schema)
  const role = await (await database()).createRole({ access: 'write' })
  for (const options of [
    { readOnly: true },
    { migrate: 'verify' },
    { connectionString: role.url },
  ] as const) {
    expect(await backendFor({ ...place, ...options }).open([NOTES, AUDIT])).toEqual([])
  }
  expect(await shapeOf(place.schema)).toBe(before)
})
