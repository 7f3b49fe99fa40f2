import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { systemBinaries } from '../src/binaries.ts'
import {
  createDatabase,
  NoPostgresError,
  type PostgresServer,
  type ServerProcess,
  startPostgres,
} from '../src/index.ts'
import { isAlive } from '../src/processes.ts'
import { sharedServer } from '../src/shared-server.ts'
import { connected, endOf } from './clients.ts'
import { fakeEngine } from './fake-engine.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

async function setting(server: PostgresServer, name: string): Promise<string | undefined> {
  const client = await connected(server.url)
  const { rows } = await client.query<{ value: string }>('SELECT current_setting($1) AS value', [name])
  await client.end()
  return rows[0]?.value
}

/** The control over a server of this machine. */
function processOf(server: PostgresServer) {
  if (server.process === undefined) throw new Error(`a server of the kind '${server.kind}' has no process`)
  return server.process
}

describe('the roads', () => {
  test('an embedded server is PostgreSQL 18, on 127.0.0.1 alone, and leaves nothing behind', async () => {
    const server = await startPostgres({ kind: 'embedded', settings: { work_mem: '5MB' } })
    const { dataDirectory, pid } = processOf(server)
    const postmaster = pid()
    expect(server.kind).toBe('embedded')
    expect(Math.floor(server.version / 10_000)).toBe(18)
    expect(await setting(server, 'listen_addresses')).toBe('127.0.0.1')
    expect(await setting(server, 'unix_socket_directories')).toBe('')
    expect(await setting(server, 'max_connections')).toBe('200')
    expect(await setting(server, 'work_mem')).toBe('5MB')
    expect(await setting(server, 'fsync')).toBe('off')
    await server.stop()
    await server.stop()
    expect(existsSync(dataDirectory)).toBe(false)
    expect(isAlive(postmaster)).toBe(false)
  })

  test('a durable server has the settings of PostgreSQL', async () => {
    await using server = await startPostgres({ kind: 'embedded', durable: true })
    expect(server.copiesFiles).toBe(false)
    expect(await setting(server, 'fsync')).toBe('on')
    expect(await setting(server, 'full_page_writes')).toBe('on')
    await using database = await createDatabase(server)
    await connected(database.url).then((client) => client.end())
  })

  test('the PostgreSQL of the system runs too, or the error says that it is not installed', async () => {
    if (systemBinaries() === undefined) {
      await expect(startPostgres({ kind: 'system' })).rejects.toThrow(/No PostgreSQL is installed here/)
      return
    }
    await using server = await startPostgres({ kind: 'system' })
    expect(server.kind).toBe('system')
    await using database = await createDatabase(server)
    await connected(database.url).then((client) => client.end())
  })

  test('a system without PostgreSQL is told so', async () => {
    vi.stubEnv('COFFER_TEST_POSTGRES_BIN', import.meta.dirname)
    await expect(startPostgres({ kind: 'system' })).rejects.toThrow(NoPostgresError)
  })

  test('a server that is given is used, and cleared of what the run has left on it', async () => {
    const shared = sharedServer()
    vi.stubEnv('COFFER_TEST_POSTGRES_URL', shared.url)
    const server = await startPostgres()
    expect(server.kind).toBe('given')
    expect(server.version).toBe(shared.version)
    const left = await createDatabase(server)
    const client = await connected(left.url)
    const ended = endOf(client)
    await server.stop()
    await ended
    const superuser = await connected(shared.url)
    const { rows } = await superuser.query(
      `SELECT datname FROM pg_database WHERE datname = $1 UNION ALL SELECT rolname FROM pg_roles WHERE rolname = $2`,
      [left.name, left.owner.name],
    )
    expect(rows).toEqual([])
  })

  test.each([
    ['no URL', 'somewhere', 'not set to a URL with a host'],
    ['a server that is not there', 'postgresql://postgres@127.0.0.1:1/postgres', 'does not answer'],
  ])('%s in the variable is an error, not a reason for another road', async (_, url, says) => {
    vi.stubEnv('COFFER_TEST_POSTGRES_URL', url)
    await expect(startPostgres()).rejects.toThrow(says)
    await expect(startPostgres()).rejects.toThrow(NoPostgresError)
  })

  test('a role that is no superuser is refused', async () => {
    await using database = await createDatabase(sharedServer())
    vi.stubEnv('COFFER_TEST_POSTGRES_URL', database.url)
    await expect(startPostgres()).rejects.toThrow("must be a superuser's")
  })

  test('a server that is given takes no settings', async () => {
    vi.stubEnv('COFFER_TEST_POSTGRES_URL', sharedServer().url)
    await expect(startPostgres({ settings: { fsync: 'on' } })).rejects.toThrow('unset the variable')
  })

  test('a setting that the server refuses is told with its own words', async () => {
    await expect(startPostgres({ kind: 'embedded', settings: { fsync: 'perhaps' } })).rejects.toThrow(
      'parameter "fsync" requires a Boolean value',
    )
  })

  test('an engine that answers and then fails gives way to the embedded server, with a word about it', async () => {
    await using engine = await fakeEngine((path) => (path === '/_ping' ? 200 : 500))
    vi.stubEnv('COFFER_TEST_POSTGRES_URL', '')
    vi.stubEnv('DOCKER_HOST', engine.host)
    const warn = vi.spyOn(console, 'warn').mockReturnValue(undefined)
    await using server = await startPostgres()
    expect(server.kind).toBe('embedded')
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('No PostgreSQL in a container'))
  })
})

