/** Changes of the schema: whole or not at all, beside readers and writers, and finished by whoever comes next. */

import { createStore, defineCollection } from '@coffer/core'
import type { Layout, PostgresOptions } from '@coffer/core/backend'
import { type TcpProxy, type TrapOptions, tcpProxy } from '@coffer-tooling/postgres'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { postgres } from '../src/index.ts'
import { backendFor, opened, rawConnection } from './backends.ts'
import { AT, AUDIT, entry, group, LATER_AUDIT, LATER_NOTES, NOTES, put } from './layouts.ts'
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

const own = () => ({ connectionString, schema: freshSchema() })

/** The lines of a shape that concern one table, in words that fit any schema. */
async function shapeOf(schema: string, table: string): Promise<string> {
  const lines = (await log.shape(schema)).map((line) => line.replaceAll(schema, 'the schema'))
  return lines.filter((line) => line.includes(table)).join('\n')
}

test('a long reader holds up the change of its table, and not for long those who read beside it', async () => {
  const place = own()
  await (await opened(place)).write([group(put('a'))], AT)
  const reader = await rawConnection(connectionString)
  await reader.query(`BEGIN; SELECT * FROM "${place.schema}".notes`)
  let isOpen = false
  const opening = backendFor(place)
    .open([LATER_NOTES])
    .then((awaiting) => {
      isOpen = true
      return awaiting
    })
  const beside = await rawConnection(connectionString)
  const waits: number[] = []
  // Somebody who had to wait, and was answered, is a sign of the change in line that has let others pass.
  while (!waits.some((ms) => ms > 500)) {
    const start = performance.now()
    await beside.query(`SELECT * FROM "${place.schema}".notes`)
    waits.push(performance.now() - start)
  }
  expect(Math.max(...waits)).toBeLessThan(3_000)
  expect(isOpen).toBe(false)
  await reader.query('COMMIT')
  expect(await opening).toEqual(['notes'])
})

test('who waits for another process holds up nobody, not even an index that is made concurrently', async () => {
  const place = own()
  await (await opened(place)).write([group(put('a'))], AT)
  const holder = await rawConnection(connectionString)
  await holder.query(`SELECT pg_advisory_lock(hashtextextended('coffer ' || $1, 0))`, [place.schema])
  const backend = backendFor({ ...place, applicationName: place.schema })
  const opening = backend.open([LATER_NOTES])
  const tries = `SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE application_name = $1 AND query LIKE '%pg_try_advisory%' OR application_name = $1 AND query = 'COMMIT'`
  await vi.waitUntil(async () => (await holder.query(tries, [place.schema])).rows[0].count > 0, {
    interval: 2,
  })
  // It waits for every transaction that is older than itself.
  await holder.query(`CREATE INDEX CONCURRENTLY beside ON "${place.schema}".notes (score)`)
  await holder.query(`DROP INDEX "${place.schema}".beside; SELECT pg_advisory_unlock_all()`)
  expect(await opening).toEqual(['notes'])
})

/** The layouts of the next release, and the shapes of their tables before and after. */
const LATER = [LATER_NOTES, LATER_AUDIT]

test('a process that dies at any of its requests leaves every table as it was or as it shall be', async () => {
  const [old, later] = [own(), own()]
  await opened(old, [NOTES, AUDIT])
  await opened(later, LATER)
  const names = ['notes', 'audit']
  const shapes = await Promise.all(
    names.map(async (name) => [await shapeOf(old.schema, name), await shapeOf(later.schema, name)]),
  )
  await using proxy = await tcpProxy(connectionString)
  const seen = new Set<string>()
  const dieAt = async (trap: TrapOptions) => {
    const place = own()
    await prepare(place, [NOTES, AUDIT])
    const hasDied = await dies(proxy, place, trap)
    const changed: boolean[] = []
    for (const [index, name] of names.entries()) {
      const shape = await shapeOf(place.schema, name)
      expect(shapes[index]).toContain(shape)
      changed.push(shape === shapes[index]?.[1])
    }
    seen.add(changed.join())
    const next = postgres({ ...place, max: 2 })
    expect(await next.open(LATER)).toEqual(names)
    await next.close()
    expect(await shapeOf(place.schema, 'audit')).toBe(shapes[1]?.[1])
    return hasDied
  }
  let deaths = 0
  while (await dieAt({ from: 'client', type: 'Q', nth: deaths + 1, moment: 'before' })) deaths++
  expect(deaths).toBeGreaterThan(20)
  // The server has done it, and nobody heard.
  for (const nth of [1, 2]) {
    expect(await dieAt({ from: 'client', contains: 'COMMIT', nth, moment: 'answered' })).toBe(true)
  }
  // Each table is a step of its own.
  expect([...seen].sort()).toEqual(['false,false', 'true,false', 'true,true'])
})

async function prepare(place: PostgresOptions, layouts: readonly Layout[]): Promise<void> {
  const backend = postgres({ ...place, max: 2 })
  await backend.open(layouts)
  await backend.write([group(put('a'), entry('b'))], AT)
  await backend.close()
}

