/** What a store tells others: the keys of what it writes, whatever is in them, and who tells and hears at all. */

import { collectionCalls, everythingOf, happeningsOf, logCalls, storeCalls } from '@coffer/conformance'
import { createStore } from '@coffer/core'
import type { PostgresOptions } from '@coffer/core/backend'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Notifications } from '../src/notifications.ts'
import { opened, rawConnection } from './backends.ts'
import { again, Ear, EVERYTHING, nameOf, note, pairOn, write } from './ear.ts'
import { AT, group, NOTES, put } from './layouts.ts'
import { query } from './notes.ts'
import { fileDatabase, freshSchema } from './places.ts'
import { recordingPool, type Sent } from './recorder.ts'

const database = fileDatabase()

const pair = async () => pairOn(await database())

test('whatever a store is asked, each row that it changes is told', async () => {
  const { url, superuserUrl } = await database()
  const schema = freshSchema()
  const reader = await opened({ connectionString: url, schema })
  const ear = await Ear.of(reader)
  const writer = await opened({ connectionString: url, schema, notify: true })
  await using store = createStore({
    backend: await opened({ connectionString: url, schema, notify: true }, []),
  })
  const [collection, log] = [everythingOf(store), happeningsOf(store)]
  await store.open()
  await logEveryChange(superuserUrl, schema)
  for (const call of Object.values(collectionCalls)) await call(collection, 'a').catch(() => undefined)
  for (const call of Object.values(logCalls)) await call(log, 's').catch(() => undefined)
  await collection.put({ id: 'deleted', note: 'x' })
  await collection.delete('deleted')
  for (const call of Object.values(storeCalls)) await call(store)
  await store.tenant('other').transaction((inside) => everythingOf(inside).put({ id: 'b', note: 'b' }))
  const changed = await query(
    superuserUrl,
    `SELECT DISTINCT layout, tenant, id FROM ${schema}.every_change WHERE layout !~ 'history$'`,
  )
  const told = new Set(await ear.heard(writer))
  expect(changed.length).toBeGreaterThanOrEqual(7)
  const missing = changed.filter(
    ({ layout, tenant, id }) =>
      !told.has(nameOf({ layout: String(layout), tenant: String(tenant), id: String(id) })),
  )
  expect(missing).toEqual([])
})

/** From now on the database itself writes down which rows of the schema are changed. */
async function logEveryChange(url: string, schema: string): Promise<void> {
  const tables = await query(
    url,
    `SELECT table_name AS name FROM information_schema.columns WHERE table_schema = '${schema}' AND column_name = '_id'`,
  )
  await query(
    url,
    `CREATE TABLE ${schema}.every_change (layout text, tenant text, id text)`,
    `CREATE FUNCTION ${schema}.note_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
      DECLARE changed record := coalesce(NEW, OLD);
      BEGIN
        INSERT INTO ${schema}.every_change VALUES (TG_TABLE_NAME, changed._tenant, changed._id);
        RETURN NULL;
      END $$`,
    ...tables.map(
      ({ name }) =>
        `CREATE TRIGGER zz_note_change AFTER INSERT OR UPDATE OR DELETE ON ${schema}."${name}"
          FOR EACH ROW EXECUTE FUNCTION ${schema}.note_change()`,
    ),
  )
}

const HOSTILE = [
  `'; DROP TABLE notes; --`,
  `"quoted" \\ 'twice'`,
  '$1 %s {x}',
  '["notes","t","x"]',
  'null',
  'line\nline\ttab\u0001',
  '💾é\u2028\u{10FFFF}',
  'e\u0301 is not é',
  'a'.repeat(1_024),
  '\u0001'.repeat(1_024),
  '💾'.repeat(256),
]

test('keys are heard as they are, whatever is in them', async () => {
  const { writer, ear } = await pair()
  for (const tenant of ['t', `' OR "1`, '\u0001'.repeat(256)]) {
    for (const id of HOSTILE) {
      await write(writer, group(put(id, { tenant })))
      expect(await ear.heard(writer)).toEqual([note(id, tenant)])
    }
    await write(writer, ...HOSTILE.map((id) => group(put(id, { tenant }))))
    expect([...(await ear.heard(writer))].sort()).toEqual(HOSTILE.map((id) => note(id, tenant)).sort())
  }
})

test('no key becomes part of a statement', async () => {
  const schema = freshSchema()
  const sent: Sent[] = []
  const pool = recordingPool((await database()).url, sent)
  onTestFinished(() => pool.end())
  const backend = await opened({ pool, schema, notify: true })
  const textsOf = async (id: string) => {
    sent.length = 0
    await write(backend, group(put(id)))
    await write(backend, group(put(id), put(`${id}2`)))
    await backend.transaction((inside) => inside.write(group(put(id)), AT))
    return sent.map(({ text }) => text)
  }
  await textsOf('first')
  const harmless = await textsOf('a')
  expect(harmless.filter((text) => text.includes('pg_notify'))).toHaveLength(3)
  for (const id of HOSTILE.map((each) => each.slice(0, 500))) expect(await textsOf(id)).toEqual(harmless)
})

test('of a batch of ten thousand every key is heard', async () => {
  const { writer, ear } = await pair()
  const ids = Array.from({ length: 10_000 }, (_, index) => `id ${index}`)
  await write(writer, group(...ids.map((id) => put(id))))
  expect(new Set(await ear.heard(writer))).toEqual(new Set(ids.map((id) => note(id))))
})

test('of more than has room it is heard that it may be everything', async () => {
  const { writer, ear } = await pair()
  const long = 'a'.repeat(900)
  await write(writer, group(...Array.from({ length: 500 }, (_, index) => put(`${long}${index}`))))
  expect(await ear.heard(writer)).toEqual([EVERYTHING])
})

