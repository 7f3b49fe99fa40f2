/**
 * Filling a place with other contents, tables included, in one transaction under the lock for changes of the
 * schema. Nobody else sees anything of it before the commit. Indexes are made when the rows are in, which is faster
 * than adding to them.
 */

import { type Layout, type Loader, type Replacement, StoreError } from '@coffer/core/backend'
import { anyRow, schemaOf, type Table, tableOf } from '@coffer/sql'
import { ALL_TENANTS } from './confine.ts'
import { beginPatiently, DDL_SILENCE_MS } from './ddl-lock.ts'
import { sqlState } from './error-code.ts'
import { heldLayouts } from './held-layouts.ts'
import { type MigrationPlace, makeOwnTables, makeTable, writeLayout } from './migration.ts'
import type { ResolvedOptions } from './options.ts'
import { type Place, runWithin } from './place.ts'
import { loadRows, raiseFloors } from './row-loads.ts'
import { storedSchema } from './schema-state.ts'
import type { Command, Session } from './session.ts'
import { commit, undo } from './transaction-ends.ts'

/** How long the transaction may stand still between two loads: whoever reads an archive may have to wait for it. */
const IDLE_MS = 60 * 60_000
/** What the server says of a second row with one key. */
const DUPLICATE = '23505'

/** Replaces everything by what the callback loads: all of it, or nothing. */
export function replaceContents<T>(
  place: Place,
  options: ResolvedOptions,
  replacement: Replacement,
  run: (loader: Loader) => Promise<T>,
): Promise<T> {
  return place.connections.apart(async (session) => {
    try {
      const migration = await beginPatiently(place, session, IDLE_MS, () =>
        emptied(place, session, options, replacement),
      )
      const loader = new OpenLoader(place, session)
      const result = await run(loader)
      await finish(place, migration, replacement, loader.end())
      place.floors.forget()
      return result
    } catch (error) {
      await undo(session)
      throw error
    }
  })
}

/** Takes away what there is and makes the tables, without their indexes. */
async function emptied(
  place: Place,
  session: Session,
  options: ResolvedOptions,
  { layouts, onlyIfEmpty }: Replacement,
): Promise<MigrationPlace> {
  const { schema } = place
  const wanted = layouts.map(({ layout }) => layout)
  const stored = await storedSchema(schema, session, wanted)
  const held = heldLayouts(stored.layouts).map(({ layout }) => tableOf(schema.dialect, layout))
  if (onlyIfEmpty) await refuseRows(session, held)
  const run = async (commands: readonly Command[]) => {
    if (commands.length > 0) await session.run(commands, { silenceMs: DDL_SILENCE_MS })
  }
  const names = new Set(held.map(({ plainName }) => plainName))
  const left = [...stored.tables].filter(([name]) => !names.has(name))
  const migration = { schema, session, run, stored: { ...stored, tables: new Map(left) }, options }
  await makeOwnTables(migration)
  const { clearLayouts, clearFloors } = schema.own
  await run([
    ...(held.length > 0 ? [{ text: `DROP TABLE IF EXISTS ${held.map(({ name }) => name).join(', ')}` }] : []),
    { text: clearLayouts.text },
    { text: clearFloors.text },
  ])
  for (const layout of wanted) await makeTable(migration, layout)
  return migration
}

/** @throws `ALREADY_EXISTS` where one of the tables has a row */
export async function refuseRows(session: Session, tables: readonly Table[]): Promise<void> {
  for (const table of tables) {
    const [place] = await session.ask({ text: 'SELECT to_regclass($1)', parameters: [table.name] })
    // One that somebody has dropped has no rows.
    if (place?.[0] == null || (await session.ask({ text: anyRow(table).text })).length === 0) continue
    const message = `the table ${table.plainName} has rows, and the place was to be empty: say that it may be replaced`
    throw new StoreError('ALREADY_EXISTS', message, { backend: 'postgresql' })
  }
}

class OpenLoader implements Loader {
  readonly #place: Place
  readonly #session: Session
  readonly #filled = new Set<string>()
  #isOver = false

  constructor(place: Place, session: Session) {
    this.#place = place
    this.#session = session
  }

  /** Takes no more, and answers the names of layouts that have rows. */
  end(): ReadonlySet<string> {
    this.#isOver = true
    return this.#filled
  }

  async rows(layout: Layout, rows: Parameters<Loader['rows']>[1]): Promise<void> {
    if (rows.length === 0) return
    this.#filled.add(layout.name)
    try {
      await this.#run(loadRows(this.#place.statementsOf(layout).table, 'add', rows))
    } catch (error) {
      throw sqlState((error as { cause?: unknown }).cause) === DUPLICATE ? loadedTwice(layout, error) : error
    }
  }

  async floors(layout: Layout, floors: Parameters<Loader['floors']>[1]): Promise<void> {
    if (floors.length > 0) await this.#run([raiseFloors(this.#place.schema.floors, layout.name, floors)])
  }

  async #run(commands: readonly Command[]): Promise<void> {
    if (this.#isOver) {
      const message = 'the loading has ended: load everything before its callback resolves'
      throw new StoreError('TRANSACTION_CLOSED', message, { backend: 'postgresql' })
    }
    const forAll = commands.map((command) => ({ command, tenant: ALL_TENANTS }) as const)
    await runWithin(this.#place, this.#session, forAll, { silenceMs: DDL_SILENCE_MS })
  }
}

/** Makes indexes and guards, notes the layouts and commits. */
async function finish(
  place: Place,
  migration: MigrationPlace,
  { layouts }: Replacement,
  filled: ReadonlySet<string>,
): Promise<void> {
  const { schema, notifications } = place
  for (const { layout, stale } of layouts) {
    const table = tableOf(schema.dialect, layout)
    const { around, guards } = schemaOf(table)
    const texts = [
      ...around.map((object) => object.create),
      ...guards.create,
      ...(filled.has(layout.name) ? [`ANALYZE ${table.name}`] : []),
    ]
    await migration.run([...texts.map((text) => ({ text })), writeLayout(schema, layout, !stale)])
  }
  await commit(migration.session, notifications.allChanged())
}

function loadedTwice({ name }: Layout, cause: unknown): StoreError {
  const message = `a row was loaded that is in the table ${name} already: each may be there once`
  return new StoreError('ALREADY_EXISTS', message, { backend: 'postgresql', cause })
}