/** Opens the next release behind a network that goes away for good at a message. Answers whether it did. */
async function dies(proxy: TcpProxy, place: PostgresOptions, options: TrapOptions): Promise<boolean> {
  await proxy.accept()
  const trap = proxy.trap(options)
  void trap.sprung.then(() => {
    proxy.refuse()
    proxy.cut()
  })
  const backend = postgres({ ...place, max: 2, connectionString: proxy.url(connectionString) })
  const code = await backend.open(LATER).then(
    () => '',
    (error) => backend.errorCode(error),
  )
  await backend.close()
  trap.disarm()
  expect(code).toBe(trap.isSprung ? 'UNAVAILABLE' : '')
  return trap.isSprung
}

test('a server that ends the connection in the middle leaves nothing behind', async () => {
  const place = own()
  await prepare(place, [NOTES, AUDIT])
  const holder = await rawConnection(connectionString)
  await holder.query(`BEGIN; SELECT * FROM "${place.schema}".notes`)
  const before = await log.shape(place.schema)
  const backend = backendFor({ ...place, applicationName: place.schema })
  const opening = backend.open(LATER).catch((error) => error.code)
  const admin = await rawConnection((await database()).superuserUrl)
  await vi.waitUntil(
    async () => {
      const ended = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`
      return (await admin.query(ended, [place.schema])).rowCount === 1
    },
    { interval: 5, timeout: 10_000 },
  )
  expect(await opening).toBe('UNAVAILABLE')
  expect(await log.shape(place.schema)).toEqual(before)
  await holder.query('COMMIT')
  expect(await backend.open(LATER)).toEqual(['notes', 'audit'])
})

const people = {
  name: 'people',
  schema: z.object({ id: z.string(), mood: z.string(), team: z.string().optional() }),
  key: 'id',
} as const
const earlier = defineCollection({ ...people, fields: { team: 'index' } })
const later = defineCollection({ ...people, fields: { team: 'index', mood: 'index' } })

function storeOn(options: PostgresOptions) {
  const store = createStore({ backend: postgres({ max: 4, ...options }) })
  onTestFinished(() => store.close())
  return store
}

test('the rewriting of rows that was broken off is finished by the next opening', async () => {
  const place = own()
  await using proxy = await tcpProxy(connectionString)
  const first = storeOn(place)
  const ids = Array.from({ length: 1_200 }, (_, index) => `p${String(index).padStart(4, '0')}`)
  await first.collection(earlier).putMany(ids.map((id) => ({ id, mood: 'calm' })))
  const broken = createStore({
    backend: postgres({ ...place, connectionString: proxy.url(connectionString) }),
  })
  const trap = proxy.trap({ from: 'client', contains: 'p0700', moment: 'before' })
  await expect(broken.collection(later).count()).rejects.toThrow()
  expect(trap.isSprung).toBe(true)
  const raw = await rawConnection(connectionString)
  const rewritten = `SELECT count(*)::int AS count FROM "${place.schema}".people WHERE mood = 'calm'`
  const { count } = (await raw.query(rewritten)).rows[0]
  // Some and not all.
  expect(count).toBeGreaterThan(0)
  expect(count).toBeLessThan(ids.length)
  await broken.close()
  const next = storeOn(place)
  expect(await next.collection(later).count({ mood: 'calm' })).toBe(1_200)
  expect((await raw.query(`SELECT reindexed FROM "${place.schema}"._coffer_layouts`)).rows).toEqual([
    { reindexed: true },
  ])
})

test('an earlier release reads and writes on while a later one opens, and nothing is lost', async () => {
  const place = own()
  const [old, late] = [storeOn(place).collection(earlier), storeOn(place).collection(later)]
  const ids = Array.from({ length: 1_000 }, (_, index) => `before${index}`)
  await old.putMany(ids.map((id) => ({ id, mood: 'calm', team: 'a' })))
  const acknowledged: string[] = [...ids]
  let isOpen = false
  let reads = 0
  const writing = Array.from({ length: 4 }, async (_, writer) => {
    for (let count = 0; !isOpen || count < 20; count++) {
      const id = `during${writer}-${count}`
      await old.put({ id, mood: 'brisk', team: 'b' })
      acknowledged.push(id)
    }
  })
  const reading = async () => {
    for (; !isOpen; reads++) expect((await old.get('before7'))?.mood).toBe('calm')
  }
  const opening = late.count().then(() => {
    isOpen = true
  })
  await Promise.all([opening, reading(), ...writing])
  expect(reads).toBeGreaterThan(0)
  expect(await late.count()).toBe(acknowledged.length)
  const stored = await late.getMany(acknowledged)
  expect(stored.map((record) => record?.id)).toEqual(acknowledged)
  // What was there before has the new field's value; what the earlier release wrote meanwhile may lack it.
  expect(await late.count({ mood: 'calm' })).toBe(1_000)
  const missing = acknowledged.length - (await late.count({ mood: { in: ['calm', 'brisk'] } }))
  expect((await late.verify()).damaged).toBe(missing)
})