test('a store does not hear itself, but others in the same process', async () => {
  const { writer, reader, ear } = await pair()
  await write(reader, group(put('own')))
  await write(reader, group(put('own'), put('own too')))
  await write(writer, group(put('other')))
  expect(await ear.heard(writer)).toEqual([note('other')])
})

test('what is heard can be read', async () => {
  const { writer, reader, place } = await pair()
  const other = await opened({ ...place, notify: true })
  const read: Promise<number | undefined>[] = []
  other.watch?.((changed) => {
    for (const { tenant, id } of changed ?? []) {
      read.push(reader.read(NOTES, [{ tenant, id }]).then(([row]) => row?.version))
    }
  })
  const ear = await Ear.of(await opened(place))
  for (let round = 0; round < 100; round++) await write(writer, group(put(`id ${round}`)))
  await ear.heard(writer)
  expect(read.length).toBeGreaterThan(50)
  expect(new Set(await Promise.all(read))).toEqual(new Set([1]))
})

test('stores in other schemas hear nothing, and schemas with long names are told apart', async () => {
  const { writer, place } = await pair()
  const elsewhere = { ...place, schema: freshSchema() }
  const ear = await Ear.of(await opened(elsewhere))
  await write(writer, group(put('a')))
  expect(await ear.heard(await opened({ ...elsewhere, notify: true }))).toEqual([])
  const channels = ['a', 'b'].map((end) => new Notifications(`${'s'.repeat(47)}${end}`, true).channel)
  expect(new Set(channels).size).toBe(2)
  expect(channels.filter((channel) => !/^[a-z_][a-z0-9_]{0,62}$/.test(channel))).toEqual([])
})

test('keys are told, and nothing else of a record', async () => {
  const { writer, place } = await pair()
  const raw = await rawConnection(place.connectionString)
  const payloads: string[] = []
  raw.on('notification', ({ payload = '' }) => payloads.push(payload))
  await raw.query(`LISTEN ${new Notifications(place.schema, true).channel}`)
  const secret = { document: '{"id":"a","text":"canary"}', fields: ['canary', 7, ['canary']] } as const
  await write(writer, group(put('a', secret)))
  await write(writer, group(put('a', secret), put('b', secret)))
  await again(() => writer.transaction((inside) => inside.write(group(put('a', secret)), AT)))
  await raw.query('SELECT 1')
  expect(payloads).toHaveLength(3)
  for (const payload of payloads) expect(payload).toMatch(/^\["[\w-]{16}",\["notes","t","a"(,"b")?\]\]$/)
})

test('anybody may notify, and is taken for no more than a hint', async () => {
  const { writer, ear, place } = await pair()
  const raw = await rawConnection(place.connectionString)
  const { channel } = new Notifications(place.schema, true)
  for (const strange of ['', 'x', '["me",["notes"]]', '['.repeat(7_999)]) {
    await raw.query('SELECT pg_notify($1, $2)', [channel, strange])
    expect(await ear.heard(writer)).toEqual([EVERYTHING])
  }
})

describe('who tells and who hears', () => {
  /** How many listen on the schema's channel, and how many notifications two writes make. */
  async function noticed(options: PostgresOptions, watches: boolean) {
    const { url, name, superuserUrl } = await database()
    const schema = freshSchema()
    const { channel } = new Notifications(schema, true)
    const backend = await opened({ connectionString: url, schema, ...options })
    const heard: unknown[] = []
    if (watches) backend.watch?.((changed) => heard.push(changed))
    const raw = await rawConnection(url)
    let told = 0
    raw.on('notification', () => told++)
    await raw.query(`LISTEN ${channel}`)
    await write(backend, group(put('a')))
    await write(backend, group(put('b'), put('c')))
    await raw.query('SELECT 1')
    // One that comes up later than this store's would.
    await Ear.of(await opened({ connectionString: url, schema: freshSchema() }))
    const listeners = await query(
      superuserUrl,
      `SELECT pid FROM pg_stat_activity
        WHERE datname = '${name}' AND application_name = 'coffer' AND query LIKE '%LISTEN ${channel}'`,
    )
    return { told, isHearing: listeners.length > 0 || heard.length > 0 }
  }

  test.each<[string, PostgresOptions, boolean, number]>([
    ['a store without a cache does not tell', {}, false, 0],
    ['a store without a cache tells when it is asked to', { notify: true }, false, 2],
    ['a store with a cache tells', {}, true, 2],
    ['a store with a cache does not tell when it is asked not to', { notify: false }, true, 0],
    ['with row-level security a store with a cache does not tell', { rowLevelSecurity: true }, true, 0],
    [
      'with row-level security a store tells when it is asked to',
      { rowLevelSecurity: true, notify: true },
      true,
      2,
    ],
    ['behind a pooler a store with a cache does not tell', { pooler: 'transaction' }, true, 0],
    ['behind a pooler a store tells when it is asked to', { pooler: 'transaction', notify: true }, false, 2],
  ])('%s', async (_title, options, watches, told) => {
    expect((await noticed(options, watches)).told).toBe(told)
  })

  test.each<[string, PostgresOptions]>([
    ['that is asked not to', { notify: false }],
    ['with row-level security', { rowLevelSecurity: true }],
    ['behind a pooler', { pooler: 'transaction' }],
    ['behind a pooler, though it tells', { pooler: 'transaction', notify: true }],
  ])('a store with a cache does not listen %s', async (_title, options) => {
    expect((await noticed(options, true)).isHearing).toBe(false)
  })
})
