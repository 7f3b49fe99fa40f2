/** A store's config from environment variables, as services have them. No refusal shows a value. */

import * as z from 'zod'
import type { StoreConfig } from './config.ts'
import { invalid } from './errors.ts'
import { DEFAULT_MAX, type PostgresOptions, saysTls } from './postgres-options.ts'
import { type AddressedConfig, configOfAddress } from './store-address.ts'

/** The variables that are looked at, by name. */
export type Environment = Readonly<Record<string, string | undefined>>

const TYPES = new Map<string, AddressedConfig['type']>([
  ['memory', 'memory'],
  ['in-memory', 'memory'],
  ['file', 'file'],
  ['sqlite', 'sqlite'],
  ['postgres', 'postgresql'],
  ['postgresql', 'postgresql'],
])

const FORMS = 'postgresql://user:password@host:5432/database, sqlite:./agents.db, file:./data or memory:'

const type = z
  .string()
  .transform((value) => TYPES.get(value.toLowerCase()))
  .refine((found) => found !== undefined, 'memory, file, sqlite or postgresql')

const address = z
  .string()
  .transform(configOfAddress)
  .refine((found) => found !== undefined, FORMS)

const postgresAddress = address.refine((found) => found?.type === 'postgresql', 'postgresql://…')

const flag = z
  .enum(['true', 'false', '1', '0'], 'true or false')
  .transform((value) => value === 'true' || value === '1')

function integer(least: number, most: number) {
  const says = `an integer from ${least} to ${most}`
  return z
    .string()
    .regex(/^\d{1,9}$/, says)
    .transform(Number)
    .refine((value) => value >= least && value <= most, says)
}

const DAY_MS = 86_400_000

/** What stands for each variable, and what it takes. */
const variables = z
  .object({
    STATE_STORE_TYPE: type,
    DATABASE_URL: address,
    POSTGRES_URL: postgresAddress,
    DATABASE_PATH: z.string(),
    DATABASE_HOST: z.string(),
    DATABASE_PORT: integer(1, 65_535),
    DATABASE_NAME: z.string(),
    DATABASE_USER: z.string(),
    DATABASE_PASSWORD: z.string(),
    DATABASE_SSL: flag,
    DATABASE_POOL_MAX: integer(1, 1_000),
    DATABASE_POOL_MIN: integer(0, 1_000),
    DATABASE_TIMEOUT: integer(1, DAY_MS),
    DATABASE_IDLE_TIMEOUT: integer(0, DAY_MS),
  })
  .partial()

type Variables = z.output<typeof variables>
type Name = keyof typeof variables.shape

/** The parts of an address of PostgreSQL, each with its option. */
const PARTS = {
  DATABASE_HOST: 'host',
  DATABASE_PORT: 'port',
  DATABASE_NAME: 'database',
  DATABASE_USER: 'user',
  DATABASE_PASSWORD: 'password',
} as const

const POSTGRES_OPTIONS = {
  DATABASE_SSL: 'ssl',
  DATABASE_POOL_MAX: 'max',
  DATABASE_POOL_MIN: 'min',
  DATABASE_TIMEOUT: 'statementTimeoutMs',
  DATABASE_IDLE_TIMEOUT: 'idleTimeoutMs',
} as const

const POSTGRES_NAMES = [...Object.keys(PARTS), ...Object.keys(POSTGRES_OPTIONS)] as readonly Name[]

/**
 * Reads a store's config from the environment; `createStore(configFromEnv(), modules)`. Further options are spread
 * beside it. A variable that is empty counts as absent.
 *
 * | variable | what it takes |
 * |---|---|
 * | `STATE_STORE_TYPE` | `memory` (or `in-memory`), `file`, `sqlite`, `postgresql` (or `postgres`), in any case; without it the address tells, or `DATABASE_HOST` and its neighbours mean PostgreSQL |
 * | `DATABASE_URL` | `postgresql://…`, `sqlite:./agents.db`, `file:./data` or `memory:`; `?schema=name` of a PostgreSQL address names the schema, and the rest (`sslmode` …) is the driver's |
 * | `POSTGRES_URL` | an address of PostgreSQL, where `DATABASE_URL` does not stand |
 * | `DATABASE_PATH` | the file of `sqlite`, the directory of `file` |
 * | `DATABASE_HOST` `_PORT` `_NAME` `_USER` `_PASSWORD` | the parts of a PostgreSQL address; what is left out is `PGHOST` and so on |
 * | `DATABASE_SSL` | `true` or `false`: whether to use TLS |
 * | `DATABASE_POOL_MAX` `DATABASE_POOL_MIN` | the most connections, 1 to 1,000, and how many stay open when idle, 0 to the most |
 * | `DATABASE_TIMEOUT` | how long the server may work on one statement, in milliseconds from 1 |
 * | `DATABASE_IDLE_TIMEOUT` | how long a connection may be idle, in milliseconds; 0 keeps it |
 *
 * `STATE_STORE_TYPE=memory` settles it: no other variable is looked at then. Everything else that is said twice
 * must agree: two addresses, an address and a part of it, an address or a path and the type. What is for another
 * kind of store than the one that is meant is refused, not passed over, and so is an environment that names no
 * store: nothing is kept in memory unless that is said.
 *
 * @throws `INVALID_ARGUMENT` that names the variable and what it takes, never its value
 */
