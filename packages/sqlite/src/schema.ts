/**
 * The schema in the file, brought to what the layouts want. A warm start only reads; everything that
 * changes the schema happens in one transaction that holds the write lock, so any number of processes may
 * open an empty file at once.
 */

import { type Layout, refuseOlderDefinitions, StoreError, someNames } from '@coffer/core/backend'
import {
  anyRow,
  layoutText,
  type SchemaObject,
  schemaOf,
  sqliteDialect,
  type Table,
  tableOf,
} from '@coffer/sql'
import { type Connection, get, run } from './connection.ts'
import { makeOwnTables, objectNames, type Schema, storedForm, storedLayouts } from './stored-schema.ts'

/** What stands between the file and the layouts wanted. */
export interface SchemaDifference {
  /** Layouts whose tables are missing or have another form. */
  readonly changed: readonly Layout[]
  /** Names of layouts whose tables are right and whose rows await their rewriting. */
  readonly stale: readonly string[]
  /** Layouts whose tables are right, and lack what somebody has dropped of what stands around them. */
  readonly lacking: readonly Layout[]
}

/**
 * Compares the file with the layouts. Histories are expected to be among the layouts.
 *
 * @throws `UNSUPPORTED` when a layout has a table of a higher version of its definition
 */
export function schemaDifference(
  connection: Connection,
  { own, prefix }: Schema,
  layouts: readonly Layout[],
): SchemaDifference {
  const names = objectNames(connection)
  const stored = storedLayouts(connection, own, names)
  const isRight = (layout: Layout) => stored.get(layout.name)?.text === layoutText(layout)
  const right = layouts.filter(isRight)
  const changed = layouts.filter((layout) => !isRight(layout))
  refuseOlderDefinitions('sqlite', changed, (name) => {
    const held = stored.get(name)
    return held && storedForm(name, held.text)
  })
  return {
    changed,
    stale: right
      .filter((layout) => stored.get(layout.name)?.reindexed === false)
      .map((layout) => layout.name),
    lacking: right.filter(
      (layout) => lackingObjects(tableOf(sqliteDialect, layout, prefix), names).length > 0,
    ),
  }
}

/**
 * Accepts a difference where nothing may be changed. What was dropped around a table is no hindrance.
 *
 * @throws `UNSUPPORTED` when a table or its rows would have to be changed
 */
export function checkUsable({ changed, stale }: SchemaDifference, readOnly: boolean): readonly string[] {
  const names = [...changed.map((layout) => layout.name), ...stale]
  if (names.length === 0) return []
  const why = readOnly ? 'readOnly: true' : `migrate: 'verify'`
  const how = readOnly ? 'without readOnly' : `with migrate: 'auto'`
  throw new StoreError(
    'UNSUPPORTED',
    `the database has no table, one of another form, or rows of an older one for ${someNames(names)}, ` +
      `and ${why} changes nothing: open it once ${how}`,
    { backend: 'sqlite' },
  )
}

/** Makes and changes tables, inside a transaction, and answers the names of layouts with rows to be rewritten. */
export function changeSchema(
  connection: Connection,
  schema: Schema,
  layouts: readonly Layout[],
): readonly string[] {
  const { own, prefix } = schema
  makeOwnTables(connection, schema)
  const stored = storedLayouts(connection, own, objectNames(connection))
  const histories = new Set(layouts.map((layout) => layout.history?.name))
  const { changed, stale } = schemaDifference(connection, schema, layouts)
  const awaiting = [...stale]
  for (const layout of changed) {
    const before = stored.get(layout.name)
    const table = tableOf(sqliteDialect, layout, prefix)
    if (before === undefined) {
      createTable(connection, table)
      for (const statement of surroundings(table)) connection.execute(statement)
    }
    const isAffected =
      before !== undefined &&
      changeTable(connection, table, before.text, histories.has(layout.name)) &&
      get(connection, anyRow(table)) !== undefined
    const reindexed = !isAffected && before?.reindexed !== false
    run(connection, own.writeLayout, layout.name, layoutText(layout), reindexed)
    if (!reindexed) awaiting.push(layout.name)
  }
  const names = objectNames(connection)
  for (const layout of layouts) putBack(connection, tableOf(sqliteDialect, layout, prefix), names)
  return awaiting
}

