/** What only PostgreSQL shows of reading and filling a place: connections, isolation, locks, guards. */

import type { Backend, Contents, HeldLayout, Layout, NewRow, PostgresOptions } from '@coffer/core/backend'
import { tcpProxy } from '@coffer-tooling/postgres'
import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { backendFor, opened, rawConnection } from './backends.ts'
import { AT, AUDIT, entry, group, NOTES, put } from './layouts.ts'
import { fileDatabase, freshSchema } from './places.ts'
import { recordingPool, type Sent } from './recorder.ts'
import { fate } from './rig.ts'

const database = fileDatabase()

const own = async () => ({ connectionString: (await database()).url, schema: freshSchema() })
const held = (layout: Layout): HeldLayout => ({ layout, stale: false })
const key = (id: string) => ({ tenant: 't', id })

function row(id: string, change: Partial<NewRow> = {}): NewRow {
  return {
    ...key(id),
    document: JSON.stringify({ id }),
    schemaVersion: 1,
    hash: null,
    version: 3,
    createdAt: AT,
    updatedAt: AT,
    expiresAt: null,
    deletedAt: null,
    fields: ['ann', 0.1, ['a']],
    ...change,
  }
}

async function contentsFor(options: PostgresOptions, layouts: readonly Layout[] = [NOTES]) {
  const backend = await opened(options, layouts)
  return { backend, contents: contentsOf(backend) }
}

function contentsOf({ contents }: Backend): Contents {
  if (contents === undefined) throw new Error('no contents')
  return contents
}

/** Waits for what comes soon, on a machine that others use too. */
const until = (isSo: () => boolean | Promise<boolean>) => vi.waitUntil(isSo, { interval: 5, timeout: 20_000 })

const idsOf = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id)

test.each(['own', 'lent'])(
  'a snapshot leaves a pool of one connection, %s, to reads and writes',
  async (kind) => {
    const { connectionString, schema } = await own()
    const pool = new pg.Pool({ connectionString, max: 1 })
    onTestFinished(() => pool.end())
    const place = kind === 'own' ? { connectionString, max: 1 } : { pool }
    const { backend, contents } = await contentsFor({ schema, ...place })
    await backend.write([group(put('a'))], AT)
    const seen = await contents.snapshot(async (snapshot) => {
      await backend.write([group(put('b'))], AT)
      expect(await backend.read(NOTES, [key('b')])).toMatchObject([{ id: 'b' }])
      return idsOf(await snapshot.rows(NOTES, undefined, 10))
    })
    expect(seen).toEqual(['a'])
  },
)

test('a snapshot waits for transactions with which it would see what never was', async () => {
  const place = await own()
  const { backend, contents } = await contentsFor({ ...place, applicationName: place.schema })
  await backend.write([group(put('x'), put('y'))], AT)
  const first = await rawConnection(place.connectionString)
  const table = `"${place.schema}".notes`
  await first.query(`BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT * FROM ${table}`)
  // The first has not seen this, so it comes before it in every serial order.
  await backend.transaction((transaction) =>
    transaction.write(group(put('y', { fields: ['bob', 1, []] })), AT),
  )
  const seen = contents.snapshot((snapshot) => snapshot.rows(NOTES, undefined, 10))
  const waits = `SELECT 1 FROM pg_stat_activity WHERE application_name = $1 AND wait_event = 'SafeSnapshot'`
  const admin = await rawConnection((await database()).superuserUrl)
  await until(async () => (await admin.query(waits, [place.schema])).rowCount === 1)
  await first.query(`UPDATE ${table} SET author = 'eve' WHERE _id = 'x'; COMMIT`)
  expect((await seen).map(({ fields }) => fields[0])).toEqual(['eve', 'bob'])
})

test('a snapshot outlives the bounds of ordinary transactions', async () => {
  const place = await own()
  await (await opened(place)).write([group(put('a'))], AT)
  // Not opened, for that is bounded too.
  const bounded = backendFor({ ...place, statementTimeoutMs: 40, applicationName: place.schema })
  const contents = contentsOf(bounded)
  const admin = await rawConnection((await database()).superuserUrl)
  const stands = `SELECT 1 FROM pg_stat_activity WHERE application_name = $1
    AND state = 'idle in transaction' AND clock_timestamp() - state_change > '0.1 s'`
  const ids = await contents.snapshot(async (snapshot) => {
    await snapshot.rows(NOTES, undefined, 1)
    await until(async () => (await admin.query(stands, [place.schema])).rowCount === 1)
    return idsOf(await snapshot.rows(NOTES, undefined, 10))
  })
  expect(ids).toEqual(['a'])
})

test('a snapshot that has waited for a replacement sees what it has left', async () => {
  const place = await own()
  const { contents } = await contentsFor(place)
  const { contents: other } = await contentsFor({ ...place, applicationName: `${place.schema}s` })
  const admin = await rawConnection((await database()).superuserUrl)
  const waits = `SELECT 1 FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`
  let seen: Promise<number> | undefined
  await contents.replace({ layouts: [], onlyIfEmpty: false }, async () => {
    seen = other.snapshot(async ({ layouts }) => layouts.length)
    await until(async () => (await admin.query(waits, [`${place.schema}s`])).rowCount === 1)
  })
  expect(await seen).toBe(0)
})

