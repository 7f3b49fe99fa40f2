/** Copies in PostgreSQL's own form: with the real program where there is one, and with a false one for what it is told. */

import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createDatabase, NoPostgresError, startPostgres } from '@coffer-tooling/postgres'
import { expect, onTestFinished, test, vi } from 'vitest'
import { opened } from './backends.ts'
import { AT, group, put } from './layouts.ts'
import { fileDatabase, freshSchema } from './places.ts'
import { fate } from './rig.ts'

const database = fileDatabase()

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'native-backup-'))
  onTestFinished(() => rm(made, { recursive: true, force: true }))
  return made
}

/** Puts a program in the place of `pg_dump`; it writes down how it was called. */
async function falseProgram(body: string, version = 99) {
  const path = await folder()
  const program = join(path, 'program')
  await writeFile(
    program,
    `#!${process.execPath}\nconst fs = require('node:fs')\n` +
      `if (process.argv[2] === '--version') { console.log('pg_dump (PostgreSQL) ${version}.1'); process.exit(0) }\n` +
      `fs.writeFileSync(${JSON.stringify(join(path, 'call'))}, JSON.stringify({ words: process.argv.slice(2), env: process.env }))\n${body}`,
  )
  await chmod(program, 0o700)
  vi.stubEnv('PG_DUMP', program)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  const call = async (): Promise<{ words: string[]; env: Record<string, string> }> =>
    JSON.parse(await readFile(join(path, 'call'), 'utf8'))
  return { call }
}

async function dumper(options = {}) {
  const { contents } = await opened({
    connectionString: (await database()).url,
    schema: freshSchema(),
    ...options,
  })
  return (path: string) => contents?.nativeBackup?.(path) ?? Promise.reject(new Error('no native backup'))
}

test('the program is told the password where nobody sees it, and the file is for its owner alone', async () => {
  const { call } = await falseProgram(`process.stdout.write('copy')`)
  const dump = await dumper({ rowLevelSecurity: true })
  const path = join(await folder(), 'copy.dump')
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

test('a password that is asked for is asked for here too', async () => {
  const { call } = await falseProgram('')
  const { hostname, port, pathname, username, password } = new URL((await database()).url)
  const dump = await dumper({
    connectionString: undefined,
    host: decodeURIComponent(hostname),
    port: Number(port),
    database: pathname.slice(1),
    user: username,
    password: async () => decodeURIComponent(password),
  })
  await dump(join(await folder(), 'copy.dump'))
  expect((await call()).env.PGPASSWORD).toBe(decodeURIComponent(password))
})

test('a copy that fails leaves no file', async () => {
  await falseProgram(
    `process.stdout.write('half'); process.stderr.write('no such table'); process.exitCode = 1`,
  )
  const dump = await dumper()
  const path = await folder()
  const failure = await dump(join(path, 'copy.dump')).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'UNAVAILABLE', cause: { message: 'no such table' } })
  expect(await readdir(path)).toEqual([])
})

test('what is at the path already is left alone', async () => {
  await falseProgram('')
  const path = join(await folder(), 'copy.dump')
  await writeFile(path, 'mine')
  expect(await fate((await dumper())(path))).toBe('ALREADY_EXISTS')
  expect(await readFile(path, 'utf8')).toBe('mine')
})

test.each(['older', 'missing'])('a program that is %s is asked for by its version', async (kind) => {
  await falseProgram('', 13)
  if (kind === 'missing') vi.stubEnv('PG_DUMP', join(await folder(), 'nothing'))
  const path = await folder()
  const failure = await (await dumper())(join(path, 'copy.dump')).catch((error: unknown) => error)
  expect(failure).toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringMatching(/postgresql-client-\d+/),
  })
  expect(await readdir(path)).toEqual([])
})

test('pg_restore reads what pg_dump wrote', async ({ skip }) => {
  const server = await startPostgres({ kind: 'system' }).catch((error: unknown) => {
    if (error instanceof NoPostgresError) return undefined
    throw error
  })
  if (server === undefined) return skip('no PostgreSQL with its programs is installed here')
  await using running = server
  await using there = await createDatabase(running)
  const backend = await opened({ connectionString: there.url, rowLevelSecurity: true })
  await backend.write([group(put('a'), put('b', { tenant: 'u' }))], AT)
  const path = join(await folder(), 'copy.dump')
  expect(await backend.contents?.nativeBackup?.(path)).toBe('pg_dump')
  await backend.close()
  const restored = await promisify(execFile)('pg_restore', ['--data-only', '--table=notes', '--file=-', path])
  expect(restored.stdout.split('\n').filter((line) => line.includes('"id":'))).toHaveLength(2)
})
