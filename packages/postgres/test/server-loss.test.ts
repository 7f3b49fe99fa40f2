/** A server that goes away under load, comes back, or stands still. */

import {
  createDatabase,
  type PostgresServer,
  startPostgres,
  type TestDatabase,
} from '@coffer-tooling/postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { opened } from './backends.ts'
import { Ear, EVERYTHING, note } from './ear.ts'
import { AT, group, put } from './layouts.ts'
import { freshSchema } from './places.ts'
import { fate, type Rig, rig, tally, timedFate } from './rig.ts'

let server: PostgresServer
let database: TestDatabase

beforeAll(async () => {
  server = await startPostgres({ kind: 'embedded', durable: true })
  database = await createDatabase(server)
})
afterAll(async () => {
  // A test that failed may have left it so.
  server.process?.thaw()
  await database.drop()
  await server.stop()
})

/** How often the server is lost. More by COFFER_TEST_RESTARTS, for a night. */
const RESTARTS = Number(process.env.COFFER_TEST_RESTARTS ?? 3)
/** How soon the store must be back when the server is. */
const RECOVERY_MS = 2_000

/** Callers in loops, until they are told to stop; each call's fate is noted. */
function load(subject: Rig, callers: number) {
  const fates: string[] = []
  const begun = new Set<string>()
  let isOver = false
  let turn = 0
  const loop = async (call: (id: string) => Promise<unknown>) => {
    while (!isOver) {
      turn++
      const id = `load ${turn}`
      fates.push(await fate(call(id)))
      // A refusal may come at once; the others and the server need their turn, too.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const pair = (id: string) => {
    begun.add(id)
    return subject.putTogether([`${id} a`, `${id} b`])
  }
  const loops = Array.from({ length: callers }, (_, index) => {
    if (index % 4 === 0) return loop((id) => subject.marks.find({ where: { group: id } }))
    if (index % 4 === 1) return loop(pair)
    return loop((id) => subject.put(id))
  })
  return {
    fates,
    pairs: begun,
    stop: async () => {
      isOver = true
      await Promise.all(loops)
    },
  }
}

/** Waits until a put is acknowledged, and answers how long that took. */
async function recovery(subject: Rig): Promise<number> {
  const start = performance.now()
  while ((await fate(subject.put(`back ${performance.now()}`))) !== 'ok') {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return performance.now() - start
}

const EXPECTED = new Set(['ok', 'UNAVAILABLE', 'OUTCOME_UNKNOWN', 'TIMEOUT', 'CONFLICT'])

test('immediate restarts under load lose nothing that was acknowledged, and tear no transaction', async () => {
  await using subject = await rig(database, { max: 8, statementTimeoutMs: 2_000, connectTimeoutMs: 2_000 })
  await subject.store.open()
  const work = load(subject, 16)
  for (let restart = 0; restart < RESTARTS; restart++) {
    // In full swing, at another moment each time.
    const target = subject.acknowledged.size + 200 + 37 * restart
    while (subject.acknowledged.size < target) await new Promise((resolve) => setImmediate(resolve))
    await server.process?.restart('immediate')
    expect(await recovery(subject)).toBeLessThan(RECOVERY_MS)
  }
  await work.stop()
  expect(work.fates.filter((each) => !EXPECTED.has(each))).toEqual([])
  expect(work.fates.filter((each) => each !== 'ok').length).toBeGreaterThan(0)
  await subject.expectSound(JSON.stringify(tally(work.fates)))
  const stored = await subject.stored()
  const torn = [...work.pairs].filter((id) => stored.has(`${id} a`) !== stored.has(`${id} b`))
  expect(torn).toEqual([])
  expect(subject.acknowledged.size).toBeGreaterThan(200 * RESTARTS)
})

test('a server that stands still ends calls in time, and is used again when it goes on', async () => {
  await using subject = await rig(database, { max: 8, statementTimeoutMs: 200, connectTimeoutMs: 300 })
  await subject.store.open()
  const work = load(subject, 16)
  while (subject.acknowledged.size < 100) await new Promise((resolve) => setImmediate(resolve))
  const warm = await timedFate(subject.put('warm'))
  expect(warm.fate).toBe('ok')
  server.process?.freeze()
  const ended = await Promise.all([
    timedFate(subject.marks.put({ id: 'frozen', group: 'g' })),
    timedFate(subject.marks.get('warm')),
    timedFate(subject.marks.find({})),
    timedFate(subject.putTogether(['frozen a', 'frozen b'])),
    timedFate(subject.store.cleanupExpired()),
  ])
  await work.stop()
  server.process?.thaw()
  expect(await recovery(subject)).toBeLessThan(RECOVERY_MS)
  expect(ended.filter(({ fate }) => fate !== 'TIMEOUT' && fate !== 'OUTCOME_UNKNOWN')).toEqual([])
  expect(work.fates.filter((each) => !EXPECTED.has(each))).toEqual([])
  // The wait for a connection, then statement timeout, grace and the request to cancel, and slack.
  const longest = Math.max(...ended.map(({ ms }) => ms))
  expect(longest).toBeLessThan(2 * (300 + 200 + 500 + 1_000) + 1_000)
  await subject.expectSound()
  const stored = await subject.stored()
  expect(stored.has('frozen a')).toBe(stored.has('frozen b'))
})

test('after an immediate restart a store that listens knows that it has missed something, and hears again', async () => {
  const options = { connectionString: database.url, schema: freshSchema() }
  const writer = await opened({ ...options, notify: true })
  const ear = await Ear.of(await opened(options))
  for (let restart = 0; restart < 3; restart++) {
    await server.process?.restart('immediate')
    await ear.until(EVERYTHING)
    await ear.until(EVERYTHING)
    // The writer's connections were lost, too.
    while ((await fate(writer.write([group(put('a'))], AT))) !== 'ok') await new Promise(setImmediate)
    expect(await ear.heard(writer)).toContain(note('a'))
  }
})

test('a store closes in time although the server stands still', async () => {
  await using subject = await rig(database, { connectTimeoutMs: 300 })
  await subject.put('first')
  server.process?.freeze()
  const closing = await timedFate(subject.store.close())
  server.process?.thaw()
  expect(closing.fate).toBe('ok')
  expect(closing.ms).toBeLessThan(300 + 500)
})