test('what was a snapshot answers no more', async () => {
  const { contents } = await contentsFor(await own())
  const late = await contents.snapshot(async (snapshot) => snapshot)
  expect(await fate(late.rows(NOTES, undefined, 1))).toBe('TRANSACTION_CLOSED')
})

test('with row-level security every tenant is read, and filled', async () => {
  const place = { ...(await own()), rowLevelSecurity: true }
  const { backend, contents } = await contentsFor(place)
  await backend.write([group(put('a'), put('b', { tenant: 'u' }))], AT)
  const rows = await contents.snapshot((snapshot) => snapshot.rows(NOTES, undefined, 10))
  expect(rows.map(({ tenant }) => tenant)).toEqual(['t', 'u'])
  const target = await contentsFor({ ...(await own()), rowLevelSecurity: true }, [])
  await target.contents.replace({ layouts: [held(NOTES)], onlyIfEmpty: true }, (loader) =>
    loader.rows(NOTES, rows),
  )
  await target.contents.merge(NOTES, { put: [row('c', { tenant: 'v' })], remove: [key('a')], floors: [] })
  expect(await target.backend.tenants(NOTES)).toEqual(['u', 'v'])
})

test('a replacement that fails leaves tables and rows as they were', async () => {
  const place = await own()
  const { backend, contents } = await contentsFor(place, [NOTES, AUDIT])
  await backend.write([group(put('a'), entry('e'))], AT)
  const before = await contents.snapshot((snapshot) => snapshot.rows(NOTES, undefined, 10))
  const broken = contents.replace(
    { layouts: [held({ ...NOTES, fields: [], indexes: [] })], onlyIfEmpty: false },
    async () => {
      throw new Error('the archive is torn')
    },
  )
  await expect(broken).rejects.toThrow('torn')
  expect(await contents.snapshot((snapshot) => snapshot.rows(NOTES, undefined, 10))).toEqual(before)
  expect((await contents.layouts()).map(({ layout }) => layout.name)).toEqual(['audit', 'notes'])
})

test('a replacement whose COMMIT was not answered is of unknown outcome', async () => {
  const place = await own()
  await using proxy = await tcpProxy(place.connectionString)
  const { contents } = await contentsFor({ ...place, connectionString: proxy.url(place.connectionString) })
  const replaced = contents.replace({ layouts: [held(NOTES)], onlyIfEmpty: true }, async (loader) => {
    await loader.rows(NOTES, [row('a')])
    proxy.trap({ from: 'client', contains: 'COMMIT', moment: 'answered' })
  })
  expect(await fate(replaced)).toBe('OUTCOME_UNKNOWN')
  const { contents: next } = await contentsFor(place)
  expect(idsOf(await next.snapshot((snapshot) => snapshot.rows(NOTES, undefined, 10)))).toEqual(['a'])
})

test('a replacement passes those who use a table, before it has asked for any row', async () => {
  const place = await own()
  const { contents } = await contentsFor({ ...place, applicationName: place.schema })
  const reader = await rawConnection(place.connectionString)
  await reader.query(`BEGIN; SELECT * FROM "${place.schema}".notes`)
  let asked = 0
  const replaced = contents.replace({ layouts: [], onlyIfEmpty: false }, async () => {
    asked++
  })
  const admin = await rawConnection((await database()).superuserUrl)
  const tries = `SELECT 1 FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`
  await until(async () => (await admin.query(tries, [place.schema])).rowCount === 1)
  // Longer than it waits at once.
  await until(async () => (await admin.query(tries, [place.schema])).rowCount === 0)
  expect(asked).toBe(0)
  await reader.query('COMMIT')
  await replaced
  expect(asked).toBe(1)
  expect(await contents.layouts()).toEqual([])
})

test('a table that somebody has dropped has no rows, and is made again', async () => {
  const place = await own()
  const { contents } = await contentsFor(place)
  await (await rawConnection(place.connectionString)).query(`DROP TABLE "${place.schema}".notes`)
  await contents.replace({ layouts: [held(NOTES)], onlyIfEmpty: true }, (loader) =>
    loader.rows(NOTES, [row('a')]),
  )
  expect(idsOf(await contents.snapshot((snapshot) => snapshot.rows(NOTES, undefined, 10)))).toEqual(['a'])
})

test('a snapshot and a replacement outlive the bound of newer servers', async () => {
  const place = await own()
  const admin = await rawConnection((await database()).superuserUrl)
  const { rows } = await admin.query(`SELECT 1 FROM pg_settings WHERE name = 'transaction_timeout'`)
  const options = rows.length > 0 ? '-c transaction_timeout=300ms' : undefined
  const { contents } = await contentsFor({
    ...place,
    ...(options && { connectionString: `${place.connectionString}?options=${encodeURIComponent(options)}` }),
  })
  const longer = () => admin.query('SELECT pg_sleep(0.4)')
  await contents.replace({ layouts: [held(NOTES)], onlyIfEmpty: true }, async (loader) => {
    await longer()
    await loader.rows(NOTES, [row('a')])
  })
  const ids = await contents.snapshot(async (snapshot) => {
    await longer()
    return idsOf(await snapshot.rows(NOTES, undefined, 10))
  })
  expect(ids).toEqual(['a'])
})

