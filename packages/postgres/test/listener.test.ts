/** The connection that listens: lost, refused, kept waiting and closed, and nobody else is concerned. */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Backend, PostgresOptions } from '@coffer/core/backend'
import { tcpProxy } from '@coffer-tooling/postgres'
import pg from 'pg'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { postgres } from '../src/index.ts'
import { Listener } from '../src/listener.ts'
import { opened } from './backends.ts'
import { Ear, EVERYTHING, note, write as writeGroups } from './ear.ts'
import { group, NOTES, put } from './layouts.ts'
import { query } from './notes.ts'
import { fileDatabase, freshSchema } from './places.ts'
import { timedFate, uncaughtErrors } from './rig.ts'

const database = fileDatabase()
const write = (backend: Backend, id: string) => writeGroups(backend, group(put(id)))

beforeEach(() => {
  const uncaught = uncaughtErrors()
  return () => {
    uncaught[Symbol.dispose]()
    expect(uncaught.errors).toEqual([])
  }
})

let readers = 0

/** A backend that writes, and the options of one that is to hear it, under a name of its own. */
async function place(options: PostgresOptions = {}) {
  const shared = { connectionString: (await database()).url, schema: freshSchema() }
  const writer = await opened({ ...shared, notify: true })
  readers++
  return { writer, applicationName: `reader_${readers}`, options: { ...shared, ...options } }
}

/** The connections that listen, under a name. */
async function listening(applicationName: string): Promise<readonly number[]> {
  const { name, superuserUrl } = await database()
  const rows = await query(
    superuserUrl,
    `SELECT pid FROM pg_stat_activity
      WHERE datname = '${name}' AND application_name = '${applicationName}' AND query LIKE '%LISTEN%'`,
  )
  return rows.map(({ pid }) => Number(pid))
}

async function end(pids: readonly number[]): Promise<void> {
  const { superuserUrl } = await database()
  await query(superuserUrl, ...pids.map((pid) => `SELECT pg_terminate_backend(${pid})`))
}

/** Waits for the news of a loss, and of a new connection. */
async function gap(ear: Ear): Promise<void> {
  await ear.until(EVERYTHING)
  await ear.until(EVERYTHING)
}

test('when the server ends it, the gap is told twice, and hints come again', async () => {
  const { writer, applicationName, options } = await place()
  const ear = await Ear.of(await opened({ ...options, applicationName }))
  for (let round = 0; round < 10; round++) {
    const pids = await listening(applicationName)
    expect(pids).toHaveLength(1)
    await end(pids)
    await gap(ear)
    await write(writer, `after ${round}`)
    expect(await ear.heard(writer)).toEqual([note(`after ${round}`)])
  }
})

test('a password that can not be had for a while only delays it', async () => {
  const { host, port, user, password, database: name } = new pg.Client((await database()).url)
  let isHad = true
  const asked = vi.fn(() => {
    if (isHad) return String(password)
    throw new Error('no password')
  })
  const { writer, applicationName, options } = await place()
  const { connectionString: _, ...shared } = options
  const parts = { host, port, user: String(user), database: String(name), password: asked }
  const ear = await Ear.of(await opened({ ...shared, ...parts, applicationName }))
  isHad = false
  asked.mockClear()
  await end(await listening(applicationName))
  await ear.until(EVERYTHING)
  await vi.waitUntil(() => asked.mock.calls.length > 2, { interval: 1, timeout: 10_000 })
  isHad = true
  await ear.until(EVERYTHING)
  await write(writer, 'a')
  expect(await ear.heard(writer)).toEqual([note('a')])
})

test('a server that takes no more connections is no failure of the store, which hears when it does', async () => {
  const { writer, applicationName, options } = await place()
  await using proxy = await tcpProxy((await database()).url)
  const through = proxy.url(String(options.connectionString))
  const reader = await opened({ ...options, connectionString: through, applicationName })
  await reader.read(NOTES, [{ tenant: 't', id: 'a' }])
  proxy.refuse()
  const hearing = Ear.of(reader)
  await write(writer, 'a')
  expect((await reader.read(NOTES, [{ tenant: 't', id: 'a' }]))[0]?.id).toBe('a')
  await proxy.accept()
  const ear = await hearing
  await write(writer, 'b')
  expect(await ear.heard(writer)).toEqual([note('b')])
  await reader.close()
})

test('a server that is silent while it connects is given up, and tried again', async () => {
  const { writer, applicationName, options } = await place({ connectTimeoutMs: 200 })
  await using proxy = await tcpProxy((await database()).url)
  const through = proxy.url(String(options.connectionString))
  const reader = await opened({ ...options, connectionString: through, applicationName })
  proxy.pause()
  const before = proxy.accepted
  const hearing = Ear.of(reader)
  await vi.waitUntil(() => proxy.accepted > before + 1, { interval: 1, timeout: 10_000 })
  proxy.resume()
  const ear = await hearing
  await write(writer, 'b')
  expect(await ear.heard(writer)).toEqual([note('b')])
  await reader.close()
})

