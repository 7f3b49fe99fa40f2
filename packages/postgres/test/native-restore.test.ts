/** Dumps put back: with the real programs where there are any, and with a false one for what it is told and says. */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Backend, PostgresOptions } from '@coffer/core/backend'
import { expect, test, vi } from 'vitest'
import { backendFor, opened, rawConnection } from './backends.ts'
import { AT, AUDIT, entry, group, NOTES, put } from './layouts.ts'
import { falseProgram, systemServer, temporaryFolder } from './native-copies.ts'
import { fileDatabase, freshSchema } from './places.ts'
import { fate } from './rig.ts'

const database = fileDatabase()
const withPrograms = systemServer()
const NO_PROGRAMS = 'no PostgreSQL with its programs is installed here'
const OTHERS = { ...NOTES, name: 'others' }

type Restoring = Parameters<NonNullable<NonNullable<Backend['contents']>['nativeRestore']>>[1]

function restoreInto({ contents }: Backend, path: string, options: Restoring = { onlyIfEmpty: true }) {
  return contents?.nativeRestore?.(path, options) ?? Promise.reject(new Error('no native restore'))
}

function rowsOf(backend: Backend) {
  return backend.contents?.snapshot(async (snapshot) =>
    Promise.all(
      snapshot.layouts.map(async ({ layout, stale }) => ({
        layout,
        stale,
        rows: await snapshot.rows(layout, undefined, 10_000),
        floors: await snapshot.floors(layout, undefined, 100),
      })),
    ),
  )
}

/** A dump of a store with rows of two tenants. */
async function aDump(options: PostgresOptions) {
  const source = await opened(options, [NOTES, AUDIT])
  const text = JSON.stringify({ text: 'x'.repeat(5_000) })
  await source.write(
    [group(put('a'), put('b', { tenant: 'u' }), put('c', { document: text }), entry('e'))],
    AT,
  )
  const path = join(await temporaryFolder(), 'copy.dump')
  await source.contents?.nativeBackup?.(path)
  const rows = await rowsOf(source)
  await source.close()
  return { path, rows }
}

test.for([true, false])(
  'a dump goes into a database without the schema, with row-level security %s',
  async (rowLevelSecurity, { skip }) => {
    const [from, to] = [
      (await withPrograms()) ?? skip(NO_PROGRAMS),
      (await withPrograms()) ?? skip(NO_PROGRAMS),
    ]
    const { path, rows } = await aDump({ connectionString: from.url, rowLevelSecurity })
    const target = backendFor({ connectionString: to.url, rowLevelSecurity })
    await restoreInto(target, path)
    expect(await rowsOf(target)).toEqual(rows)
    await target.open([NOTES, AUDIT])
    await target.write([group(put('d'))], AT)
    const raw = await rawConnection(to.url)
    const tables = await raw.query(
      `SELECT DISTINCT relforcerowsecurity AS forced FROM pg_class WHERE relname IN ('notes', '_coffer_floors')`,
    )
    expect(tables.rows).toEqual([{ forced: rowLevelSecurity }])
    await expect(raw.query('TRUNCATE coffer.audit')).rejects.toMatchObject({ code: '0A000' })
  },
)

test('a dump goes over rows only where that is allowed, and then nothing else is left', async ({ skip }) => {
  const there = (await withPrograms()) ?? skip(NO_PROGRAMS)
  const { path, rows } = await aDump({ connectionString: there.url })
  const target = await opened({ connectionString: there.url }, [NOTES, AUDIT])
  await target.write([group(put('later'), put('a', { document: '{"changed":1}' }))], AT)
  const changed = await rowsOf(target)
  expect(await fate(restoreInto(target, path))).toBe('ALREADY_EXISTS')
  expect(await rowsOf(target)).toEqual(changed)
  await restoreInto(target, path, { onlyIfEmpty: false })
  expect(await rowsOf(target)).toEqual(rows)
})

test('a dump goes over empty tables', async ({ skip }) => {
  const [from, to] = [
    (await withPrograms()) ?? skip(NO_PROGRAMS),
    (await withPrograms()) ?? skip(NO_PROGRAMS),
  ]
  const { path, rows } = await aDump({ connectionString: from.url })
  const target = await opened({ connectionString: to.url })
  await restoreInto(target, path)
  expect(await rowsOf(target)).toEqual(rows)
})

const BAD: readonly [what: string, change: (dump: Buffer) => Buffer, code: string][] = [
  ['cut within its data', (dump) => dump.subarray(0, dump.length - 60), 'CORRUPT'],
  ['cut within its contents', (dump) => dump.subarray(0, 500), 'CORRUPT'],
  ['its beginning alone', () => Buffer.from('PGDMP'), 'CORRUPT'],
  ['no dump', () => Buffer.from('hello'), 'CORRUPT'],
  [
    'of another version',
    (dump) => Buffer.concat([dump.subarray(0, 6), Buffer.of(99), dump.subarray(7)]),
    'UNSUPPORTED',
  ],
]