test('a reader beside a migration that a snapshot delays is never kept waiting for long', async () => {
  const place = await own()
  const { backend, contents } = await contentsFor(place)
  await backend.write([group(put('a'))], AT)
  const later: Layout = {
    ...NOTES,
    fields: [...NOTES.fields, { name: 'mood', type: 'text', nullable: true }],
  }
  let slowestMs = 0
  let opening: Promise<unknown> | undefined
  await contents.snapshot(async () => {
    opening = backendFor({ ...place, applicationName: `${place.schema}m` }).open([later])
    const end = performance.now() + 2_500
    while (performance.now() < end) {
      const start = performance.now()
      await backend.read(NOTES, [key('a')])
      slowestMs = Math.max(slowestMs, performance.now() - start)
    }
  })
  await opening
  // It waits for a lock for 150 ms; the rest is the machine's.
  expect(slowestMs).toBeLessThan(1_500)
})

test('a table that others depend on is named as what keeps a replacement from happening', async () => {
  const place = await own()
  const { contents } = await contentsFor(place)
  const raw = await rawConnection(place.connectionString)
  await raw.query(`CREATE VIEW "${place.schema}".theirs AS SELECT * FROM "${place.schema}".notes`)
  expect(await fate(contents.replace({ layouts: [], onlyIfEmpty: false }, async () => undefined))).toBe(
    'UNSUPPORTED',
  )
})

test('what only adds to an append-only table leaves its guards alone; what changes a row puts them back', async () => {
  const place = await own()
  const sent: Sent[] = []
  const pool = recordingPool(place.connectionString, sent)
  onTestFinished(() => pool.end())
  const { contents } = await contentsFor({ pool, schema: place.schema }, [AUDIT])
  const suspensions = () => sent.filter(({ text }) => text.includes('DISABLE TRIGGER')).length
  await contents.merge(AUDIT, { put: [row('a'), row('b')], remove: [], floors: [] })
  expect(suspensions()).toBe(0)
  await contents.merge(AUDIT, { put: [row('a', { version: 9 }), row('c')], remove: [], floors: [] })
  await contents.merge(AUDIT, { put: [], remove: [key('b')], floors: [{ tenant: 't', version: 7 }] })
  expect(suspensions()).toBe(2)
  const raw = await rawConnection(place.connectionString)
  const rows = await raw.query(`SELECT _id, _version::int FROM "${place.schema}".audit ORDER BY 1`)
  expect(rows.rows).toEqual([
    { _id: 'a', _version: 9 },
    { _id: 'c', _version: 3 },
  ])
  await expect(raw.query(`DELETE FROM "${place.schema}".audit`)).rejects.toThrow('never changed or removed')
})

test('a merge is told to stores that listen', async () => {
  const place = await own()
  const { contents } = await contentsFor({ ...place, notify: true })
  const listening = await opened({ ...place, max: 2 })
  const heard: string[] = []
  let hears = false
  listening.watch?.((changed) => {
    hears ||= changed === undefined
    heard.push(...(changed ?? []).map(({ id }) => id))
  })
  await until(() => hears)
  await contents.merge(NOTES, { put: [row('a')], remove: [key('b')], floors: [] })
  await until(() => heard.length === 2)
  expect(heard).toEqual(['a', 'b'])
})

test('a place for reading only shows what it holds, and takes nothing', async () => {
  const place = await own()
  await opened(place)
  const { contents } = backendFor({ ...place, readOnly: true })
  await opened({ ...place, readOnly: true }, [])
  expect((await contents?.layouts())?.map(({ layout }) => layout.name)).toEqual(['notes'])
  const replaced = contents?.replace({ layouts: [], onlyIfEmpty: true }, async () => undefined)
  expect(await fate(replaced ?? Promise.resolve())).toBe('READ_ONLY')
  const merged = contents?.merge(NOTES, { put: [row('a')], remove: [], floors: [] })
  expect(await fate(merged ?? Promise.resolve())).toBe('READ_ONLY')
})

test('of one key put twice in a merge the last counts, and floors only rise', async () => {
  const { backend, contents } = await contentsFor(await own())
  const floors = [{ tenant: 't', version: 7 }]
  await contents.merge(NOTES, { put: [row('a'), row('a', { version: 5 })], remove: [], floors })
  await contents.merge(NOTES, { put: [], remove: [], floors: [{ tenant: 't', version: 2 }] })
  expect(await backend.read(NOTES, [key('a')])).toMatchObject([{ version: 5 }])
  const seen = await contents.snapshot((snapshot) => snapshot.floors(NOTES, undefined, 10))
  expect(seen).toEqual(floors)
})
