/**
 * Opening: the schema in the database, brought to what the layouts want.
 *
 * A warm start only reads. What changes the schema happens in steps, each a transaction under an advisory
 * lock, so any number of processes may open an empty database at once, and one that dies leaves whole steps.
 * The lock is polled: whoever waits holds nothing that others could wait for. A step gives up soon when a
 * table is in use, and is tried again, so that nobody queues behind it for long.
 */

import { setTimeout as pause } from 'node:timers/promises'
import { isStoreError, type Layout, StoreError } from '@coffer/core/backend'
import { ALL_TENANTS } from './confine.ts'
import { isLockTimeout, lettingPassMs, MAX_WAIT_MS, SHORT_WAIT } from './ddl-lock.ts'
import { changeSchema } from './migration.ts'
import type { ResolvedOptions } from './options.ts'
import type { Place } from './place.ts'
import { checkServer, differenceOf, storedSchema } from './schema-state.ts'
import type { Command, Session } from './session.ts'
import { commit, undo } from './transaction-ends.ts'

/** The longest pause before it is looked whether another process is done. */
const LONGEST_PAUSE_MS = 200
/** Building an index may take long; silence of the server means nothing then. */
const DDL_SILENCE_MS = 6 * 60 * 60_000

/**
 * Opens the layouts.
 *
 * @param isFirst true for the first call: the server is looked at then
 * @returns the names of layouts with rows to be written anew
 */
export async function openSchema(
  place: Place,
  options: ResolvedOptions,
  layouts: readonly Layout[],
  isFirst: boolean,
): Promise<readonly string[]> {
  const deadline = performance.now() + MAX_WAIT_MS
  let looksAtServer = isFirst
  for (;;) {
    const { changed, stale } = await place.connections.reading(async (session) => {
      if (looksAtServer) await checkServer(session, options)
      return differenceOf(
        await storedSchema(place.schema, session, layouts),
        layouts,
        options.rowLevelSecurity,
      )
    })
    looksAtServer = false
    if (changed.length === 0) return stale
    if (options.readOnly || options.migrate === 'verify') throw missing(place, changed, options)
    const pauseMs = await tryOneStep(place, options, layouts)
    if (pauseMs > 0) {
      if (performance.now() > deadline) throw tooLate()
      await pause(pauseMs)
    }
  }
}

/** Takes a step, if nobody else is at it. Answers how long to wait before looking again, in milliseconds. */
async function tryOneStep(
  place: Place,
  options: ResolvedOptions,
  layouts: readonly Layout[],
): Promise<number> {
  try {
    const wasFree = await place.connections.writing((session) => step(place, session, options, layouts))
    return wasFree ? 0 : Math.random() * LONGEST_PAUSE_MS
  } catch (error) {
    // Steps may be repeated, and whether this one is done is seen by looking.
    if (isStoreError(error, 'CONFLICT') || isStoreError(error, 'OUTCOME_UNKNOWN')) {
      return Math.random() * LONGEST_PAUSE_MS
    }
    if (isLockTimeout(error)) return lettingPassMs()
    throw error
  }
}

/** Takes one step under the lock, or answers false when somebody else has it. */
async function step(
  place: Place,
  session: Session,
  options: ResolvedOptions,
  layouts: readonly Layout[],
): Promise<boolean> {
  const { schema, confinement } = place
  const begin = [
    'BEGIN ISOLATION LEVEL READ COMMITTED',
    SHORT_WAIT,
    'SET LOCAL statement_timeout = 0',
    'SET LOCAL idle_in_transaction_session_timeout = 60000',
  ]
  const run = async (commands: readonly Command[]) => {
    if (commands.length > 0) await session.run(commands, { silenceMs: DDL_SILENCE_MS })
  }
  try {
    const tryLock = {
      text: "SELECT pg_try_advisory_xact_lock(hashtextextended('coffer ' || $1::text, 0))",
      parameters: [schema.name],
    }
    const answers = await session.run([...begin.map((text) => ({ text })), tryLock])
    const isFree = answers.at(-1)?.rows[0]?.[0] === 't'
    if (isFree) {
      const stored = await storedSchema(schema, session, layouts)
      const { changed } = differenceOf(stored, layouts, options.rowLevelSecurity)
      if (confinement.isOn) {
        await session.run(confinement.confine([{ command: { text: 'SELECT 1' }, tenant: ALL_TENANTS }]))
      }
      await changeSchema({ schema, session, run, stored, options }, changed, layouts)
    }
    await commit(session)
    return isFree
  } catch (error) {
    await undo(session)
    throw error
  }
}

/** Tables that a message names. */
const MAX_NAMED = 4

function missing({ schema }: Place, changed: readonly Layout[], { readOnly }: ResolvedOptions): StoreError {
  const shown = changed.slice(0, MAX_NAMED).map((layout) => layout.name)
  const more = changed.length - shown.length
  const names = [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ')
  const why = readOnly ? 'readOnly: true' : `migrate: 'verify'`
  return new StoreError(
    'UNSUPPORTED',
    `the schema ${schema.name} has no table, or one of another form, for ${names}, and ${why} changes nothing: ` +
      `open the store once with migrate: 'auto' and a role that may create tables`,
    { backend: 'postgresql' },
  )
}

function tooLate(): StoreError {
  return new StoreError(
    'TIMEOUT',
    'the tables could not be changed within ten minutes: another process is changing them, or a long transaction uses them',
    { backend: 'postgresql' },
  )
}
