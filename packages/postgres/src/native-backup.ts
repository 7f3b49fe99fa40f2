/**
 * A copy of the schema in PostgreSQL's own form, made by its program `pg_dump`, for `pg_restore`. The program is
 * not a part of Coffer: it must be as new as the server at least.
 */

import { execFile, spawn } from 'node:child_process'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { StoreError } from '@coffer/core/backend'
import pg, { type ClientConfig } from 'pg'
import { MAINTENANCE_SETTING } from './confine.ts'
import { failureOf } from './failure.ts'
import type { ResolvedOptions } from './options.ts'

const FORM = 'pg_dump'
/** The variable that names the program where it is not on the `PATH`. */
const PROGRAM_VARIABLE = 'PG_DUMP'
/** The most of what the program says that is kept, in characters. */
const MAX_SAID = 2_000

/**
 * Dumps the schema to a path where nothing is yet.
 *
 * @param serverVersion as the server tells it, `180004`
 * @returns how the form is called
 * @throws `UNSUPPORTED` where there is no program that knows the server, `ALREADY_EXISTS` where something is at
 *   the path
 */
export async function dumpSchema(
  options: ResolvedOptions,
  path: string,
  serverVersion: number,
): Promise<string> {
  const program = process.env[PROGRAM_VARIABLE] || FORM
  await requireProgram(program, Math.floor(serverVersion / 10_000))
  const folder = await mkdtemp(join(tmpdir(), 'coffer-'))
  try {
    const environment = await environmentFor(options, folder)
    const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
      throw cannotWrite(cause)
    })
    try {
      await run(program, argumentsFor(options), environment, file.fd)
      await file.sync()
    } catch (error) {
      await rm(path, { force: true })
      throw error
    } finally {
      await file.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return FORM
}

function argumentsFor({ schema, rowLevelSecurity }: ResolvedOptions): readonly string[] {
  return [
    '--format=custom',
    `--schema=${schema}`,
    '--no-password',
    // One state that some serial order of all transactions had, as in every snapshot of Coffer.
    '--serializable-deferrable',
    ...(rowLevelSecurity ? ['--enable-row-security'] : []),
  ]
}

async function requireProgram(program: string, serverMajor: number): Promise<void> {
  const answer = await promisify(execFile)(program, ['--version']).catch((cause: unknown) => {
    throw missing(serverMajor, 'there is none', cause)
  })
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(answer.stdout)?.[1])
  if (!(major >= serverMajor)) throw missing(serverMajor, `the one that is here is of ${major}`)
}

/**
 * What the program is told where nobody else can read it: a command line is seen by all users of a machine.
 *
 * @param folder where certificates may be written
 */
async function environmentFor(options: ResolvedOptions, folder: string): Promise<NodeJS.ProcessEnv> {
  const config: ClientConfig = options.lent?.options ?? options.server
  // The driver puts an address, its parts and the environment together. Nothing is connected.
  const { host, port, user, database, ssl } = new pg.Client(config) as pg.Client & {
    readonly ssl?: boolean | Readonly<Record<string, unknown>>
  }
  const password = await passwordOf(config)
  const settings = [
    ...(config.options === undefined ? [] : [config.options]),
    ...(options.rowLevelSecurity ? [`-c ${MAINTENANCE_SETTING}=on`] : []),
  ]
  return {
    ...process.env,
    PGHOST: host,
    PGPORT: String(port),
    ...(user !== undefined && { PGUSER: user }),
    ...(database !== undefined && { PGDATABASE: database }),
    ...(password !== undefined && { PGPASSWORD: password }),
    ...(settings.length > 0 && { PGOPTIONS: settings.join(' ') }),
    PGAPPNAME: options.applicationName,
    ...(await securityOf(ssl, folder)),
  }
}

async function passwordOf(config: ClientConfig): Promise<string | undefined> {
  if (typeof config.password === 'function') return config.password()
  const { password } = new pg.Client(config) as { password?: unknown }
  return typeof password === 'string' && password !== '' ? password : undefined
}

/** TLS as the driver would do it, in the program's words. */
async function securityOf(
  ssl: boolean | Readonly<Record<string, unknown>> | undefined,
  folder: string,
): Promise<NodeJS.ProcessEnv> {
  if (ssl === undefined || ssl === false) return {}
  const given = ssl === true ? {} : ssl
  const written: NodeJS.ProcessEnv = {
    PGSSLMODE: given.rejectUnauthorized === false ? 'require' : 'verify-full',
    PGSSLROOTCERT: given.rejectUnauthorized === false ? '' : 'system',
  }
  for (const [name, variable] of CERTIFICATES) {
    const content = given[name]
    if (typeof content !== 'string' && !(content instanceof Uint8Array)) continue
    const file = join(folder, `${name}.pem`)
    await writeFile(file, content, { mode: 0o600 })
    written[variable] = file
  }
  return written
}

const CERTIFICATES = [
  ['ca', 'PGSSLROOTCERT'],
  ['cert', 'PGSSLCERT'],
  ['key', 'PGSSLKEY'],
] as const

function run(
  program: string,
  programArguments: readonly string[],
  env: NodeJS.ProcessEnv,
  output: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...programArguments], { env, stdio: ['ignore', output, 'pipe'] })
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(0, MAX_SAID)
    })
    child.on('error', (cause) => reject(failureOf(cause)))
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(failed(said))
    })
  })
}

/** What the program says names tables, users and hosts, never values. */
function failed(said: string): StoreError {
  return new StoreError(
    'UNAVAILABLE',
    'postgresql: pg_dump failed, and its file was removed: see the cause',
    {
      backend: 'postgresql',
      cause: new Error(said.trim() || 'it said nothing'),
    },
  )
}

function missing(serverMajor: number, found: string, cause?: unknown): StoreError {
  const message =
    `a copy in PostgreSQL's own form takes pg_dump of version ${serverMajor} or later, and ${found}: install ` +
    `postgresql-client-${serverMajor}, or name the program with ${PROGRAM_VARIABLE}`
  return new StoreError('UNSUPPORTED', message, { backend: 'postgresql', cause })
}

function cannotWrite(cause: unknown): StoreError {
  const { code } = Object(cause) as { code?: unknown }
  return code === 'EEXIST'
    ? new StoreError('ALREADY_EXISTS', 'something is at the path of the copy already: name another', {
        cause,
      })
    : new StoreError('PERMISSION_DENIED', 'the file of the copy can not be made: see the cause', { cause })
}
