/** Opening: what it asks, what it changes, what it refuses, and who may do it. */

import { type Backend, isStoreError, type Layout, type PostgresOptions } from '@coffer/core/backend'
import { createDatabase, tcpProxy } from '@coffer-tooling/postgres'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { postgres } from '../src/index.ts'
import { backendFor, opened, rawConnection } from './backends.ts'
import { AT, AUDIT, entry, group, LATER_AUDIT, LATER_NOTES, NOTES, put } from './layouts.ts'
import { fileDatabase, freshSchema } from './places.ts'
import { recordingPool, type Sent } from './recorder.ts'
import { type SchemaLog, schemaLog } from './schema-log.ts'

const database = fileDatabase()
let log: SchemaLog
let connectionString: string

beforeAll(async () => {
  log = await schemaLog(await database())
  connectionString = (await database()).url
})
afterAll(() => log.end())

const own = (): PostgresOptions & { schema: string } => ({ connectionString, schema: freshSchema() })

/** The code and the sentence of a failed opening. */
async function refusal(
  options: PostgresOptions,
  layouts: readonly Layout[] = [NOTES],
): Promise<readonly string[]> {
  const error = await backendFor(options)
    .open(layouts)
    .catch((reason: unknown) => reason)
  return isStoreError(error) ? [error.code, error.message] : ['', String(error)]
}

test('a warm start asks three questions on one connection and changes nothing', async () => {
  const place = own()
  await opened(place, [NOTES, AUDIT])
  const before = await log.shape(place.schema, true)
  const sent: Sent[] = []
  const pool = recordingPool(connectionString, sent)
  const lent = postgres({ pool, schema: place.schema })
  expect(await lent.open([NOTES, AUDIT])).toEqual([])
  await lent.close()
  await pool.end()
  expect(sent).toHaveLength(3)
  expect(sent.filter(({ text }) => !text.startsWith('SELECT '))).toEqual([])
  await using proxy = await tcpProxy(connectionString)
  await using through = closing(postgres({ ...place, connectionString: proxy.url(connectionString) }))
  expect(await through.backend.open([NOTES, AUDIT])).toEqual([])
  // The three and the one that connects.
  expect([proxy.accepted, proxy.requests]).toEqual([1, 4])
  expect(await log.shape(place.schema, true)).toEqual(before)
})

/** A backend that is closed at the end of its block: before what it goes through is closed. */
function closing(backend: Backend): AsyncDisposable & { readonly backend: Backend } {
  return { backend, [Symbol.asyncDispose]: () => backend.close() }
}

test.each([{ readOnly: true }, { migrate: 'verify' }] as const)(
  'with %o nothing is made or changed, and what is missing is said',
  async (option) => {
    const empty = { ...own(), ...option }
    const [code, sentence] = await refusal(empty, [NOTES, AUDIT])
    expect([code, sentence]).toEqual(['UNSUPPORTED', expect.stringContaining('notes, audit')])
    expect(sentence).toContain(empty.schema)
    expect(await log.shape(empty.schema)).toEqual([])
    const place = own()
    await opened(place, [NOTES, AUDIT])
    const before = await log.shape(place.schema, true)
    const reader = await opened({ ...place, ...option }, [NOTES, AUDIT])
    expect(await reader.read(NOTES, [put('a')])).toEqual([undefined])
    const other = await refusal({ ...place, ...option }, [LATER_NOTES, AUDIT])
    expect(other).toEqual(['UNSUPPORTED', expect.stringMatching(/ for notes, and /)])
    expect(await log.shape(place.schema, true)).toEqual(before)
  },
)

test('a store for reading writes nothing, in a transaction neither', async () => {
  const place = own()
  await opened(place)
  const reader = await opened({ ...place, readOnly: true })
  const attempts = [
    () => reader.write([group(put('a'))], AT),
    () => reader.transaction((transaction) => transaction.write(group(put('a')), AT)),
    () => reader.sweep(NOTES, { type: 'expired', tenant: undefined }, 10, AT),
    () => reader.reindex(NOTES, [], true),
  ]
  for (const attempt of attempts) {
    const failure = await attempt().catch((error: unknown) => error)
    expect(isStoreError(failure, 'READ_ONLY')).toBe(true)
  }
  expect(await reader.read(NOTES, [put('a')])).toEqual([undefined])
})

test('a newer format is refused by naming both, and nothing is touched', async () => {
  const place = own()
  await opened(place)
  const raw = await rawConnection(connectionString)
  await raw.query(`UPDATE "${place.schema}"._coffer_meta SET version = 7 WHERE key = 'format'`)
  const before = await log.shape(place.schema, true)
  expect(await refusal(place, [LATER_NOTES])).toEqual([
    'UNSUPPORTED',
    expect.stringMatching(/format 7.*up to 1/),
  ])
  expect(await log.shape(place.schema, true)).toEqual(before)
})

test.each(['notes', '_coffer_floors', '_coffer_meta'])(
  'a dropped table is told by its name: %s',
  async (table) => {
    const place = own()
    await opened(place, [NOTES, AUDIT])
    const raw = await rawConnection(connectionString)
    await raw.query(`DROP TABLE "${place.schema}"."${table}"`)
    expect(await refusal(place, [NOTES, AUDIT])).toEqual([
      'UNSUPPORTED',
      expect.stringMatching(new RegExp(`${table} was dropped behind the store's back`)),
    ])
    expect((await log.shape(place.schema)).some((line) => line.startsWith(`relation ${table} `))).toBe(false)
  },
)

