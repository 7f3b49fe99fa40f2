/**
 * Opening: the schema in the database, brought to what the layouts want.
 *
 * A warm start only reads. What changes the schema happens in steps, each a transaction under an advisory
 * lock, so any number of processes may open an empty database at once, and one that dies leaves whole steps.
 * The lock is polled: whoever waits holds nothing that others could wait for. A step gives up soon when a
 * table is in use, and is tried again, so that nobody queues behind it for long.
 */

import { setTimeout as pause } from 'node:timers/promises'
import { isStoreError, type Layout, StoreError, someNames } from '@coffer/core/backend'
import { tableOf } from '@coffer/sql'
import { beginUnderLock, DDL_SILENCE_MS, isLockTimeout, lettingPassMs, MAX_WAIT_MS } from './ddl-lock.ts'
import { finishTable } from './finishing.ts'
import { changeSchema } from './migration.ts'
import type { ResolvedOptions } from './options.ts'
import type { Place } from './place.ts'
import { checkServer, differenceOf, type SchemaDifference, storedSchema } from './schema-state.ts'
import type { Command, Session } from './session.ts'
import { columnsToRequire } from './table-state.ts'
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
  let mayMend = !changesNothing(options)
  let looksAtServer = isFirst
  /** What was mended once: it may be of a form that Coffer does not make, and work all the same. */
  const mended = new Set<string>()
  const isToMend = ({ name }: Layout) => mayMend && !mended.has(name)
  let last: { readonly names: string; readonly deadline: number; tries: number } | undefined
  for (;;) {
    const { changed, damaged, stale } = await place.connections.reading(async (session) => {
      if (looksAtServer) await checkServer(session, options)
      return difference(place, session, options, layouts)
    })
    looksAtServer = false
    const left = [...changed, ...damaged.filter(isToMend)]
    const [first] = left
    if (first === undefined) return stale
    if (changesNothing(options)) throw missing(place, changed, options)
    const names = left.map(({ name }) => name).join()
    // The time that a step has taken is not counted when something came of it.
    if (last?.names !== names) last = { names, deadline: performance.now() + MAX_WAIT_MS, tries: 0 }
    const { obstacle } = await tryOneStep(place, options, layouts, isToMend, last.tries).catch(
      (error: unknown) => {
        // A role that may not mend what others have damaged can work all the same.
        if (changed.length > 0 || !isStoreError(error, 'PERMISSION_DENIED')) throw error
        mayMend = false
        return { obstacle: undefined }
      },
    )
    if (obstacle === undefined && changed.length === 0) mended.add(first.name)
    if (performance.now() > last.deadline) throw tooLate(obstacle)
    if (obstacle === 'lock') await pause(lettingPassMs(last.tries++))
    else if (obstacle === 'others') await pause(Math.random() * LONGEST_PAUSE_MS)
  }
}

function changesNothing({ readOnly, migrate }: ResolvedOptions): boolean {
  return readOnly || migrate === 'verify'
}

async function difference(
  { schema }: Place,
  session: Session,
  options: ResolvedOptions,
  layouts: readonly Layout[],
): Promise<SchemaDifference> {
  const { rowLevelSecurity } = options
  const stored = await storedSchema(schema, session, layouts)
  const found = differenceOf(stored, schema, layouts, rowLevelSecurity)
  if (!changesNothing(options)) return found
  // Who changes nothing can work before all indexes are built.
  const known = new Map(stored.layouts)
  for (const layout of found.changed) {
    const own = known.get(layout.name)
    if (!own?.isUnfinished) continue
    const open = await columnsToRequire(session, schema, tableOf(schema.dialect, layout))
    if (open.length === 0) known.set(layout.name, { ...own, isUnfinished: false })
  }
  return differenceOf({ ...stored, layouts: known }, schema, layouts, rowLevelSecurity)
}

/** What kept a step from being taken: others who are changing the schema, or who use a table. */
type Obstacle = 'others' | 'lock' | undefined

/** Takes a step, if nobody else is at it. */
async function tryOneStep(
  place: Place,
  options: ResolvedOptions,
  layouts: readonly Layout[],
  isToMend: (layout: Layout) => boolean,
  tries: number,
): Promise<{ readonly obstacle: Obstacle }> {
  try {
    const { isFree, unfinished } = await place.connections.writing((session) =>
      step(place, session, { options, layouts, isToMend, tries }),
    )
    const wasFree = unfinished === undefined ? isFree : await finishTable(place, unfinished)
    return { obstacle: wasFree ? undefined : 'others' }
  } catch (error) {
    // Steps may be repeated, and whether this one is done is seen by looking.
    if (isStoreError(error, 'CONFLICT') || isStoreError(error, 'OUTCOME_UNKNOWN')) {
      return { obstacle: 'others' }
    }
    if (isLockTimeout(error)) return { obstacle: 'lock' }
    throw error
  }
}

/** What a step is about. */
interface Wanted {
  readonly options: ResolvedOptions
  readonly layouts: readonly Layout[]
  readonly isToMend: (layout: Layout) => boolean
  /** How often it was tried before. */
  readonly tries: number
}

/** Takes one step under the lock, if it is free. Answers the layout whose table is to be finished, if that comes next. */
async function step(
  place: Place,
  session: Session,
  { options, layouts, isToMend, tries }: Wanted,
): Promise<{ readonly isFree: boolean; readonly unfinished: Layout | undefined }> {
  const { schema } = place
  const run = async (commands: readonly Command[]) => {
    if (commands.length > 0) await session.run(commands, { silenceMs: DDL_SILENCE_MS })
  }
  try {
    const isFree = await beginUnderLock(place, session, IDLE_MS, tries)
    let unfinished: Layout | undefined
    if (isFree) {
      const stored = await storedSchema(schema, session, layouts)
      const { changed, damaged } = differenceOf(stored, schema, layouts, options.rowLevelSecurity)
      const migration = { schema, session, run, stored, options }
      unfinished = await changeSchema(migration, [...changed, ...damaged.filter(isToMend)], layouts)
    }
    await commit(session)
    return { isFree, unfinished }
  } catch (error) {
    await undo(session)
    throw error
  }
}

function missing({ schema }: Place, changed: readonly Layout[], { readOnly }: ResolvedOptions): StoreError {
  const names = someNames(changed.map((layout) => layout.name))
  const why = readOnly ? 'readOnly: true' : `migrate: 'verify'`
  return new StoreError(
    'UNSUPPORTED',
    `the schema ${schema.name} has no table, or one of another form, for ${names}, and ${why} changes nothing: ` +
      `open the store once with migrate: 'auto' and a role that may create tables`,
    { backend: 'postgresql' },
  )
}

function tooLate(obstacle: Obstacle): StoreError {
  const why =
    obstacle === 'others'
      ? 'another process is changing them, and may be at it for long where they are large'
      : 'a long transaction, or a backup, uses them'
  const message = `the tables could not be changed within ten minutes: ${why}; open the store again when it is done`
  return new StoreError('TIMEOUT', message, { backend: 'postgresql' })
}