test.for(BAD)(
  'a file that is %s is refused, and everything is as it was',
  async ([, change, code], { skip }) => {
    const there = (await withPrograms()) ?? skip(NO_PROGRAMS)
    const { path } = await aDump({ connectionString: there.url })
    await writeFile(path, change(await readFile(path)))
    const target = await opened({ connectionString: there.url }, [NOTES, AUDIT])
    await target.write([group(put('later'))], AT)
    const before = await rowsOf(target)
    expect(await fate(restoreInto(target, path, { onlyIfEmpty: false }))).toBe(code)
    expect(await rowsOf(target)).toEqual(before)
  },
)

test('a dump of another schema, and one that knows less tables, are refused with what to do', async ({
  skip,
}) => {
  const there = (await withPrograms()) ?? skip(NO_PROGRAMS)
  const { path } = await aDump({ connectionString: there.url })
  const other = backendFor({ connectionString: there.url, schema: 'elsewhere' })
  await expect(restoreInto(other, path)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/holds the schema coffer.*in the schema elsewhere/),
  })
  const target = await opened({ connectionString: there.url }, [OTHERS])
  const before = await rowsOf(target)
  await expect(restoreInto(target, path, { onlyIfEmpty: false })).rejects.toMatchObject({
    code: 'ALREADY_EXISTS',
    message: expect.stringContaining('table others'),
  })
  expect(await rowsOf(target)).toEqual(before)
})

test('what somebody has made on the tables stops a restore, and everything is as it was', async ({
  skip,
}) => {
  const there = (await withPrograms()) ?? skip(NO_PROGRAMS)
  const { path, rows } = await aDump({ connectionString: there.url })
  const raw = await rawConnection(there.url)
  await raw.query('CREATE VIEW seen AS SELECT _id FROM coffer.notes')
  await raw.end()
  const target = backendFor({ connectionString: there.url })
  const failure = await restoreInto(target, path, { onlyIfEmpty: false }).catch((error: unknown) => error)
  expect(failure).toMatchObject({
    code: 'ALREADY_EXISTS',
    cause: { message: expect.stringContaining('cannot drop') },
  })
  expect(await rowsOf(target)).toEqual(rows)
})

test('a restore that waits is ended by a signal, also in the server, and nothing has changed', async ({
  skip,
}) => {
  const there = (await withPrograms()) ?? skip(NO_PROGRAMS)
  const { path, rows } = await aDump({ connectionString: there.url })
  const raw = await rawConnection(there.url)
  await raw.query('BEGIN; LOCK TABLE coffer.notes IN ACCESS SHARE MODE')
  const stop = new AbortController()
  const target = backendFor({ connectionString: there.url })
  const restoring = fate(restoreInto(target, path, { onlyIfEmpty: false, signal: stop.signal }))
  await vi.waitFor(
    async () => {
      const { rows: waiting } = await raw.query('SELECT 1 FROM pg_locks WHERE NOT granted')
      expect(waiting).toHaveLength(1)
    },
    { timeout: 20_000 },
  )
  stop.abort()
  expect(await restoring).toBe('ABORTED')
  const { rows: left } = await raw.query('SELECT 1 FROM pg_locks WHERE NOT granted')
  expect(left).toEqual([])
  await raw.query('ROLLBACK')
  await raw.end()
  expect(await rowsOf(target)).toEqual(rows)
})

test('a program that fails when the server has committed has restored', async ({ skip }) => {
  const there = (await withPrograms()) ?? skip(NO_PROGRAMS)
  const { path, rows } = await aDump({ connectionString: there.url })
  const target = await opened({ connectionString: there.url }, [NOTES, AUDIT])
  await target.write([group(put('later'))], AT)
  await falseProgram(
    'PG_RESTORE',
    `require('node:child_process').spawnSync('pg_restore', words, { stdio: 'inherit' })\n` +
      `process.exitCode = words.includes('--list') ? 0 : 1`,
  )
  await restoreInto(target, path, { onlyIfEmpty: false })
  expect(await rowsOf(target)).toEqual(rows)
})

