/** The options, checked, with their defaults filled in and the ways to name a server made one. */

import {
  isStoreError,
  type PostgresOptions,
  type PostgresPool,
  parseOptions,
  postgresOptions,
  StoreError,
} from '@coffer/core/backend'
import type { ClientConfig, Pool, PoolConfig } from 'pg'
import { ClosingClient } from './closing-client.ts'
import { failureOf } from './failure.ts'

type Parsed = ReturnType<typeof postgresOptions.parse>

type NameOfServer = 'connectionString' | 'host' | 'port' | 'database' | 'user' | 'password' | 'ssl'

/** A server by its address or its parts. What is absent is left to the driver, which looks at the environment. */
type Server = Partial<Pick<Parsed, NameOfServer>>

/** The options with the server in one form. */
export interface ResolvedOptions extends Omit<Parsed, NameOfServer | 'pool' | 'readReplica'> {
  /** What a client is made of. Its `options` are settings of the session that the connection string asks for. */
  readonly server: PoolConfig
  /** The caller's own pool, in place of one of the store's. */
  readonly lent: Pool | undefined
  /** Where reads go that may lag behind. */
  readonly replica: ResolvedOptions | undefined
}

/** Checks the options and fills in their defaults. */
export function resolveOptions(options: PostgresOptions): ResolvedOptions {
  const { connectionString, host, port, database, user, password, ssl, pool, readReplica, ...rest } =
    parseOptions(postgresOptions, options, 'postgresql')
  const server = { connectionString, host, port, database, user, password, ssl }
  const own: ResolvedOptions = { ...rest, ...whereOf(pool ?? server, 'pool'), replica: undefined }
  if (readReplica === undefined) return own
  const replica = typeof readReplica === 'string' ? { connectionString: readReplica } : readReplica
  return { ...own, replica: { ...own, ...whereOf(replica, 'readReplica') } }
}

function whereOf(
  place: PostgresPool | Server,
  option: 'pool' | 'readReplica',
): Pick<ResolvedOptions, 'server' | 'lent'> {
  if (isPool(place)) return { server: {}, lent: checkedPool(place, option) }
  return { server: clientConfig(place), lent: undefined }
}

function clientConfig({ connectionString, password, ...parts }: Server): PoolConfig {
  const given = Object.entries(parts).filter(([, value]) => value !== undefined)
  return {
    Client: ClosingClient,
    ...Object.fromEntries(given),
    ...(connectionString !== undefined && withoutOptions(connectionString)),
    ...(password !== undefined && { password: typeof password === 'string' ? password : asked(password) }),
  }
}

function isPool(place: PostgresPool | Server): place is PostgresPool {
  return 'connect' in place
}

function checkedPool(pool: PostgresPool, option: string): Pool {
  if (isOfDriver(pool)) return pool
  throw new StoreError(
    'INVALID_ARGUMENT',
    `postgresql: option '${option}': expected a pool of pg 8.23 or later`,
  )
}

/**
 * Core has seen that it has a pool's functions; that it is the driver's own is the caller's word. An older driver
 * can't tell the state of a transaction, and then nobody knows what a connection is good for.
 */
function isOfDriver(pool: PostgresPool): pool is Pool & PostgresPool {
  const { Client } = pool as { Client?: { prototype?: object } }
  return Client?.prototype === undefined || 'getTransactionStatus' in Client.prototype
}

/** Parameters of an address that bound statements, and the options that are for it. */
const BOUNDS: ReadonlyMap<string, string> = new Map([
  ['statement_timeout', 'statementTimeoutMs'],
  ['query_timeout', 'statementTimeoutMs'],
  ['idle_in_transaction_session_timeout', 'statementTimeoutMs'],
  ['lock_timeout', 'lockTimeoutMs'],
])

/** The driver lets what stands in an address win over all else, so the settings in it are taken out and joined with ours. */
function withoutOptions(connectionString: string): ClientConfig {
  const at = connectionString.indexOf('?')
  const parameters = new URLSearchParams(at < 0 ? '' : connectionString.slice(at + 1))
  const bound = [...BOUNDS].find(([name]) => parameters.has(name))
  if (bound !== undefined) {
    throw new StoreError(
      'INVALID_ARGUMENT',
      `postgresql: the address sets ${bound[0]}, which would win over the store's bounds; say ${bound[1]} instead`,
      { backend: 'postgresql' },
    )
  }
  const options = parameters.getAll('options').at(-1)
  if (options === undefined) return { connectionString }
  parameters.delete('options')
  return { connectionString: `${connectionString.slice(0, at)}?${parameters}`, options }
}

/** A password that is asked for: when that fails, so does the connection, and it says why. */
function asked(password: () => string | Promise<string>): () => Promise<string> {
  return async () => {
    let answer: unknown
    try {
      answer = await password()
    } catch (cause) {
      if (isStoreError(cause)) throw cause
      const details = { backend: 'postgresql', cause: failureOf(cause).cause }
      throw new StoreError(
        'UNAVAILABLE',
        'postgresql: the function `password` failed: see the cause',
        details,
      )
    }
    if (typeof answer === 'string') return answer
    const message = 'postgresql: the function `password` answered no string: let it answer one'
    throw new StoreError('INVALID_ARGUMENT', message, { backend: 'postgresql' })
  }
}
