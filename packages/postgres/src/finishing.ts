/**
 * Finishing the change of a large table beside those who use it: columns are filled and required in small steps,
 * indexes are built concurrently. Each part is seen in the catalog when it is done, so whoever comes after one who
 * died goes on where he stopped. An index that was not built to its end is taken away first.
 *
 * Building concurrently waits for every transaction that is older than the build, in the whole database. So it
 * must not stand in one itself, and excludes others by a lock of its session, which is polled as ever: who waits
 * for it holds nothing that the build could wait for. Behind a pooler no session can be held; there it is all one
 * transaction, which keeps writers waiting, and readers only while columns become required.
 */

import type { Key, Layout } from '@coffer/core/backend'
import { layoutText, requirement, schemaOf, type Table, tableOf } from '@coffer/sql'
import { ALL_TENANTS } from './confine.ts'
import { beginUnderLock, DDL_SILENCE_MS, lockCommand, shortWait, unbounded } from './ddl-lock.ts'
import { withoutGuards } from './guards.ts'
import { passingOthers } from './maintenance.ts'
import { finishAtOnce, writeLayout } from './migration.ts'
import type { Place } from './place.ts'
import { storedSchema } from './schema-state.ts'
import type { Command, Session } from './session.ts'
import { BEFORE_ALL, columnsToRequire, hasRequirement, objectsToMake } from './table-state.ts'
import { commit, runWhole, undo } from './transaction-ends.ts'
import { walkByKey } from './walk-by-key.ts'

/** How many rows are filled in one transaction. */
const ROWS_AT_ONCE = 2_000

/** Finishes the table of a layout. Answers false when somebody else is at it. */
export function finishTable(place: Place, layout: Layout): Promise<boolean> {
  const { connections } = place
  return connections.keepsSessions
    ? connections.apart((session) => finishBeside(place, session, layout))
    : connections.writing((session) => finishInTransaction(place, session, layout))
}

async function finishBeside(place: Place, session: Session, layout: Layout): Promise<boolean> {
  const { schema } = place
  const [isFree] = await session.ask(lockCommand('pg_try_advisory_lock', schema.name))
  if (isFree?.[0] !== 't') return false
  try {
    const reindexed = await unfinished(place, session, layout)
    if (reindexed === undefined) return true
    const table = tableOf(schema.dialect, layout)
    await session.run([{ text: 'SET statement_timeout = 0' }, unbounded('SESSION')])
    await requireColumns(place, session, table)
    // A build that waits, be it for a backup to end, stops nobody, and what it has done so far would be lost.
    await session.run([{ text: `SET lock_timeout = ${DDL_SILENCE_MS}` }])
    for (const { object, isInvalid } of await objectsToMake(session, schema, table)) {
      if (isInvalid) await runAlone(session, concurrently(object.drop))
      await runAlone(session, concurrently(object.create))
    }
    await session.run([writeLayout(schema, layout, reindexed)])
    return true
  } finally {
    if (!session.isLost) await session.run([lockCommand('pg_advisory_unlock', schema.name)])
  }
}

/** As one transaction, when nothing else can be: still apart from the change that shuts out readers. */
async function finishInTransaction(place: Place, session: Session, layout: Layout): Promise<boolean> {
  const { schema } = place
  const run = async (commands: Parameters<Session['run']>[0]) => {
    if (commands.length > 0) await session.run(commands, { silenceMs: DDL_SILENCE_MS })
  }
  try {
    if (!(await beginUnderLock(place, session, DDL_SILENCE_MS))) {
      await undo(session)
      return false
    }
    const reindexed = await unfinished(place, session, layout)
    if (reindexed !== undefined) {
      const table = tableOf(schema.dialect, layout)
      const { suspend, resume } = schemaOf(table).guards
      const plain = (texts: readonly string[]) => (layout.appendOnly ? texts.map((text) => ({ text })) : [])
      await run(plain(suspend))
      await finishAtOnce({ schema, session, run }, table)
      await run([...plain(resume), writeLayout(schema, layout, reindexed)])
    }
    await commit(session)
    return true
  } catch (error) {
    await undo(session)
    throw error
  }
}

/** Whether its rows are right, of a layout that is still to be finished in this form; `undefined` of others. */
async function unfinished(place: Place, session: Session, layout: Layout): Promise<boolean | undefined> {
  const { layouts } = await storedSchema(place.schema, session, [layout])
  const stored = layouts.get(layout.name)
  return stored?.isUnfinished && stored.text === layoutText(layout) ? stored.reindexed : undefined
}

async function requireColumns(place: Place, session: Session, table: Table): Promise<void> {
  const { schema } = place
  const columns = await columnsToRequire(session, schema, table)
  const isLeft = await hasRequirement(session, schema, table)
  if (columns.length === 0 && !isLeft) return
  const { refuseNulls, validate, require, release } = requirement(table, columns)
  const short = (text: string) =>
    passingOthers(async (tries) => {
      await session.run([{ text: shortWait(tries, 'SESSION') }])
      await runAlone(session, text)
    })
  await session.run(walkByKey('SESSION'))
  if (isLeft) await short(release)
  if (columns.length === 0) return
  await fill(place, session, table, columns)
  await short(refuseNulls)
  // What others have written since they were passed by. The constraint keeps them from it now.
  await fill(place, session, table, columns)
  await short(validate)
  await short(require)
  await short(release)
}

async function fill(
  place: Place,
  session: Session,
  table: Table,
  columns: Awaited<ReturnType<typeof columnsToRequire>>,
): Promise<void> {
  const { boundary, fill, fillRest } = requirement(table, columns)
  const run = async (command: Command) => {
    const forAll = { command, tenant: ALL_TENANTS } as const
    const begin = [{ text: 'BEGIN ISOLATION LEVEL READ COMMITTED' }]
    await passingOthers((tries) => {
      const bound = { command: { text: shortWait(tries) }, tenant: undefined }
      const commands = table.layout.appendOnly ? withoutGuards(table, [forAll], tries) : [bound, forAll]
      return runWhole(place, session, begin, commands)
    })
  }
  let after = BEFORE_ALL
  for (;;) {
    const upTo = await keyAt(place, session, {
      text: boundary.text,
      parameters: boundary.parameters(after, ROWS_AT_ONCE),
    })
    if (upTo === undefined) break
    await run({ text: fill.text, parameters: fill.parameters(after, upTo) })
    after = upTo
  }
  await run({ text: fillRest.text, parameters: fillRest.parameters(after) })
}

async function keyAt(place: Place, session: Session, command: Command): Promise<Key | undefined> {
  const begin = [{ text: 'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY' }]
  const [answer] = await runWhole(place, session, begin, [{ command, tenant: ALL_TENANTS }])
  const [row] = answer?.rows ?? []
  return row && { tenant: String(row[0]), id: String(row[1]) }
}

async function runAlone(session: Session, text: string): Promise<void> {
  await session.run([{ text }], { silenceMs: DDL_SILENCE_MS })
}

/** The statement that makes or drops an index, without keeping anybody from the table. */
function concurrently(text: string): string {
  return text.replace(/^(CREATE|DROP) INDEX /, '$1 INDEX CONCURRENTLY ')
}
