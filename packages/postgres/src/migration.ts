/**
 * Steps of changing the schema, each inside a transaction that holds the lock on it.
 *
 * A change of a table shuts everybody out until its transaction ends. So what takes as long as the table is
 * large has no place in it: the layout is noted as unfinished, and the rest is done afterwards, beside readers
 * and writers (finishing.ts). A small table is changed at once.
 */

import type { Layout } from '@coffer/core/backend'
import { anyRow, layoutText, quickChange, requirement, schemaOf, type Table, tableOf } from '@coffer/sql'
import { firstStatistics } from './first-statistics.ts'
import type { ResolvedOptions } from './options.ts'
import { protect } from './row-security.ts'
import type { Schema } from './schema.ts'
import {
  dropped,
  FORMAT_VERSION,
  type StoredLayout,
  type StoredSchema,
  storedText,
  unsupported,
} from './schema-state.ts'
import type { Command, Session } from './session.ts'
import { BEFORE_ALL, columnsToRequire, hasRequirement, isFinished, objectsToMake } from './table-state.ts'

/** Where the schema is changed. */
export interface MigrationPlace {
  readonly schema: Schema
  readonly session: Session
  /** Runs commands, however long they take. */
  readonly run: (commands: readonly Command[]) => Promise<void>
  /** The schema as it was found under the lock. */
  readonly stored: StoredSchema
  readonly options: ResolvedOptions
}

/** The most rows of a table that is changed all at once: that takes some hundredths of a second. */
const MAX_ROWS_AT_ONCE = 10_000

/**
 * Takes one step: makes all tables that are missing, or else changes one table. A change of a table locks
 * it, so it shares its transaction with no other.
 *
 * @returns the layout whose table is to be finished outside of this transaction, if that comes next
 */
export async function changeSchema(
  place: MigrationPlace,
  changed: readonly Layout[],
  layouts: readonly Layout[],
): Promise<Layout | undefined> {
  const [first] = changed
  if (first === undefined) return undefined
  await makeOwnTables(place)
  const missing = changed.filter(({ name }) => !place.stored.layouts.has(name))
  for (const layout of missing) await createTable(place, layout)
  if (missing.length > 0) return undefined
  const isHistory = layouts.some(({ history }) => history?.name === first.name)
  return changeTable(place, first, place.stored.layouts.get(first.name) as StoredLayout, isHistory)
}

/** Makes the schema and Coffer's own tables in it, where they are missing. */
export async function makeOwnTables({ schema, run, stored, options }: MigrationPlace): Promise<void> {
  const { own, dialect, name } = schema
  // Asking for a schema that exists takes a right that a role may lack.
  if (!stored.exists) await run(plain([`CREATE SCHEMA ${dialect.quote(name)}`]))
  if (!stored.isMade) {
    const { text, parameters } = own.writeFormat
    await run([
      ...plain(own.objects.map((object) => object.create)),
      { text, parameters: parameters(FORMAT_VERSION) },
    ])
  }
  if (options.rowLevelSecurity && stored.tables.get('_coffer_floors') !== 'forced') {
    await run(plain(protect(schema, '_coffer_floors', 'tenant')))
  }
}

/** Makes the table of a layout without what stands around it. */
export async function makeTable(place: MigrationPlace, layout: Layout): Promise<void> {
  const { schema, run, stored, options } = place
  const table = tableOf(schema.dialect, layout)
  if (stored.tables.has(table.plainName)) {
    throw unsupported(
      `the schema ${schema.name} has a table ${table.plainName} that is not this collection's: rename the ` +
        'collection, or set `schema` to another',
    )
  }
  await run([
    ...plain([schemaOf(table).table.create]),
    ...firstStatistics(table),
    ...plain(options.rowLevelSecurity ? protect(schema, table.plainName, '_tenant') : []),
  ])
}

async function createTable(place: MigrationPlace, layout: Layout): Promise<void> {
  const { around, guards } = schemaOf(tableOf(place.schema.dialect, layout))
  await makeTable(place, layout)
  await place.run([
    ...plain([...around.map((object) => object.create), ...guards.create]),
    writeLayout(place.schema, layout, true),
  ])
}

/** Changes a table to the form of its layout, and notes whether it has rows that may now be wrong. */
async function changeTable(
  place: MigrationPlace,
  layout: Layout,
  stored: StoredLayout,
  isHistory: boolean,
): Promise<Layout | undefined> {
  const { schema, run, session, options } = place
  const table = tableOf(schema.dialect, layout)
  if (!place.stored.tables.has(table.plainName)) throw dropped(table.plainName)
  const isLarge = await hasManyRows(session, table)
  if (stored.isUnfinished && stored.text === layoutText(layout) && isLarge) return layout
  const before: Layout = JSON.parse(stored.text)
  await run(
    plain([...(stored.isUnfinished ? [requirement(table, []).release] : []), ...changes(table, before)]),
  )
  if (!isLarge) await finishAtOnce(place, table)
  await run(plain(schemaOf(table).guards.create))
  if (options.rowLevelSecurity) await run(plain(protect(schema, table.plainName, '_tenant')))
  const fieldsDiffer = JSON.stringify(before.fields) !== JSON.stringify(layout.fields)
  // Each history row keeps the schema version that it was written with.
  const mayBeWrong = fieldsDiffer || (!isHistory && before.schemaVersion !== layout.schemaVersion)
  const hasWrongRows = mayBeWrong && (await session.ask({ text: anyRow(table).text })).length > 0
  const isUnfinished = isLarge && !(await isFinished(session, schema, table))
  await run([writeLayout(schema, layout, stored.reindexed && !hasWrongRows, isUnfinished)])
  return undefined
}

function changes(table: Table, before: Layout): readonly string[] {
  return quickChange(table, tableOf(table.dialect, before))
}

async function hasManyRows(session: Session, { name }: Table): Promise<boolean> {
  const [row] = await session.ask({
    text: `SELECT count(*) FROM (SELECT 1 FROM ${name} LIMIT ${MAX_ROWS_AT_ONCE + 1}) AS few`,
  })
  return Number(row?.[0]) > MAX_ROWS_AT_ONCE
}

/**
 * Makes what is still missing, inside the transaction, which keeps writers out until it ends. Readers are kept out
 * from where columns become required: so that comes last.
 */
export async function finishAtOnce(
  { schema, run, session }: Pick<MigrationPlace, 'schema' | 'run' | 'session'>,
  table: Table,
): Promise<void> {
  await run(plain([`LOCK TABLE ${table.name} IN SHARE ROW EXCLUSIVE MODE`]))
  const columns = await columnsToRequire(session, schema, table)
  const { fillRest, require, release } = requirement(table, columns)
  if (columns.length > 0) await run([{ text: fillRest.text, parameters: fillRest.parameters(BEFORE_ALL) }])
  for (const { object, isInvalid } of await objectsToMake(session, schema, table)) {
    await run(plain([...(isInvalid ? [object.drop] : []), object.create]))
  }
  if (columns.length > 0) await run(plain([require]))
  if (await hasRequirement(session, schema, table)) await run(plain([release]))
}

/** The command that notes the layout of a table, and what is still to be done there. */
export function writeLayout(
  { own }: Schema,
  layout: Layout,
  reindexed: boolean,
  isUnfinished = false,
): Command {
  const { text, parameters } = own.writeLayout
  return { text, parameters: parameters(layout.name, storedText(layout, isUnfinished), reindexed) }
}

function plain(statements: readonly string[]): readonly Command[] {
  return statements.map((text) => ({ text }))
}
