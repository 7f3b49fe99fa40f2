/** The options of `{ type: 'postgresql' }`. No refusal shows a value: any of them may hold a password. */

import * as z from 'zod'

/** As much of a `pg.Pool` as can be told without the driver. */
export interface PostgresPool {
  readonly connect: (...parameters: never[]) => unknown
  readonly query: (...parameters: never[]) => unknown
  readonly options: object
}

/** What no name or address can hold: the driver ends each of them with a NUL. */
const text = z.string().regex(/^[^\0]+$/, 'expected text')

const timeoutMs = z.int().min(1).max(86_400_000)

/** An address as the driver takes it. */
export const connectionString = text.refine(
  (value) => /^postgres(?:ql)?:\/\//.test(value) && canParse(value),
  'expected an address that begins with postgres:// or postgresql://; special characters of a password are percent-encoded',
)

const pool = z.custom<PostgresPool>(isPool, 'expected a pg.Pool')

/** Where a server is and who asks. What is left out is pg's own default: `PGHOST` and so on. */
const server = {
  /** `postgres://user:password@host:5432/database`, in place of `host` to `password`. */
  connectionString: connectionString.optional(),
  /** A name, an address, or the folder of a Unix socket. */
  host: text.optional(),
  port: z.int().min(1).max(65_535).optional(),
  database: text.optional(),
  user: text.optional(),
  /** A password, or a function that answers one or a promise of one, asked for every new connection. */
  password: z
    .union(
      [z.string(), z.custom<() => string | Promise<string>>((value) => typeof value === 'function')],
      'expected a string or a function that answers one',
    )
    .optional(),
  /** Whether to use TLS, or how: an object is handed to `tls.connect`. */
  ssl: z
    .union(
      [z.boolean(), z.custom<Readonly<Record<string, unknown>>>(isObject)],
      'expected true, false or options of tls.connect',
    )
    .optional(),
}

const replicaServer = z.strictObject(server).superRefine(refuseSaidTwice)

const readReplica = z
  .union(
    [connectionString, pool, z.custom<z.input<typeof replicaServer>>(isObject)],
    'expected an address that begins with postgres:// or postgresql://, its parts, or a pg.Pool',
  )
  .superRefine((given, context) => {
    if (typeof given === 'string' || isPool(given)) return
    for (const { path, message } of replicaServer.safeParse(given).error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: [...path], message })
    }
  })

const shape = z.strictObject({
  ...server,
  /** A pool of the caller's own in place of all the above. It is never ended. */
  pool: pool.optional(),
  /** The most connections, 1 to 1,000. Default: 10. */
  max: z.int().min(1).max(1_000).optional(),
  /** How many connections stay open when they are idle, 0 to `max`. Default: 0. */
  min: z.int().min(0).max(1_000).optional(),
  /** How long connecting, or waiting for a free connection, may take, in milliseconds. Default: 10,000. */
  connectTimeoutMs: timeoutMs.optional(),
  /** How long a connection may be idle before it is closed, in milliseconds; 0 keeps it. Default: 10,000. */
  idleTimeoutMs: z.int().min(0).max(86_400_000).optional(),
  /** What the server calls this program, in `pg_stat_activity`. Default: `coffer`. */
  applicationName: z
    .string()
    .regex(/^[\x20-\x7e]{1,63}$/, 'expected 1 to 63 printable ASCII characters')
    .optional(),
  /** The schema that holds the tables, made if it is missing. */
  schema: z
    .string()
    .regex(
      /^(?!pg_)[a-z_][a-z0-9_]{0,47}$/,
      'expected 1 to 48 of a-z, 0-9 and _, not beginning with a digit or pg_',
    )
    .default('coffer'),
  /** What an acknowledged write survives: `process` is `synchronous_commit=off`. */
  durability: z.enum(['power', 'process']).default('power'),
  /** How long the server may work on one statement, in milliseconds. */
  statementTimeoutMs: timeoutMs.default(30_000),
  /** How long the server may wait for a lock, in milliseconds. */
  lockTimeoutMs: timeoutMs.default(10_000),
  /** Set when a pooler stands between that gives a connection for one transaction at a time. */
  pooler: z.enum(['transaction']).optional(),
  /** Confines every tenant by the server's own rules as well. */
  rowLevelSecurity: z.boolean().default(false),
  /**
   * Whether stores on one schema tell each other what they change, for their caches: the keys, never the
   * values, to everybody who may connect to the database. `true` also without a cache of its own, `false` neither
   * tells nor listens. Default: a store with a cache does both, unless `rowLevelSecurity` is set.
   */
  notify: z.boolean().optional(),
  /** A server that may lag behind, for reads with `{ consistency: 'eventual' }`: an address, its parts, or a pool. */
  readReplica: readReplica.optional(),
  /** Whether opening makes and changes tables, or only looks whether they are as they should be. */
  migrate: z.enum(['auto', 'verify']).default('auto'),
  /** Opens for reading only; nothing is made or changed. */
  readOnly: z.boolean().default(false),
})

/** The most connections where nobody says how many. */
export const DEFAULT_MAX = 10

/** What a pool of the caller's own has settled already. */
const SETTLED_BY_POOL = [
  ...Object.keys(server),
  'max',
  'min',
  'connectTimeoutMs',
  'idleTimeoutMs',
  'applicationName',
]

/** The options of `{ type: 'postgresql' }`. */
export const postgresOptions = shape
  .superRefine((given: Readonly<Record<string, unknown>>, context) => {
    const beside = SETTLED_BY_POOL.find((name) => given[name] !== undefined)
    if (given.pool !== undefined && beside !== undefined) {
      refuse(context, beside, `can't stand beside 'pool', which has it settled already`)
    }
    refuseSaidTwice(given, context)
    if (Number(given.min ?? 0) > Number(given.max ?? DEFAULT_MAX))
      refuse(context, 'min', "is more than 'max'")
  })
  .transform(
    ({
      max = DEFAULT_MAX,
      min = 0,
      connectTimeoutMs = 10_000,
      idleTimeoutMs = 10_000,
      applicationName = 'coffer',
      ...given
    }) => ({
      ...given,
      max,
      min,
      connectTimeoutMs,
      idleTimeoutMs,
      applicationName,
    }),
  )

/** The options of `{ type: 'postgresql' }`, as a user writes them; all may be left out. Checked when the store is made. */
export type PostgresOptions = z.input<typeof postgresOptions>

function refuseSaidTwice(given: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  const address = given.connectionString
  if (typeof address !== 'string') return
  const part = ['host', 'port', 'database', 'user', 'password'].find((name) => given[name] !== undefined)
  if (part !== undefined)
    refuse(context, part, `can't stand beside 'connectionString', which says it already`)
  // The driver would pass over the option without a word.
  if (given.ssl !== undefined && saysTls(address)) {
    refuse(context, 'ssl', `can't stand beside a 'connectionString' that says it already`)
  }
}

/** True for an address that says itself whether and how to use TLS. */
export function saysTls(address: string): boolean {
  return /[?&](?:ssl|uselibpqcompat)/.test(address)
}

function refuse(context: z.RefinementCtx, name: string, message: string): void {
  context.addIssue({ code: 'custom', path: [name], message })
}

/** As the driver takes it apart, where an empty host means a Unix socket. */
function canParse(address: string): boolean {
  return URL.canParse(address) || URL.canParse(address.replace('@/', '@socket/'))
}

function isPool(value: unknown): boolean {
  const { connect, query, options } = Object(value) as Partial<Record<keyof PostgresPool, unknown>>
  return typeof connect === 'function' && typeof query === 'function' && isObject(options)
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