/** Makes the table alone. @throws `UNSUPPORTED` when its name is taken */
export function createTable(connection: Connection, table: Table): void {
  const { around, ...made } = schemaOf(table)
  const names = objectNames(connection)
  const taken = [made.table, ...around].find(
    ({ kind, name }) => kind === 'table' && names.has(name.toLowerCase()),
  )
  if (taken !== undefined || /^sqlite_/i.test(table.plainName)) {
    throw unsupported(
      `the name ${taken?.name ?? table.plainName} is taken in this database by a table that is not this ` +
        `collection's: rename the collection ${table.layout.name}, or set tablePrefix (names that differ in case ` +
        'alone are one name)',
    )
  }
  connection.execute(made.table.create)
}

/** The statements that make all that stands around a table, for the rows that it has. */
export function surroundings(table: Table): readonly string[] {
  const { around, guards } = schemaOf(table)
  return [...around.flatMap(making), ...guards.create]
}

function making({ create, fill }: SchemaObject): readonly string[] {
  return fill === undefined ? [create] : [create, fill]
}

/** Changes a table to the form of its layout; answers whether its rows may now be wrong. */
function changeTable(connection: Connection, table: Table, beforeText: string, isHistory: boolean): boolean {
  const before = storedForm(table.layout.name, beforeText)
  const prefix = table.plainName.slice(0, -table.layout.name.length)
  const statements = sqliteDialect.schema.change(table, tableOf(sqliteDialect, before, prefix))
  for (const statement of statements) connection.execute(statement)
  const fieldsDiffer = JSON.stringify(before.fields) !== JSON.stringify(table.layout.fields)
  // Each history row keeps the schema version that it was written with.
  return fieldsDiffer || (!isHistory && before.schemaVersion !== table.layout.schemaVersion)
}

/** What stands around a table. */
export type LackingObject = Pick<SchemaObject, 'kind' | 'name'> & { readonly isGuard: boolean }

/**
 * What somebody has dropped of what stands around a table. A table that is gone itself is met by who reads it.
 *
 * @param names the names in the catalog
 */
export function lackingObjects(table: Table, names: ReadonlySet<string>): readonly LackingObject[] {
  const { around, guards } = schemaOf(table)
  if (!names.has(table.plainName.toLowerCase())) return []
  const wanted: readonly LackingObject[] = [
    ...around.map(({ kind, name }) => ({ kind, name, isGuard: false })),
    ...guards.names.map((name) => ({ kind: 'trigger' as const, name, isGuard: true })),
  ]
  return wanted.filter(({ name }) => !names.has(name.toLowerCase()))
}

/** Makes anew what somebody has dropped. The rest of a side table and its triggers may be wrong then, too. */
function putBack(connection: Connection, table: Table, names: ReadonlySet<string>): void {
  const lacking = lackingObjects(table, names)
  if (lacking.length === 0) return
  const { around, guards } = schemaOf(table)
  const isSideLacking = lacking.some(({ kind, isGuard }) => kind !== 'index' && !isGuard)
  const isMade = ({ kind, name }: SchemaObject) =>
    kind === 'index' ? lacking.some((object) => object.name === name) : isSideLacking
  const made = around.filter(isMade)
  for (const object of made.toReversed()) connection.execute(object.drop)
  for (const statement of made.flatMap(making)) connection.execute(statement)
  if (!lacking.some(({ isGuard }) => isGuard)) return
  for (const statement of [...guards.drop, ...guards.create]) connection.execute(statement)
}

/** Runs a change that the guards of an append-only table would refuse. Inside a transaction. */
export function withoutGuards(connection: Connection, table: Table, change: () => void): void {
  const { guards } = schemaOf(table)
  for (const statement of guards.suspend) connection.execute(statement)
  change()
  for (const statement of guards.resume) connection.execute(statement)
}

function unsupported(message: string): StoreError {
  return new StoreError('UNSUPPORTED', message, { backend: 'sqlite' })
}
