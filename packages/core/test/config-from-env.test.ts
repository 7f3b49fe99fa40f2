import { expect, onTestFinished, test, vi } from 'vitest'
import { parseConfig } from '../src/config.ts'
import { configFromEnv, type Environment } from '../src/config-from-env.ts'
import { refusalOf } from './refused.ts'

const address = 'postgresql://anna:secret@db.example:5433/agents'
const parts = {
  DATABASE_HOST: 'db.example',
  DATABASE_PORT: '5433',
  DATABASE_NAME: 'agents',
  DATABASE_USER: 'anna',
  DATABASE_PASSWORD: 'secret',
}
const asParts = {
  type: 'postgresql',
  host: 'db.example',
  port: 5_433,
  database: 'agents',
  user: 'anna',
  password: 'secret',
}

test.each<[string, Environment, object]>([
  ['memory', { STATE_STORE_TYPE: 'memory' }, { type: 'memory' }],
  ['in-memory', { STATE_STORE_TYPE: 'In-Memory' }, { type: 'memory' }],
  [
    'memory, whatever else there is',
    { STATE_STORE_TYPE: 'memory', DATABASE_URL: 'changeme', DATABASE_PORT: 'x', DATABASE_PATH: 'a' },
    { type: 'memory' },
  ],
  ['an address of memory', { DATABASE_URL: 'memory:' }, { type: 'memory' }],
  [
    'a database file',
    { STATE_STORE_TYPE: 'sqlite', DATABASE_PATH: './x.db' },
    { type: 'sqlite', path: './x.db' },
  ],
  [
    'a directory',
    { STATE_STORE_TYPE: 'file', DATABASE_PATH: './data' },
    { type: 'file', basePath: './data' },
  ],
  ['an address of a database file', { DATABASE_URL: 'sqlite:./x.db' }, { type: 'sqlite', path: './x.db' }],
  [
    'an address of a file from the root',
    { DATABASE_URL: 'sqlite:///srv/x.db' },
    { type: 'sqlite', path: '/srv/x.db' },
  ],
  ['an address of a file from here', { DATABASE_URL: 'sqlite://./x.db' }, { type: 'sqlite', path: './x.db' }],
  ['a database in memory', { DATABASE_URL: 'sqlite::memory:' }, { type: 'sqlite', path: ':memory:' }],
  ['an address of a directory', { DATABASE_URL: 'file:./data' }, { type: 'file', basePath: './data' }],
  [
    'a path that is said twice',
    { STATE_STORE_TYPE: 'file', DATABASE_URL: 'file:./data', DATABASE_PATH: './data' },
    { type: 'file', basePath: './data' },
  ],
  ['an address', { DATABASE_URL: address }, { type: 'postgresql', connectionString: address }],
  [
    'an address with its type',
    { DATABASE_URL: address, STATE_STORE_TYPE: 'postgres' },
    { type: 'postgresql', connectionString: address },
  ],
  ['the other variable for it', { POSTGRES_URL: address }, { type: 'postgresql', connectionString: address }],
  [
    'both variables for it',
    { POSTGRES_URL: address, DATABASE_URL: address },
    { type: 'postgresql', connectionString: address },
  ],
  [
    'what the driver reads in an address',
    { DATABASE_URL: `${address}?sslmode=require&application_name=a%20b` },
    { type: 'postgresql', connectionString: `${address}?sslmode=require&application_name=a%20b` },
  ],
  [
    'a schema in an address',
    { DATABASE_URL: `${address}?schema=mine&sslmode=require` },
    { type: 'postgresql', connectionString: `${address}?sslmode=require`, schema: 'mine' },
  ],
  [
    'an address and parts that say the same',
    { DATABASE_URL: address, ...parts },
    { type: 'postgresql', connectionString: address },
  ],
  [
    'a password that is encoded in the address',
    { DATABASE_URL: 'postgres://anna:p%40ss@db/a', DATABASE_PASSWORD: 'p@ss', DATABASE_PORT: '5432' },
    { type: 'postgresql', connectionString: 'postgres://anna:p%40ss@db/a' },
  ],
  ['parts alone', parts, asParts],
  ['parts with their type', { ...parts, STATE_STORE_TYPE: 'postgresql' }, asParts],
  ['one part', { DATABASE_HOST: 'db' }, { type: 'postgresql', host: 'db' }],
  ['nothing but the type', { STATE_STORE_TYPE: 'postgresql' }, { type: 'postgresql' }],
  [
    'a pool',
    {
      DATABASE_URL: address,
      DATABASE_POOL_MAX: '20',
      DATABASE_POOL_MIN: '2',
      DATABASE_SSL: 'false',
      DATABASE_TIMEOUT: '30000',
      DATABASE_IDLE_TIMEOUT: '0',
    },
    {
      type: 'postgresql',
      connectionString: address,
      max: 20,
      min: 2,
      ssl: false,
      statementTimeoutMs: 30_000,
      idleTimeoutMs: 0,
    },
  ],
  ['TLS', { DATABASE_HOST: 'db', DATABASE_SSL: '1' }, { type: 'postgresql', host: 'db', ssl: true }],
  [
    'empty variables beside one',
    { DATABASE_URL: '', POSTGRES_URL: address, DATABASE_HOST: '', DATABASE_SSL: '', STATE_STORE_TYPE: '' },
    { type: 'postgresql', connectionString: address },
  ],
])('the environment names %s', (_name, environment, config) => {
  expect(configFromEnv(environment)).toEqual(config)
  expect(() => parseConfig(config)).not.toThrow()
})