export function configFromEnv(environment: Environment = process.env): StoreConfig {
  const kind = parsed(environment, ['STATE_STORE_TYPE']).STATE_STORE_TYPE
  if (kind === 'memory') return { type: 'memory' }
  const given = parsed(environment, NAMES)
  const addressed = addressOf(given, environment)
  switch (kind ?? addressed?.config.type ?? (hasPart(given) ? 'postgresql' : undefined)) {
    case 'memory':
      refuseForeign('memory', given, [...POSTGRES_NAMES, 'DATABASE_PATH'])
      return { type: 'memory' }
    case 'sqlite':
      return { type: 'sqlite', path: pathOf('sqlite', given, addressed) }
    case 'file':
      return { type: 'file', basePath: pathOf('file', given, addressed) }
    case 'postgresql':
      return postgresConfig(given, addressed)
    default:
      throw invalid(
        given.DATABASE_PATH === undefined
          ? `no store is named: set DATABASE_URL to ${FORMS}`
          : 'STATE_STORE_TYPE has to say whether DATABASE_PATH is of sqlite or of file',
      )
  }
}

const NAMES = Object.keys(variables.shape) as readonly Name[]

/** Those of the variables that are set, checked. */
function parsed(environment: Environment, names: readonly Name[]): Variables {
  const set = names.flatMap((name) => (environment[name] ? [[name, environment[name]] as const] : []))
  const result = variables.safeParse(Object.fromEntries(set))
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw invalid(`${String(issue?.path[0])} takes ${issue?.message}`)
}

/** An address with the variable that it stands in. */
interface Addressed {
  readonly variable: 'DATABASE_URL' | 'POSTGRES_URL'
  readonly config: AddressedConfig
}

function addressOf(given: Variables, environment: Environment): Addressed | undefined {
  const { DATABASE_URL: first, POSTGRES_URL: second } = given
  if (first !== undefined && second !== undefined && environment.DATABASE_URL !== environment.POSTGRES_URL) {
    throw invalid('POSTGRES_URL is another address than DATABASE_URL: leave one of them out')
  }
  if (first !== undefined) return { variable: 'DATABASE_URL', config: first }
  return second && { variable: 'POSTGRES_URL', config: second }
}

function hasPart(given: Variables): boolean {
  return Object.keys(PARTS).some((name) => given[name as keyof typeof PARTS] !== undefined)
}

/** The path of a file or a directory. */
function pathOf(kind: 'sqlite' | 'file', given: Variables, addressed: Addressed | undefined): string {
  refuseOtherKind(kind, addressed)
  refuseForeign(kind, given, POSTGRES_NAMES)
  const config = addressed?.config as Partial<Record<'path' | 'basePath', string>> | undefined
  const path = config?.path ?? config?.basePath
  if (path !== undefined && given.DATABASE_PATH !== undefined && path !== given.DATABASE_PATH) {
    throw invalid('DATABASE_PATH is another path than that of DATABASE_URL: leave one of them out')
  }
  const found = path ?? given.DATABASE_PATH
  if (found !== undefined) return found
  throw invalid(
    `STATE_STORE_TYPE ${kind} needs DATABASE_PATH, the ${kind === 'file' ? 'directory' : 'file'} to use`,
  )
}

function refuseForeign(kind: AddressedConfig['type'], given: Variables, names: readonly Name[]): void {
  const foreign = names.find((name) => given[name] !== undefined)
  if (foreign !== undefined)
    throw invalid(`${foreign} says nothing to ${kind}, which is the store: leave it out`)
}

function refuseOtherKind(kind: AddressedConfig['type'], addressed: Addressed | undefined): void {
  if (addressed === undefined || addressed.config.type === kind) return
  throw invalid(
    `${addressed.variable} is no address of ${kind}, which STATE_STORE_TYPE names: change one of them`,
  )
}

function postgresConfig(given: Variables, addressed: Addressed | undefined): StoreConfig {
  refuseOtherKind('postgresql', addressed)
  refuseForeign('postgresql', given, ['DATABASE_PATH'])
  const { DATABASE_POOL_MAX: max = DEFAULT_MAX, DATABASE_POOL_MIN: min = 0 } = given
  if (min > max) {
    throw invalid(
      `DATABASE_POOL_MIN takes at most DATABASE_POOL_MAX, which is ${DEFAULT_MAX} where it is not set`,
    )
  }
  const options = optionsOf(given, POSTGRES_OPTIONS)
  if (addressed === undefined) return { type: 'postgresql', ...optionsOf(given, PARTS), ...options }
  const { variable, config } = addressed
  const { connectionString = '' } = config as PostgresOptions
  for (const [name, part] of Object.entries(partsOf(connectionString))) {
    const value = given[name as keyof typeof PARTS]
    if (value === undefined || String(value) === part) continue
    throw invalid(`${name} does not say what ${variable} says: leave one of them out`)
  }
  if (given.DATABASE_SSL !== undefined && saysTls(connectionString)) {
    throw invalid(`DATABASE_SSL can't stand beside a ${variable} that says it already: leave one of them out`)
  }
  return { ...config, ...options } as StoreConfig
}

function optionsOf(given: Variables, names: Readonly<Partial<Record<Name, string>>>): PostgresOptions {
  const entries = Object.entries(names).map(([name, option]) => [option, given[name as Name]] as const)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

/** What an address says of each part, as the variables say it; `undefined` where it can't be told. */
function partsOf(address: string): Readonly<Record<keyof typeof PARTS, string | undefined>> {
  const url = URL.canParse(address) ? new URL(address) : undefined
  return {
    DATABASE_HOST: decoded(url?.hostname.replace(/^\[(.*)\]$/, '$1')),
    DATABASE_PORT: url && (url.port || '5432'),
    DATABASE_NAME: decoded(url?.pathname.slice(1)),
    DATABASE_USER: decoded(url?.username),
    DATABASE_PASSWORD: decoded(url?.password),
  }
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text)
  } catch {
    return undefined
  }
}
