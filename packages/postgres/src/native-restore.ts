/**
 * Putting a dump of pg_dump back, by PostgreSQL's program `pg_restore`: in one transaction of its own, so that what
 * fails or is stopped leaves the schema as it was. Meanwhile a transaction here holds the lock for changes of the
 * schema, so that no store makes, changes or replaces tables. It can't hold the tables, for they are the program's
 * to replace: rows that somebody writes after it was seen that there are none are lost.
 */

import { randomUUID } from 'node:crypto'
import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type NativeRestore, StoreError } from '@coffer/core/backend'
import { tableOf } from '@coffer/sql'
import { runProgram, stopped, withEnvironment } from './client-program.ts'
import { beginPatiently, DDL_SILENCE_MS } from './ddl-lock.ts'
import { type ReadableDump, readDump } from './dump-contents.ts'
import { heldLayouts } from './held-layouts.ts'
import type { ResolvedOptions } from './options.ts'
import type { Place } from './place.ts'
import { refuseRows } from './replacement.ts'
import { restoreFailure } from './restore-failure.ts'
import { storedSchema } from './schema-state.ts'
import type { Session } from './session.ts'
import { commit, undo } from './transaction-ends.ts'

/** How long the server may take to end a session that was stopped, and how often it is looked, in milliseconds. */
const END_MS = 30_000
const LOOK_MS = 50

/** Replaces what is in the schema by a dump of it: all of it, or nothing. */
export async function restoreDump(
  place: Place,
  options: ResolvedOptions,
  path: string,
  { onlyIfEmpty, signal }: NativeRestore,
): Promise<void> {
  const file = await readablePath(path)
  const dump = await readDump(file, options.schema, signal)
  await place.connections.apart(async (session) => {
    try {
      const isThere = await beginPatiently(place, session, DDL_SILENCE_MS, () =>
        look(place, session, dump, onlyIfEmpty),
      )
      await runRestore({ place, options, session, dump, signal }, file, isThere)
      place.floors.forget()
      await commit(session, place.notifications.allChanged())
    } catch (error) {
      await undo(session)
      throw error
    }
  })
}

async function readablePath(path: string): Promise<string> {
  if (path === '' || path.includes('\0')) {
    throw refusal('INVALID_ARGUMENT', 'the path of the dump is empty or holds NUL')
  }
  const file = resolve(path)
  await access(file).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') throw refusal('NOT_FOUND', `there is no file ${path}`)
    throw refusal('PERMISSION_DENIED', `the file ${path} can not be read`)
  })
  return file
}

/** Answers whether the schema is there, and refuses it where it may not be replaced. Leaves no lock on its tables. */
async function look(
  { schema }: Place,
  session: Session,
  dump: ReadableDump,
  onlyIfEmpty: boolean,
): Promise<boolean> {
  await session.run([{ text: 'SAVEPOINT coffer_look' }])
  const { exists, layouts } = await storedSchema(schema, session, [])
  const tables = heldLayouts(layouts).map(({ layout }) => tableOf(schema.dialect, layout))
  if (onlyIfEmpty) await refuseRows(session, tables)
  const left = tables.find(({ plainName }) => !dump.tables.has(plainName))
  if (left !== undefined) {
    throw refusal(
      'ALREADY_EXISTS',
      `the schema ${schema.name} has a table ${left.plainName} that the dump has not, and pg_restore takes away ` +
        'only what it puts back: drop the schema first, or restore into another database',
    )
  }
  // What a savepoint has locked is let go with it.
  await session.run([{ text: 'ROLLBACK TO SAVEPOINT coffer_look' }])
  return exists
}

interface Restoring {
  readonly place: Place
  readonly options: ResolvedOptions
  /** Holds the lock. */
  readonly session: Session
  readonly dump: ReadableDump
  readonly signal: AbortSignal | undefined
}

async function runRestore(restoring: Restoring, file: string, isThere: boolean): Promise<void> {
  const { place, options, session, dump, signal } = restoring
  const name = `coffer ${randomUUID()}`
  const before = await tableIdentity(place, session)
  const end = await withEnvironment(options, (environment) =>
    runProgram(dump.program, wordsFor(options, file, isThere), {
      environment: { ...environment, LC_ALL: 'C', PGAPPNAME: name },
      signal,
    }),
  )
  if (!end.hasFailed) return
  // A connection may be lost, and a program stopped, when the server has committed already.
  try {
    await endSessions(session, name)
    if ((await tableIdentity(place, session)) !== before) return
  } catch (cause) {
    const message =
      'pg_restore failed, and nobody can tell whether it had committed: look before you repeat it'
    throw new StoreError('OUTCOME_UNKNOWN', message, { backend: 'postgresql', cause })
  }
  throw end.wasStopped ? stopped() : restoreFailure(end.said)
}

function wordsFor({ connectTimeoutMs }: ResolvedOptions, file: string, isThere: boolean): readonly string[] {
  return [
    '--format=custom',
    '--single-transaction',
    '--exit-on-error',
    '--no-owner',
    '--no-password',
    // Where there is no schema nothing is taken away, not even what somebody makes in this moment.
    ...(isThere ? ['--clean', '--if-exists'] : []),
    // The database itself is told in the environment, like everything that says where it is.
    `--dbname=connect_timeout=${Math.ceil(connectTimeoutMs / 1_000)}`,
    file,
  ]
}

/** Which table it is: another one as soon as a dump was put back. */
async function tableIdentity({ schema }: Place, session: Session): Promise<unknown> {
  const [row] = await session.ask({ text: `SELECT to_regclass($1)::oid`, parameters: [schema.floors] })
  return row?.[0]
}

/** Ends what the server still does for a program that is gone, and waits for it: a commit is over then, or never comes. */
async function endSessions(session: Session, name: string): Promise<void> {
  const deadline = performance.now() + END_MS
  for (;;) {
    const answers = await session.run([
      { text: 'SELECT pg_stat_clear_snapshot()' },
      {
        text: 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
        parameters: [name],
      },
    ])
    if (answers.at(-1)?.rows.length === 0) return
    if (performance.now() > deadline) throw new Error('the server has not ended the session of pg_restore')
    await pause(LOOK_MS)
  }
}

function refusal(
  code: 'ALREADY_EXISTS' | 'INVALID_ARGUMENT' | 'NOT_FOUND' | 'PERMISSION_DENIED',
  message: string,
): StoreError {
  return new StoreError(code, message, { backend: 'postgresql' })
}
