import { expect, test } from 'vitest'
import * as z from 'zod'
import { parseConfig, parseOptions } from '../src/config.ts'
import { JoinedReads } from '../src/joined-reads.ts'
import { loadBackend } from '../src/load-backend.ts'
import { postgresOptions } from '../src/postgres-options.ts'
import { fakeBackend } from './fake-backend.ts'
import { refusalOf } from './refused.ts'

const backend = fakeBackend()
const reads = new JoinedReads(1, () => true)

test.each<[string, unknown, RegExp]>([
  ['nothing', undefined, /takes a config, such as/],
  ['no type', {}, /'type' says which backend: 'memory', 'file', 'sqlite', 'postgresql'/],
  ['an unknown type', { type: 'mysql' }, /unknown backend type 'mysql'; known are 'memory'/],
  ['a name from the prototype', { type: 'constructor' }, /unknown backend type 'constructor'/],
  [
    'an option of no store',
    { type: 'memory', timeoutMS: 1 },
    /unknown option 'timeoutMS'; known are tenant, clock/,
  ],
  [
    'an option of no sqlite',
    { type: 'sqlite', path: 'a', file: 'b' },
    /unknown option 'file'; known are path, durability/,
  ],
  [
    'a way to migrate that sqlite has not',
    { type: 'sqlite', path: 'a', migrate: 'never' },
    /option 'migrate'/,
  ],
  [
    'a way to migrate that a directory has not',
    { type: 'file', basePath: 'a', migrate: true },
    /option 'migrate'/,
  ],
  ['no path', { type: 'sqlite' }, /option 'path'/],
  ['a durability of its own', { type: 'sqlite', path: 'a', durability: 'full' }, /option 'durability'/],
  [
    'a prefix that SQL would not take',
    { type: 'sqlite', path: 'a', tablePrefix: 'a-b' },
    /option 'tablePrefix'/,
  ],
  ['timeoutMs 0', { type: 'memory', timeoutMs: 0 }, /option 'timeoutMs'/],
  ['an endless timeoutMs', { type: 'memory', timeoutMs: Number.POSITIVE_INFINITY }, /option 'timeoutMs'/],
  ['maxQueued 1.5', { type: 'memory', maxQueued: 1.5 }, /option 'maxQueued'/],
  ['maxAttempts as text', { type: 'memory', maxAttempts: '3' }, /option 'maxAttempts'/],
  ['documents of 1 byte', { type: 'memory', maxDocumentBytes: 1 }, /option 'maxDocumentBytes'/],
  ['a cache without ttlMs', { type: 'memory', cache: {} }, /createStore\(\{ cache \}\): option 'ttlMs'/],
  ['a cache of 0 ms', { type: 'memory', cache: { ttlMs: 0 } }, /option 'ttlMs'/],
  ['a cache of no entries', { type: 'memory', cache: { ttlMs: 1, maxEntries: 0 } }, /option 'maxEntries'/],
  ['a cache of few bytes', { type: 'memory', cache: { ttlMs: 1, maxBytes: 1_000 } }, /option 'maxBytes'/],
  [
    'an option of no cache',
    { type: 'memory', cache: { ttlMs: 1, ttl: 1 } },
    /unknown option 'ttl'; known are ttlMs, maxEntries, maxBytes, withCache/,
  ],
  [
    'a withCache that is none',
    { type: 'memory', cache: { ttlMs: 1, withCache: {} } },
    /option 'withCache': expected the withCache of @coffer\/cache/,
  ],
  ['a clock that does not tell', { type: 'memory', clock: {} }, /expected \{ now\(\): number \}/],
  ['a backend and a type', { backend, type: 'memory' }, /'type' can't stand beside 'backend'/],
  [
    'a backend and its option',
    { backend, path: 'a' },
    /'path' can't stand beside 'backend'; known beside it are/,
  ],
  ['something else as a backend', { backend: {} }, /must be a backend, such as/],
])('a config is refused for %s', (_name, config, message) => {
  const error = refusalOf(() => parseConfig(config))
  expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', expect.stringMatching(message)])
})

test.each([
  'postgres://user:secret@host/db',
  'file:///tmp/secret.js',
  'data:text/javascript,secret',
  '../secret/backend.js',
  './secret-backend',
  '/secret/backend',
  '@scope/../secret',
  'secret-\n',
])('%j is no package: it is refused, unsaid and unloaded', (type) => {
  const error = refusalOf(() => parseConfig({ type }))
  expect(error.code).toBe('INVALID_ARGUMENT')
  expect(error.message).not.toContain('secret')
})

const pool = { connect: async () => undefined, query: async () => undefined, options: { max: 3 } }
const address = 'postgres://anna:secret@db.example/coffer'

test.each<[string, Record<string, unknown>, string]>([
  ['an address of another kind', { connectionString: 'mysql://secret@db' }, 'connectionString'],
  ['an address that is none', { connectionString: 'postgres://anna:secret@db:port/' }, 'connectionString'],
  ['an empty host', { host: '' }, 'host'],
  ['a host with a NUL', { host: 'secret\0' }, 'host'],
  ['port 0', { port: 0 }, 'port'],
  ['port 65536', { port: 65_536 }, 'port'],
  ['port as text', { port: '5432secret' }, 'port'],
  ['a database that is no text', { database: 1 }, 'database'],
  ['a user with a NUL', { user: 'secret\0replication\0true' }, 'user'],
  ['a password that is no text', { password: ['secret'] }, 'password'],
  ['ssl as text', { ssl: 'secret' }, 'ssl'],
  ['an address beside a host', { connectionString: address, host: 'secret' }, 'host'],
  ['an address beside a password', { connectionString: address, password: 'secret' }, 'password'],
  ['ssl said twice', { connectionString: `${address}?sslmode=require`, ssl: false }, 'ssl'],
  ['a pool that is none', { pool: { connect: async () => 'secret' } }, 'pool'],
  ['a pool beside an address', { pool, connectionString: address }, 'connectionString'],
  ['a pool beside a host', { pool, host: 'secret' }, 'host'],
  ['a pool beside a password', { pool, password: 'secret' }, 'password'],
  ['a pool beside ssl', { pool, ssl: true }, 'ssl'],
  ['a pool beside its size', { pool, max: 5 }, 'max'],
  ['a pool beside its timeout', { pool, connectTimeoutMs: 5 }, 'connectTimeoutMs'],
  ['a pool beside its idle timeout', { pool, idleTimeoutMs: 5 }, 'idleTimeoutMs'],
  ['a pool beside a name', { pool, applicationName: 'secret' }, 'applicationName'],
  ['max 0', { max: 0 }, 'max'],
  ['max 1001', { max: 1_001 }, 'max'],
  ['min -1', { min: -1 }, 'min'],
  ['a min above the max', { max: 2, min: 3 }, 'min'],
  ['a min above the max that it has by itself', { min: 11 }, 'min'],
  ['a pool beside its least size', { pool, min: 1 }, 'min'],
  ['an empty schema', { schema: '' }, 'schema'],
  ['a schema in capitals', { schema: 'Secret' }, 'schema'],
  ['a schema with a quote', { schema: 'a"secret' }, 'schema'],
  ['a schema of the system', { schema: 'pg_secret' }, 'schema'],
  ['a schema of 49 characters', { schema: 'a'.repeat(49) }, 'schema'],
  ['a durability that it has not', { durability: 'none' }, 'durability'],
  ['connectTimeoutMs 0', { connectTimeoutMs: 0 }, 'connectTimeoutMs'],
  ['an endless statementTimeoutMs', { statementTimeoutMs: Number.POSITIVE_INFINITY }, 'statementTimeoutMs'],
  ['lockTimeoutMs 1.5', { lockTimeoutMs: 1.5 }, 'lockTimeoutMs'],
  ['idleTimeoutMs -1', { idleTimeoutMs: -1 }, 'idleTimeoutMs'],
  ['a pooler of sessions', { pooler: 'session' }, 'pooler'],
  ['rowLevelSecurity as text', { rowLevelSecurity: 'secret' }, 'rowLevelSecurity'],
  ['notify as text', { notify: 'secret' }, 'notify'],
  ['a replica of another kind', { readReplica: 'mysql://secret@db' }, 'readReplica'],
  ['a replica that is a number', { readReplica: 1 }, 'readReplica'],
  ['a replica with a wrong port', { readReplica: { host: 'secret', port: 0 } }, 'readReplica.port'],
  ['a replica with an unknown part', { readReplica: { host: 'secret', max: 1 } }, 'readReplica'],
  [
    'a replica said twice',
    { readReplica: { connectionString: address, user: 'secret' } },
    'readReplica.user',
  ],
  ['a way to migrate that it has not', { migrate: 'never' }, 'migrate'],
  ['a name of 64 characters', { applicationName: 'a'.repeat(64) }, 'applicationName'],
  ['readOnly as text', { readOnly: 'secret' }, 'readOnly'],
])('postgresql is refused with %s, and no value is shown', (_name, options, named) => {
  const { code, message, cause } = refusalOf(() => parseConfig({ type: 'postgresql', ...options }))
  expect(code).toBe('INVALID_ARGUMENT')
  expect(message).toContain(`createStore({ type: 'postgresql' }): option '${named}': `)
  expect(message.toLowerCase()).not.toContain('secret')
  expect(cause).toBeUndefined()
})

test.each<[string, Record<string, unknown>]>([
  ['nothing', {}],
  ['an address', { connectionString: address, ssl: { rejectUnauthorized: true } }],
  ['an address with sslmode', { connectionString: 'postgresql://db/coffer?sslmode=verify-full' }],
  ['an address of a Unix socket', { connectionString: 'postgres://anna@/coffer?host=/run/postgresql' }],
  ['parts', { host: 'db', port: 5_432, database: 'a', user: 'b', password: '', ssl: false }],
  ['a password that is asked for', { password: async () => 'p' }],
  ['a pool', { pool, schema: '_mine', statementTimeoutMs: 5, lockTimeoutMs: 5, durability: 'process' }],
  ['an address as replica', { readReplica: address }],
  ['parts as replica', { readReplica: { host: 'db', password: () => 'p', ssl: true } }],
  ['a pool as replica', { pool, readReplica: pool }],
  [
    'everything else',
    {
      max: 1_000,
      min: 1_000,
      idleTimeoutMs: 0,
      pooler: 'transaction',
      rowLevelSecurity: true,
      notify: true,
      migrate: 'verify',
      applicationName: 'my app',
      readOnly: true,
    },
  ],
])('postgresql takes %s', (_name, options) => {
  expect(parseConfig({ type: 'postgresql', ...options }).options).toEqual(options)
  const resolved = parseOptions(postgresOptions, options, 'postgres')
  expect(resolved).toMatchObject(options)
  if ('pool' in options) expect(resolved.pool).toBe(pool)
})

test('postgresql has defaults, and names its options beside an unknown one', () => {
  expect(parseOptions(postgresOptions, {}, 'postgres')).toEqual({
    max: 10,
    min: 0,
    schema: 'coffer',
    durability: 'power',
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 30_000,
    lockTimeoutMs: 10_000,
    idleTimeoutMs: 10_000,
    rowLevelSecurity: false,
    migrate: 'auto',
    applicationName: 'coffer',
    readOnly: false,
  })
  const { message } = refusalOf(() => parseConfig({ type: 'postgresql', hostname: 'db' }))
  expect(message).toMatch(/unknown option 'hostname'; known are connectionString, host, .*, readOnly, tenant/)
})

test('a refusal never shows a value', () => {
  const secret = 'pass-word-1'
  const configs = [
    { type: 'sqlite', path: 'a', durability: secret },
    { type: 'sqlite', path: 'a', busyTimeoutMs: secret },
    { type: 'memory', tenant: { secret } },
    { type: 'memory', password: secret },
  ]
  for (const config of configs) expect(refusalOf(() => parseConfig(config)).message).not.toContain(secret)
})

test('a config is taken apart, with defaults', () => {
  expect(parseConfig({ type: 'sqlite', path: 'a', maxQueued: 5, clock: undefined })).toEqual({
    store: {
      tenant: 'default',
      maxDocumentBytes: 16 * 1_024 * 1_024,
      timeoutMs: 30_000,
      maxQueued: 5,
      maxAttempts: 20,
      cleanupEveryMs: 0,
    },
    backend: undefined,
    type: 'sqlite',
    options: { path: 'a' },
  })
  expect(parseConfig({ backend }).backend).toBe(backend)
})

test('options of a backend that knows none', () => {
  const { message } = refusalOf(() => parseOptions(z.strictObject({}), { a: 1 }, 'memory'))
  expect(message).toBe(`memory: unknown option 'a'; known are none`)
})

test('a package that is not there is named with the command that brings it', async () => {
  const config = parseConfig({ type: '@coffer-nobody/does-not-exist' })
  await expect(loadBackend(config, reads)).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message:
      `the backend '@coffer-nobody/does-not-exist' is not installed: ` +
      'run  npm install @coffer-nobody/does-not-exist',
  })
})

test('a package that is no backend is refused', async () => {
  const config = { ...parseConfig({ backend }), backend: undefined, type: 'zod' }
  await expect(loadBackend(config, reads)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `'zod' is no Coffer backend: it exports no createBackend`,
  })
})
