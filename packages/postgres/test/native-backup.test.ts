/** Copies in PostgreSQL's own form: with the real program where there is one, and with a false one for what it is told. */

import { execFile } from 'node:child_process'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { opened } from './backends.ts'
import { AT, group, put } from './layouts.ts'
import { falseProgram, systemServer, temporaryFolder } from './native-copies.ts'
import { fileDatabase, freshSchema } from './places.ts'
import { fate } from './rig.ts'

const database = fileDatabase()
const withPrograms = systemServer()

async function dumper(options = {}) {
  const { contents } = await opened({
    connectionString: (await database()).url,
    schema: freshSchema(),
    ...options,
  })
  return (path: string, signal?: AbortSignal) =>
    contents?.nativeBackup?.(path, signal && { signal }) ?? Promise.reject(new Error('no native backup'))
}

test('the program is told the password where nobody sees it, and the file is for its owner alone', async () => {
  const { call } = await falseProgram('PG_DUMP', `process.stdout.write('copy')`)
  const dump = await dumper({ rowLevelSecurity: true })
  const path = join(await temporaryFolder(), 'copy.dump')
  expect(await dump(path)).toBe('pg_dump')
  expect(await readFile(path, 'utf8')).toBe('copy')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  const { password, hostname, port } = new URL((await database()).url)
  const { words, env } = await call()
  expect(words.join(' ')).not.toContain(password)
  expect(env).toMatchObject({ PGPASSWORD: decodeURIComponent(password), PGPORT: port })
  expect(env.PGHOST).toBe(decodeURIComponent(hostname))
  expect(words).toContain('--enable-row-security')
})

test('the environment sends the program to no other server', async () => {
  const { call } = await falseProgram('PG_DUMP', '')
  const others = {
    PGHOSTADDR: '127.0.0.9',
    PGSERVICE: 'theirs',
    PGSERVICEFILE: '/theirs',
    PGSSLCRL: '/theirs',
  }
  for (const [name, value] of Object.entries(others)) vi.stubEnv(name, value)
  await (await dumper())(join(await temporaryFolder(), 'copy.dump'))
  expect(Object.keys((await call()).env).filter((name) => name in others)).toEqual([])
})

test('a password that is asked for is asked for here too', async () => {
  const { call } = await falseProgram('PG_DUMP', '')
  const { hostname, port, pathname, username, password } = new URL((await database()).url)
  const dump = await dumper({
    connectionString: undefined,
    host: decodeURIComponent(hostname),
    port: Number(port),
    database: pathname.slice(1),
    user: username,
    password: async () => decodeURIComponent(password),
  })
  await dump(join(await temporaryFolder(), 'copy.dump'))
  expect((await call()).env.PGPASSWORD).toBe(decodeURIComponent(password))
})

test('a copy that fails leaves no file', async () => {
  await falseProgram(
    'PG_DUMP',
    `process.stdout.write('half'); process.stderr.write('no such table'); process.exitCode = 1`,
  )
  const dump = await dumper()
  const path = await temporaryFolder()
  const failure = await dump(join(path, 'copy.dump')).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'UNAVAILABLE', cause: { message: 'no such table' } })
  expect(await readdir(path)).toEqual([])
})

test('a signal ends the program, and nothing is left', async () => {
  const { call } = await falseProgram('PG_DUMP', 'setInterval(() => undefined, 1_000)')
  const path = await temporaryFolder()
  const stop = new AbortController()
  const dumping = fate((await dumper())(join(path, 'copy.dump'), stop.signal))
  await vi.waitFor(call, { timeout: 10_000 })
  stop.abort()
  expect(await dumping).toBe('ABORTED')
  expect(await readdir(path)).toEqual([])
})

test('what is at the path already is left alone', async () => {
  await falseProgram('PG_DUMP', '')
  const path = join(await temporaryFolder(), 'copy.dump')
  await writeFile(path, 'mine')
  expect(await fate((await dumper())(path))).toBe('ALREADY_EXISTS')
  expect(await readFile(path, 'utf8')).toBe('mine')
})

test.each(['older', 'missing', 'another'])(
  'a program that is %s is asked for by its version',
  async (kind) => {
    await falseProgram('PG_DUMP', '', 13)
    if (kind === 'missing') vi.stubEnv('PG_DUMP', join(await temporaryFolder(), 'nothing'))
    if (kind === 'another') vi.stubEnv('PG_DUMP', process.execPath)
    const path = await temporaryFolder()
    const failure = await (await dumper())(join(path, 'copy.dump')).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/^(?!.*NaN).*postgresql-client-\d+/),
    })
    expect(await readdir(path)).toEqual([])
  },
)

test('pg_restore reads what pg_dump wrote', async ({ skip }) => {
  const there = (await withPrograms()) ?? skip('no PostgreSQL with its programs is installed here')
  const backend = await opened({ connectionString: there.url, rowLevelSecurity: true })
  await backend.write([group(put('a'), put('b', { tenant: 'u' }))], AT)
  const path = join(await temporaryFolder(), 'copy.dump')
  expect(await backend.contents?.nativeBackup?.(path)).toBe('pg_dump')
  await backend.close()
  const restored = await promisify(execFile)('pg_restore', ['--data-only', '--table=notes', '--file=-', path])
  expect(restored.stdout.split('\n').filter((line) => line.includes('"id":'))).toHaveLength(2)
})
