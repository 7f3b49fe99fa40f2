/**
 * PostgreSQL's own programs, `pg_dump` and `pg_restore`: how they are found, what they are told, and how they are
 * run. They are no part of Coffer.
 */

import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { promisify } from 'node:util'
import { StoreError } from '@coffer/core/backend'
import pg, { type ClientConfig } from 'pg'
import { MAINTENANCE_SETTING } from './confine.ts'
import { failureOf } from './failure.ts'
import type { ResolvedOptions } from './options.ts'

/** The most of what a program complains of that is kept, in characters. */
const MAX_SAID = 2_000
/** The most of what it prints that is kept, in characters: the contents of a dump with many thousands of tables. */
const MAX_PRINTED = 64 * 1024 * 1024

/** A program, and the variable that names it where it is not on the `PATH`. */
export interface ClientProgram {
  readonly name: 'pg_dump' | 'pg_restore'
  readonly variable: 'PG_DUMP' | 'PG_RESTORE'
}

/** A program that is there. */
export interface FoundProgram extends ClientProgram {
  readonly path: string
  readonly major: number
}

/** Looks for a program. @throws `UNSUPPORTED` where there is none; `major` is the version to install */
export async function findProgram(program: ClientProgram, major?: number): Promise<FoundProgram> {
  const path = process.env[program.variable] || program.name
  const answer = await promisify(execFile)(path, ['--version']).catch((cause: unknown) => {
    throw missingProgram(program, major, 'there is none', cause)
  })
  const [, version] = /\(PostgreSQL\) (\d+)/.exec(answer.stdout) ?? []
  if (version === undefined) throw missingProgram(program, major, `${path} is another program`)
  return { ...program, path, major: Number(version) }
}

/** Refuses a program that is too old. */
export function requireVersion(program: FoundProgram, major: number): void {
  if (program.major >= major) return
  throw missingProgram(program, major, `the one that is here is of ${program.major}`)
}

function missingProgram(
  { name, variable }: ClientProgram,
  major: number | undefined,
  found: string,
  cause?: unknown,
): StoreError {
  const version = major === undefined ? '' : ` of version ${major} or later`
  const message =
    `copies in PostgreSQL's own form take ${name}${version}, and ${found}: install ` +
    `postgresql-client${major === undefined ? '' : `-${major}`}, or name the program with ${variable}`
  return new StoreError('UNSUPPORTED', message, { backend: 'postgresql', cause })
}

/** How a program is run. */
export interface ProgramRun {
  readonly environment: NodeJS.ProcessEnv
  /** Where what it prints goes; else it is answered. */
  readonly output?: number
  readonly signal: AbortSignal | undefined
}

/** What became of it. */
export interface ProgramEnd {
  readonly hasFailed: boolean
  readonly wasStopped: boolean
  readonly printed: string
  readonly said: string
}

/** Runs a program to its end; a signal ends it. */
export function runProgram(
  { path }: FoundProgram,
  words: readonly string[],
  { environment: env, output, signal }: ProgramRun,
): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, [...words], { env, stdio: ['ignore', output ?? 'pipe', 'pipe'] })
    const stop = () => {
      child.kill()
    }
    signal?.addEventListener('abort', stop)
    if (signal?.aborted) stop()
    let said = ''
    let printed = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(0, MAX_SAID)
    })
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (printed.length < MAX_PRINTED) printed += text
    })
    child.on('error', (cause) => reject(failureOf(cause)))
    child.on('close', (code) => {
      signal?.removeEventListener('abort', stop)
      const hasFailed = code !== 0
      resolve({ hasFailed, wasStopped: hasFailed && signal?.aborted === true, printed, said })
    })
  })
}

/** The failure of what was stopped. */
export function stopped(): StoreError {
  return new StoreError('ABORTED', 'stopped as asked', { backend: 'postgresql' })
}

/**
 * Runs with what a program is told where nobody else can read it: a command line is seen by all users of a machine.
 */
export async function withEnvironment<T>(
  options: ResolvedOptions,
  run: (environment: NodeJS.ProcessEnv) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-'))
  try {
    return await run(await environmentFor(options, folder))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** @param folder where certificates may be written */
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
    ...withoutServer(process.env),
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

/** What the driver does not look at would send the program to another server, or there in another way. */
const OF_ANOTHER_SERVER =
  /^PG(?:HOSTADDR|SERVICE|SERVICEFILE|SSL.*|REQUIRE.*|CHANNELBINDING|TARGETSESSIONATTRS)$/

function withoutServer(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !OF_ANOTHER_SERVER.test(name)))
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
  const options = ssl === true ? {} : ssl
  const isTrusting = options.rejectUnauthorized === false
  // Without authorities of its own the driver takes those of Node. Older programs know no word for the system's.
  const ca = options.ca ?? (isTrusting ? undefined : rootCertificates.join('\n'))
  const given: Readonly<Record<string, unknown>> = { ...options, ca }
  const written: NodeJS.ProcessEnv = { PGSSLMODE: isTrusting ? 'require' : 'verify-full', PGSSLROOTCERT: '' }
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