/** A false pg_restore that lists a dump of the schema; the body is what it does instead of restoring. */
function falseRestore(schema: string, body: string, dumpedBy = 15) {
  const tables = ['_coffer_meta', '_coffer_layouts', '_coffer_floors', 'notes']
  const entries = tables.map((table, index) => `${index}; 1259 1 TABLE ${schema} ${table} me`)
  const list = [
    `;     Dumped by pg_dump version: ${dumpedBy}.1`,
    `9; 2615 1 SCHEMA - ${schema} me`,
    ...entries,
  ]
  return falseProgram(
    'PG_RESTORE',
    `if (words.includes('--list')) console.log(${JSON.stringify(list.join('\n'))})\nelse { ${body} }`,
  )
}

async function falseTarget(options: PostgresOptions, body: string, dumpedBy?: number) {
  const schema = freshSchema()
  const program = await falseRestore(schema, body, dumpedBy)
  const path = join(await temporaryFolder(), 'copy.dump')
  await writeFile(path, 'PGDMP')
  const target = await opened({ connectionString: (await database()).url, schema, ...options })
  return { ...program, target, path }
}

test('the program is told the password and the place where nobody sees them', async () => {
  const { call, target, path } = await falseTarget({ rowLevelSecurity: true }, '')
  await restoreInto(target, path)
  const { password, hostname, port, pathname } = new URL((await database()).url)
  const { words, env } = await call()
  expect(words.join(' ')).not.toContain(decodeURIComponent(password))
  expect(words.join(' ')).not.toContain(pathname.slice(1))
  expect(words).toEqual(expect.arrayContaining(['--single-transaction', '--exit-on-error', '--clean']))
  expect(env).toMatchObject({
    PGPASSWORD: decodeURIComponent(password),
    PGHOST: decodeURIComponent(hostname),
    PGPORT: port,
    PGDATABASE: pathname.slice(1),
  })
})

test('where there is no schema nothing is taken away', async () => {
  const schema = freshSchema()
  const { call } = await falseRestore(schema, '')
  const path = join(await temporaryFolder(), 'copy.dump')
  await writeFile(path, 'PGDMP')
  await restoreInto(backendFor({ connectionString: (await database()).url, schema }), path)
  expect((await call()).words).not.toContain('--clean')
})

test('what the program quotes of rows is told to nobody', async () => {
  const said = [
    'pg_restore: error: COPY failed for table "notes": ERROR:  invalid input syntax for type json: "secret 1"',
    'DETAIL:  Failing row contains (secret 2',
    'pg_restore: secret 3)',
    'CONTEXT:  COPY notes, line 1: "secret 4"',
  ].join('\n')
  const { target, path } = await falseTarget(
    {},
    `process.stderr.write(${JSON.stringify(said)}); process.exitCode = 1`,
  )
  const failure = await restoreInto(target, path).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'CORRUPT', cause: { message: expect.stringContaining('"notes"') } })
  expect(`${failure} ${(failure as Error).cause}`).not.toContain('secret')
})

test.for<[string, string, string]>([
  [
    'error: connection to server at "h" failed: FATAL:  password authentication failed',
    'PERMISSION_DENIED',
    'authentication',
  ],
  [
    'error: could not execute query: ERROR:  permission denied for database x',
    'PERMISSION_DENIED',
    'database x',
  ],
  ['error: could not execute query: ERROR:  role "reader" does not exist', 'UNSUPPORTED', '"reader"'],
  ['error: could not execute query: ERROR:  whatever "secret"', 'UNSUPPORTED', 'left out'],
  [
    'error: could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"',
    'UNSUPPORTED',
    'timeout',
  ],
  [
    'error: error returned by PQputCopyData: server closed the connection unexpectedly',
    'UNAVAILABLE',
    'closed',
  ],
])('%s is %s', async ([said, code, told]) => {
  const text = JSON.stringify(`pg_restore: ${said}\n`)
  const { target, path } = await falseTarget({}, `process.stderr.write(${text}); process.exitCode = 1`)
  const failure = await restoreInto(target, path).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code, cause: { message: expect.stringContaining(told) } })
})

test('a program that is missing, or older than the dump, is asked for', async () => {
  const { target, path } = await falseTarget({}, '', 100)
  await expect(restoreInto(target, path)).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('postgresql-client-100'),
  })
  vi.stubEnv('PG_RESTORE', join(await temporaryFolder(), 'nothing'))
  await expect(restoreInto(target, path)).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('PG_RESTORE'),
  })
})

test('no file, and a store that is read-only, are told before anything is run', async () => {
  const connectionString = (await database()).url
  const target = backendFor({ connectionString, schema: freshSchema() })
  expect(await fate(restoreInto(target, join(await temporaryFolder(), 'none')))).toBe('NOT_FOUND')
  expect(await fate(restoreInto(target, ''))).toBe('INVALID_ARGUMENT')
  expect(await fate(restoreInto(backendFor({ connectionString, readOnly: true }), 'any'))).toBe('READ_ONLY')
})