test("a schema with other programs' tables is used, and one of a collection's name is not taken over", async () => {
  const place = own()
  const raw = await rawConnection(connectionString)
  await raw.query(`CREATE SCHEMA "${place.schema}"; CREATE TABLE "${place.schema}".other (a int);
    CREATE TABLE "${place.schema}".notes (a int)`)
  expect(await refusal(place)).toEqual(['UNSUPPORTED', expect.stringMatching(/table notes .*`schema`/)])
  const backend = await opened(place, [AUDIT])
  expect((await backend.write([group(entry('a'))], AT))[0]?.ok).toBe(true)
})

test('who may not create a schema can open and use one that is there', async () => {
  const place = own()
  const role = await (await database()).createRole({ access: 'write' })
  const lesser = { ...place, connectionString: role.url }
  expect((await refusal(lesser))[0]).toBe('PERMISSION_DENIED')
  await opened(place, [NOTES, AUDIT])
  const backend = await opened(lesser, [NOTES, AUDIT])
  expect(await backend.write([group(put('a')), group(entry('b'))], AT)).toMatchObject([
    { ok: true },
    { ok: true },
  ])
  expect((await refusal(lesser, [LATER_NOTES, AUDIT]))[0]).toBe('PERMISSION_DENIED')
})

test('two stores with schemas of their own in one database keep apart', async () => {
  const [first, second] = [own(), own()]
  const [one, other] = await Promise.all([opened(first), opened(second, [LATER_NOTES])])
  await one.write([group(put('a'))], AT)
  expect(await other.read(LATER_NOTES, [put('a')])).toEqual([undefined])
  expect(await other.tenants(LATER_NOTES)).toEqual([])
})

test('a role whose commits may be lost is refused', async () => {
  const raw = await rawConnection((await database()).superuserUrl)
  const place = own()
  const { name } = (await database()).owner
  await raw.query(`ALTER ROLE ${pg.escapeIdentifier(name)} SET synchronous_commit = off`)
  onTestFinished(async () => {
    await raw.query(`ALTER ROLE ${pg.escapeIdentifier(name)} RESET synchronous_commit`)
  })
  expect(await refusal(place)).toEqual(['UNSUPPORTED', expect.stringContaining(`durability: 'process'`)])
  expect(await log.shape(place.schema)).toEqual([])
  await opened({ ...place, durability: 'process' })
  // Who only reads acknowledges nothing.
  await opened({ ...place, readOnly: true })
})

test('a changed layout changes its table and asks for its rows, also of an append-only one', async () => {
  const place = own()
  const first = await opened(place, [NOTES, AUDIT])
  await first.write([group(put('a'), entry('b'))], AT)
  // A process that dies before the end leaves the rows to the next.
  const later = [LATER_NOTES, LATER_AUDIT]
  expect(await (await opened(place, [])).open(later)).toEqual(['notes', 'audit'])
  const second = backendFor(place)
  expect(await second.open(later)).toEqual(['notes', 'audit'])
  for (const [layout, id] of [
    [LATER_NOTES, 'a'],
    [LATER_AUDIT, 'b'],
  ] as const) {
    const row = { tenant: 't', id, version: 1, document: '{"n":2}', fields: [3, 'calm', ['l']], hash: null }
    await second.reindex(layout, [row, { ...row, version: 9, document: '{}' }], false)
    await second.reindex(layout, [], true)
    const [read] = await second.read(layout, [row])
    expect(read).toMatchObject({ version: 1, updatedAt: AT, schemaVersion: 2, document: '{"n": 2}' })
  }
  expect(await backendFor(place).open(later)).toEqual([])
  const fresh = own()
  await opened(fresh, later)
  const shape = await log.shape(fresh.schema)
  expect((await log.shape(place.schema)).map((line) => line.replaceAll(place.schema, fresh.schema))).toEqual(
    shape,
  )
})

test('a changed index alone needs no rewriting', async () => {
  const place = own()
  const first = await opened(place)
  await first.write([group(put('a'))], AT)
  expect(await backendFor(place).open([{ ...NOTES, indexes: [[1, 0]], documentColumns: ['other'] }])).toEqual(
    [],
  )
})

test('a database that is not in UTF-8 is refused', async () => {
  const { superuserUrl, name } = await database()
  const raw = await rawConnection(superuserUrl)
  const other = `${name}_ascii`
  const identifier = pg.escapeIdentifier(other)
  await raw.query(`CREATE DATABASE ${identifier} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'`)
  const address = new URL(superuserUrl)
  address.pathname = `/${other}`
  const backend = postgres({ connectionString: address.href })
  const sentence = await backend.open([NOTES]).catch((error) => error.message)
  await backend.close()
  await raw.query(`DROP DATABASE ${identifier} WITH (FORCE)`)
  expect(sentence).toContain('the encoding SQL_ASCII')
})

test('a failed opening can be tried again, and nothing is open after many', async () => {
  await using small = await createDatabase(sharedServer())
  const options = { connectionString: small.url, max: 2 }
  const raw = await rawConnection(small.superuserUrl)
  const { name } = small.owner
  const identifier = pg.escapeIdentifier(name)
  await raw.query(`ALTER DATABASE ${pg.escapeIdentifier(small.name)} OWNER TO CURRENT_USER`)
  const backend = postgres(options)
  expect(await backend.open([NOTES]).catch((error) => error.code)).toBe('PERMISSION_DENIED')
  await raw.query(`GRANT CREATE ON DATABASE ${pg.escapeIdentifier(small.name)} TO ${identifier}`)
  expect(await backend.open([NOTES])).toEqual([])
  await backend.close()
  for (let count = 0; count < 30; count++) {
    const again = postgres(options)
    await again.open([NOTES])
    await again.close()
  }
  await raw.query(`REASSIGN OWNED BY ${identifier} TO CURRENT_USER; DROP OWNED BY ${identifier}`)
  await raw.end()
})