describe('control over the process', () => {
  let server: PostgresServer
  let control: ServerProcess
  beforeAll(async () => {
    server = await startPostgres({ kind: 'embedded', settings: { work_mem: '5MB' } })
    control = processOf(server)
    return () => server.stop()
  })

  test('a restart keeps the port, the data and the settings', async () => {
    const client = await connected(server.url)
    await client.query('CREATE TABLE kept AS SELECT 1')
    for (const mode of ['fast', 'immediate'] as const) {
      const before = control.pid()
      await control.restart(mode)
      expect(control.pid()).not.toBe(before)
    }
    const again = await connected(server.url)
    expect((await again.query('SELECT FROM kept')).rowCount).toBe(1)
    expect(await setting(server, 'work_mem')).toBe('5MB')
    expect(readFileSync(control.logFile, 'utf8')).toContain('automatic recovery in progress')
  })

  test('a server that was stopped refuses connections, and starts again', async () => {
    await control.stop('fast')
    expect(control.isRunning()).toBe(false)
    expect(() => control.pid()).toThrow()
    await expect(connected(server.url)).rejects.toThrow('ECONNREFUSED')
    await control.start()
    expect(control.isRunning()).toBe(true)
    await connected(server.url)
  })

  test('a frozen server keeps its connections and answers none, until it thaws', async () => {
    const client = await connected(server.url)
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    const pids = [control.pid(), rows[0]?.pid ?? 0]
    control.freeze()
    const answer = client.query('SELECT 1')
    await vi.waitUntil(() => pids.every((pid) => stateOf(pid).startsWith('T')), { interval: 1 })
    control.thaw()
    expect((await answer).rowCount).toBe(1)
  })

  test('a frozen server can be stopped, and its password opens no other', async () => {
    const url = new URL(server.url)
    url.port = new URL(sharedServer().url).port
    await expect(connected(url.href)).rejects.toThrow('password authentication failed')
    control.freeze()
    await server.stop()
    expect(existsSync(control.dataDirectory)).toBe(false)
  })
})

/** The state of a process, as `ps` shows it: `T` stands for stopped. */
function stateOf(pid: number): string {
  const stat = `/proc/${pid}/stat`
  if (!existsSync(stat)) return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  const text = readFileSync(stat, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2)
}

test('a process that dies by SIGKILL takes its server and its folder with it', async () => {
  const child = spawn(process.execPath, [`${import.meta.dirname}/forgetful.ts`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  const { pid, folder } = JSON.parse(String(line))
  expect(isAlive(pid)).toBe(true)
  child.kill('SIGKILL')
  await vi.waitUntil(() => !existsSync(folder), { timeout: 20_000, interval: 10 })
  expect(isAlive(pid)).toBe(false)
})