test.each<[string, Environment, RegExp]>([
  ['nothing', {}, /^no store is named: set DATABASE_URL to postgresql:\/\//],
  ['empty variables', { DATABASE_URL: '', STATE_STORE_TYPE: '' }, /^no store is named/],
  ['pool settings alone', { DATABASE_POOL_MAX: '5' }, /^no store is named/],
  ['a path alone', { DATABASE_PATH: 'secret' }, /^STATE_STORE_TYPE has to say whether DATABASE_PATH/],
  [
    'an unknown type',
    { STATE_STORE_TYPE: 'secret' },
    /^STATE_STORE_TYPE takes memory, file, sqlite or postgresql$/,
  ],
  ['a type from the prototype', { STATE_STORE_TYPE: 'constructor' }, /^STATE_STORE_TYPE takes/],
  [
    'an address of another kind',
    { DATABASE_URL: 'mysql://secret@db/a' },
    /^DATABASE_URL takes postgresql:\/\/.*memory:$/,
  ],
  ['an address that is none', { DATABASE_URL: 'postgres://anna:secret@db:port/' }, /^DATABASE_URL takes/],
  ['an address without a path', { DATABASE_URL: 'sqlite:' }, /^DATABASE_URL takes/],
  [
    'a path where only PostgreSQL is meant',
    { POSTGRES_URL: 'file:./secret' },
    /^POSTGRES_URL takes postgresql:/,
  ],
  [
    'two addresses',
    { DATABASE_URL: address, POSTGRES_URL: `${address}2` },
    /^POSTGRES_URL is another address than DATABASE_URL/,
  ],
  [
    'a type and an address of another',
    { STATE_STORE_TYPE: 'sqlite', DATABASE_URL: address },
    /^DATABASE_URL is no address of sqlite/,
  ],
  [
    'a type and the other address',
    { STATE_STORE_TYPE: 'file', POSTGRES_URL: address },
    /^POSTGRES_URL is no address of file/,
  ],
  [
    'postgres and a path',
    { STATE_STORE_TYPE: 'postgres', DATABASE_URL: 'file:./secret' },
    /^DATABASE_URL is no address of postgresql/,
  ],
  [
    'postgres and DATABASE_PATH',
    { DATABASE_URL: address, DATABASE_PATH: 'secret' },
    /^DATABASE_PATH says nothing to postgresql/,
  ],
  [
    'sqlite without a path',
    { STATE_STORE_TYPE: 'sqlite' },
    /^STATE_STORE_TYPE sqlite needs DATABASE_PATH, the file/,
  ],
  [
    'file without a path',
    { STATE_STORE_TYPE: 'file' },
    /^STATE_STORE_TYPE file needs DATABASE_PATH, the directory/,
  ],
  ['two paths', { DATABASE_URL: 'sqlite:a.db', DATABASE_PATH: 'secret' }, /^DATABASE_PATH is another path/],
  [
    'sqlite with a host',
    { DATABASE_URL: 'sqlite:a.db', DATABASE_HOST: 'secret' },
    /^DATABASE_HOST says nothing to sqlite/,
  ],
  [
    'a directory with a pool',
    { DATABASE_URL: 'file:a', DATABASE_POOL_MAX: '5' },
    /^DATABASE_POOL_MAX says nothing to file/,
  ],
  [
    'an address of memory and a path',
    { DATABASE_URL: 'memory:', DATABASE_PATH: 'secret' },
    /^DATABASE_PATH says nothing to memory/,
  ],
  ['port 0', { ...parts, DATABASE_PORT: '0' }, /^DATABASE_PORT takes an integer from 1 to 65535$/],
  ['a port with a word', { ...parts, DATABASE_PORT: '5432secret' }, /^DATABASE_PORT takes/],
  ['a negative port', { ...parts, DATABASE_PORT: '-5' }, /^DATABASE_PORT takes/],
  ['half a port', { ...parts, DATABASE_PORT: '1.5' }, /^DATABASE_PORT takes/],
  ['TLS as a word', { ...parts, DATABASE_SSL: 'secret' }, /^DATABASE_SSL takes true or false$/],
  [
    'TLS said twice',
    { DATABASE_URL: `${address}?sslmode=require`, DATABASE_SSL: 'true' },
    /^DATABASE_SSL can't stand beside a DATABASE_URL/,
  ],
  [
    'no connections',
    { ...parts, DATABASE_POOL_MAX: '0' },
    /^DATABASE_POOL_MAX takes an integer from 1 to 1000$/,
  ],
  ['too many connections', { ...parts, DATABASE_POOL_MAX: '1001' }, /^DATABASE_POOL_MAX takes/],
  [
    'less than no connections',
    { ...parts, DATABASE_POOL_MIN: '-1' },
    /^DATABASE_POOL_MIN takes an integer from 0 to 1000$/,
  ],
  [
    'more at least than at most',
    { ...parts, DATABASE_POOL_MAX: '2', DATABASE_POOL_MIN: '3' },
    /^DATABASE_POOL_MIN takes at most DATABASE_POOL_MAX/,
  ],
  [
    'more at least than there are',
    { ...parts, DATABASE_POOL_MIN: '11' },
    /^DATABASE_POOL_MIN takes at most DATABASE_POOL_MAX, which is 10/,
  ],
  ['no time', { ...parts, DATABASE_TIMEOUT: '0' }, /^DATABASE_TIMEOUT takes an integer from 1 to 86400000$/],
  ['time in words', { ...parts, DATABASE_TIMEOUT: '30s' }, /^DATABASE_TIMEOUT takes/],
  [
    'endless idleness',
    { ...parts, DATABASE_IDLE_TIMEOUT: 'Infinity' },
    /^DATABASE_IDLE_TIMEOUT takes an integer from 0/,
  ],
  [
    'another host',
    { DATABASE_URL: address, DATABASE_HOST: 'secret.example' },
    /^DATABASE_HOST does not say what DATABASE_URL says/,
  ],
  ['another port', { DATABASE_URL: address, DATABASE_PORT: '5432' }, /^DATABASE_PORT does not say/],
  ['another database', { DATABASE_URL: address, DATABASE_NAME: 'secret' }, /^DATABASE_NAME does not say/],
  [
    'another user',
    { POSTGRES_URL: address, DATABASE_USER: 'secret' },
    /^DATABASE_USER does not say what POSTGRES_URL says/,
  ],
  [
    'another password',
    { DATABASE_URL: address, DATABASE_PASSWORD: 'secret2' },
    /^DATABASE_PASSWORD does not say/,
  ],
  [
    'a password that the address lacks',
    { DATABASE_URL: 'postgres://db/a', DATABASE_PASSWORD: 'secret' },
    /^DATABASE_PASSWORD does not say/,
  ],
  [
    'a part beside a socket',
    { DATABASE_URL: 'postgres://anna@/a?host=/run', DATABASE_HOST: 'secret' },
    /^DATABASE_HOST does not say/,
  ],
])('an environment with %s is refused, and no value is shown', (_name, environment, message) => {
  const error = refusalOf(() => configFromEnv(environment))
  expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', expect.stringMatching(message)])
  expect(error.message).not.toContain('secret')
})

test('without an argument the environment of the process is read', () => {
  vi.stubEnv('STATE_STORE_TYPE', 'memory')
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(configFromEnv()).toEqual({ type: 'memory' })
})

test('a host that is an address of version 6 is told alike with brackets and without', () => {
  const environment = { DATABASE_URL: 'postgresql://anna@[::1]:5432/a', DATABASE_HOST: '::1' }
  expect(configFromEnv(environment)).toMatchObject({ connectionString: environment.DATABASE_URL })
})
