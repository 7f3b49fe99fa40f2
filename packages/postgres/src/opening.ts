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
import { beginUnderLock, DDL_SILENCE_MS, isLockTimeout, lettingPassMs, MAX_WAIT_MS } from './ddl-lock.ts'
import { finishTable } from './finishing.ts'
import { changeSchema } from './migration.ts'
import type { ResolvedOptions } from './options.ts'
import type { Place } from './place.ts'
import { checkServer, differenceOf, type SchemaDifference, storedSchema } from './schema-state.ts'
import type { Command, Session } from './session.ts'
import { commit, undo } from './transaction-ends.ts'

/** The longest pause before it is looked whether another process is done. */
const LONGEST_PAUSE_MS = 200
/** How long a step may stand still, in milliseconds. */
const IDLE_MS = 60_000

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
  const changesNothing = options.readOnly || options.migrate === 'verify'
  let mayMend = !changesNothing
  let looksAtServer = isFirst
  for (;;) {
    const { changed, damaged, stale } = await place.connections.reading(async (session) => {
      if (looksAtServer) await checkServer(session, options)
      return difference(place, session, options, layouts)
    })
    looksAtServer = false
    if (changed.length === 0 && !(mayMend && damaged.length > 0)) return stale
    if (changesNothing) throw missing(place, changed, options)
    const pauseMs = await tryOneStep(place, options, layouts).catch((error: unknown) => {
      // A role that may not mend what others have damaged can work all the same.
      if (changed.length > 0 || !isStoreError(error, 'PERMISSION_DENIED')) throw error
      mayMend = false
      return 0
    })
    if (pauseMs > 0) {
      if (performance.now() > deadline) throw tooLate()
      await pause(pauseMs)
    }
  }
}

async function difference(
  { schema }: Place,
  session: Session,
  { rowLevelSecurity }: ResolvedOptions,
  layouts: readonly Layout[],
): Promise<SchemaDifference> {
  return differenceOf(await storedSchema(schema, session, layouts), schema, layouts, rowLevelSecurity)
}

/** Takes a step, if nobody else is at it. Answers how long to wait before looking again, in milliseconds. */
async function tryOneStep(
  place: Place,
  options: ResolvedOptions,
  layouts: readonly Layout[],
): Promise<number> {
  try {
    const { isFree, unfinished } = await place.connections.writing((session) =>
      step(place, session, options, layouts),
    )
    const wasFree = unfinished === undefined ? isFree : await finishTable(place, unfinished)
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

/** Takes one step under the lock, if it is free. Answers the layout whose table is to be finished, if that comes next. */
async function step(
  place: Place,
  session: Session,
  options: ResolvedOptions,
  layouts: readonly Layout[],
): Promise<{ readonly isFree: boolean; readonly unfinished: Layout | undefined }> {
  const { schema } = place
  const run = async (commands: readonly Command[]) => {
    if (commands.length > 0) await session.run(commands, { silenceMs: DDL_SILENCE_MS })
  }
  try {
    const isFree = await beginUnderLock(place, session, IDLE_MS)
    let unfinished: Layout | undefined
    if (isFree) {
      const stored = await storedSchema(schema, session, layouts)
      const { changed, damaged } = differenceOf(stored, schema, layouts, options.rowLevelSecurity)
      const migration = { schema, session, run, stored, options }
      unfinished = await changeSchema(migration, [...changed, ...damaged], layouts)
    }
    await commit(session)
    return { isFree, unfinished }
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