test('a client without a bound of its own, as of a lent pool, is given up as well', async () => {
  const { url } = await database()
  await using proxy = await tcpProxy(url)
  proxy.pause()
  const listener = new Listener({
    makeClient: () => new pg.Client({ connectionString: proxy.url(url) }),
    channel: 'coffer_any',
    timeoutMs: 50,
    onText: () => undefined,
    onGap: () => undefined,
  })
  await vi.waitUntil(() => proxy.accepted > 1, { interval: 1, timeout: 10_000 })
  await listener.close()
  proxy.resume()
  await vi.waitUntil(() => proxy.connections === 0, { interval: 1 })
})

test.each(['connects', 'listens'])('a store closes in time while it %s to a silent server', async (state) => {
  const { applicationName, options } = await place({ connectTimeoutMs: 300 })
  await using proxy = await tcpProxy((await database()).url)
  const through = proxy.url(String(options.connectionString))
  const reader = await opened({ ...options, connectionString: through, applicationName })
  if (state === 'listens') await Ear.of(reader)
  proxy.pause()
  if (state === 'connects') reader.watch?.(() => undefined)
  const closing = await timedFate(reader.close())
  expect(closing.fate).toBe('ok')
  expect(closing.ms).toBeLessThan(300 + 500)
})

test('a store that was closed is told nothing any more, and tries no more', async () => {
  const { writer, applicationName, options } = await place()
  await using proxy = await tcpProxy((await database()).url)
  const through = proxy.url(String(options.connectionString))
  const reader = await opened({ ...options, connectionString: through, applicationName })
  const heard: unknown[] = []
  const other = await Ear.of(await opened(options))
  reader.watch?.((changed) => heard.push(changed))
  await vi.waitUntil(() => heard.length === 1, { interval: 1 })
  await reader.close()
  const { accepted } = proxy
  await write(writer, 'a')
  await other.heard(writer)
  expect([heard, proxy.accepted]).toEqual([[undefined], accepted])
})

test('a hundred stores that listen leave no connection', async () => {
  const { options } = await place()
  const sockets = () => process.getActiveResourcesInfo().filter((each) => each === 'TCPSocketWrap').length
  const before = sockets()
  for (let round = 0; round < 100; round++) {
    const backend = postgres({ ...options, applicationName: 'leaving', max: 2 })
    await backend.open([NOTES])
    if (round % 2 === 0) await Ear.of(backend)
    else backend.watch?.(() => undefined)
    await backend.close()
  }
  expect(sockets()).toBeLessThanOrEqual(before)
  const left = async () =>
    (await (await database()).sessions()).filter((each) => each.applicationName === 'leaving')
  await vi.waitUntil(async () => (await left()).length === 0, { interval: 2 })
})

test('a process that does nothing else may end', async () => {
  const { options } = await place()
  const worker = fileURLToPath(new URL('./listening-worker.ts', import.meta.url))
  const { connectionString = '', schema = '' } = options
  const { stdout } = await promisify(execFile)(process.execPath, [worker, connectionString, schema], {
    timeout: 20_000,
  })
  expect(stdout).toBe('listening')
})

test('with a lent pool it is a connection beside the pool', async () => {
  const { writer, options } = await place()
  const { connectionString, ...shared } = options
  const pool = new pg.Pool({ connectionString, max: 1, application_name: 'lent' })
  onTestFinished(() => pool.end())
  const reader = await opened({ ...shared, pool })
  const ear = await Ear.of(reader)
  expect([pool.totalCount, pool.idleCount, (await listening('lent')).length]).toEqual([1, 1, 1])
  await write(writer, 'a')
  expect(await ear.heard(writer)).toEqual([note('a')])
  await reader.close()
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
})

test('a lent pool that shows no client is asked for none', async () => {
  const { options } = await place()
  const { connectionString, ...shared } = options
  const pool = new pg.Pool({ connectionString, max: 2, application_name: 'closed_pool' })
  onTestFinished(() => pool.end())
  const [connect, ask] = [pool.connect.bind(pool), pool.query.bind(pool)]
  const closed = {
    connect,
    query: ask,
    on: pool.on.bind(pool),
    off: pool.off.bind(pool),
    options: pool.options,
  }
  const reader = await opened({ ...shared, pool: closed })
  const onChange = vi.fn()
  reader.watch?.(onChange)
  await write(reader, 'a')
  await Ear.of(await opened(options))
  expect([onChange.mock.calls.length, (await listening('closed_pool')).length]).toEqual([0, 0])
})

test('it listens on the primary, not on a replica', async () => {
  const { writer, applicationName, options } = await place()
  await using replica = await tcpProxy((await database()).url)
  const readReplica = replica.url(String(options.connectionString))
  const ear = await Ear.of(await opened({ ...options, applicationName, readReplica }))
  await write(writer, 'a')
  expect(await ear.heard(writer)).toEqual([note('a')])
  expect(replica.accepted).toBe(0)
})

test('the server does not end it for being idle', async () => {
  const { owner, superuserUrl } = await database()
  const { writer, applicationName, options } = await place()
  await query(superuserUrl, `ALTER ROLE ${owner.name} SET idle_session_timeout = 50`)
  const ear = await Ear.of(await opened({ ...options, applicationName }))
  await query(superuserUrl, `ALTER ROLE ${owner.name} RESET idle_session_timeout`, 'SELECT pg_sleep(0.2)')
  await write(writer, 'a')
  expect(await ear.heard(writer)).toEqual([note('a')])
})
