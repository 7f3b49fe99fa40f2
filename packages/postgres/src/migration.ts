/** Steps of changing the schema, each inside a transaction that holds the lock on it. */

import type { Layout } from '@coffer/core/backend'
import { anyRow, layoutText, schemaOf, tableOf } from '@coffer/sql'
import { firstStatistics } from './first-statistics.ts'
import type { ResolvedOptions } from './options.ts'
import { protect } from './row-security.ts'
import type { Schema } from './schema.ts'
import { dropped, FORMAT_VERSION, type StoredLayout, type StoredSchema, unsupported } from './schema-state.ts'
import type { Command, Session } from './session.ts'

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

/**
 * Takes one step: makes all tables that are missing, or else changes one table. A change of a table locks
 * it, so it shares its transaction with no other.
 */
export async function changeSchema(
  place: MigrationPlace,
  changed: readonly Layout[],
  layouts: readonly Layout[],
): Promise<void> {
  const [first] = changed
  if (first === undefined) return
  await makeOwnTables(place)
  const missing = changed.filter(({ name }) => !place.stored.layouts.has(name))
  if (missing.length === 0) {
    const isHistory = layouts.some(({ history }) => history?.name === first.name)
    await changeTable(place, first, place.stored.layouts.get(first.name) as StoredLayout, isHistory)
  }
  for (const layout of missing) await createTable(place, layout)
}

async function makeOwnTables({ schema, run, stored, options }: MigrationPlace): Promise<void> {
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

async function createTable(place: MigrationPlace, layout: Layout): Promise<void> {
  const { schema, run, stored, options } = place
  const table = tableOf(schema.dialect, layout)
  if (stored.tables.has(table.plainName)) {
    throw unsupported(
      `the schema ${schema.name} has a table ${table.plainName} that is not this collection's: rename the ` +
        'collection, or set `schema` to another',
    )
  }
  const { around, guards, ...rest } = schemaOf(table)
  await run([
    ...plain([rest.table.create]),
    ...firstStatistics(table),
    ...plain([...around.map((object) => object.create), ...guards.create]),
    ...plain(options.rowLevelSecurity ? protect(schema, table.plainName, '_tenant') : []),
    writeLayout(place, layout, true),
  ])
}

/** Changes a table to the form of its layout, and notes whether it has rows that may now be wrong. */
async function changeTable(
  place: MigrationPlace,
  layout: Layout,
  stored: StoredLayout,
  isHistory: boolean,
): Promise<void> {
  const { schema, run, session, options } = place
  const table = tableOf(schema.dialect, layout)
  if (!place.stored.tables.has(table.plainName)) throw dropped(table.plainName)
  const before: Layout = JSON.parse(stored.text)
  if (stored.text !== layoutText(layout)) {
    await run(plain(schema.dialect.schema.change(table, tableOf(schema.dialect, before))))
  }
  if (options.rowLevelSecurity) await run(plain(protect(schema, table.plainName, '_tenant')))
  const fieldsDiffer = JSON.stringify(before.fields) !== JSON.stringify(layout.fields)
  // Each history row keeps the schema version that it was written with.
  const mayBeWrong = fieldsDiffer || (!isHistory && before.schemaVersion !== layout.schemaVersion)
  const hasWrongRows = mayBeWrong && (await session.ask({ text: anyRow(table).text })).length > 0
  await run([writeLayout(place, layout, stored.reindexed && !hasWrongRows)])
}

function writeLayout({ schema }: MigrationPlace, layout: Layout, reindexed: boolean): Command {
  const { text, parameters } = schema.own.writeLayout
  return { text, parameters: parameters(layout.name, layoutText(layout), reindexed) }
}

function plain(statements: readonly string[]): readonly Command[] {
  return statements.map((text) => ({ text }))
}
