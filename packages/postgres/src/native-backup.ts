/** A copy of the schema in PostgreSQL's own form, made by its program `pg_dump`. */

import { open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StoreError } from '@coffer/core/backend'
import {
  type ClientProgram,
  findProgram,
  requireVersion,
  runProgram,
  stopped,
  withEnvironment,
} from './client-program.ts'
import type { ResolvedOptions } from './options.ts'

const PROGRAM: ClientProgram = { name: 'pg_dump', variable: 'PG_DUMP' }

/** The server that is dumped. */
export interface DumpedServer {
  /** As it tells it, `180004`. */
  readonly version: number
  readonly isStandby: boolean
}

/**
 * Dumps the schema to a path where nothing is yet.
 *
 * @returns how the form is called
 * @throws `UNSUPPORTED` where there is no program that knows the server, `ALREADY_EXISTS` where something is at
 *   the path, `ABORTED`
 */
export async function dumpSchema(
  options: ResolvedOptions,
  path: string,
  { version, isStandby }: DumpedServer,
  signal: AbortSignal | undefined,
): Promise<string> {
  const serverMajor = Math.floor(version / 10_000)
  const program = await findProgram(PROGRAM, serverMajor)
  requireVersion(program, serverMajor)
  await withEnvironment(options, async (environment) => {
    const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
      throw cannotWrite(cause)
    })
    try {
      const run = { environment, output: file.fd, signal }
      const { hasFailed, wasStopped, said } = await runProgram(program, wordsFor(options, isStandby), run)
      if (hasFailed) throw wasStopped ? stopped() : failed(said)
      await file.sync()
      await syncFolder(dirname(path))
    } catch (error) {
      await rm(path, { force: true })
      throw error
    } finally {
      await file.close()
    }
  })
  return PROGRAM.name
}

function wordsFor({ schema, rowLevelSecurity }: ResolvedOptions, isStandby: boolean): readonly string[] {
  return [
    '--format=custom',
    `--schema=${schema}`,
    '--no-password',
    // One state that some serial order of all transactions had, as in every snapshot. A standby knows no such states.
    ...(isStandby ? [] : ['--serializable-deferrable']),
    ...(rowLevelSecurity ? ['--enable-row-security'] : []),
  ]
}

/** The file's name is on the disk only then. Where a folder can't be synced, as on Windows, it is by itself. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
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

function cannotWrite(cause: unknown): StoreError {
  const { code } = Object(cause) as { code?: unknown }
  return code === 'EEXIST'
    ? new StoreError('ALREADY_EXISTS', 'something is at the path of the copy already: name another', {
        cause,
      })
    : new StoreError('PERMISSION_DENIED', 'the file of the copy can not be made: see the cause', { cause })
}
