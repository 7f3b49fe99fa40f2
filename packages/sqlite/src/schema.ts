/**
 * The schema in the file, brought to what the layouts want. A warm start only reads; everything that
 * changes the schema happens in one transaction that holds the write lock, so any number of processes may
 * open an empty file at once.
 */

import { type Layout, StoreError } from '@coffer/core/backend'
import {
  anyRow,
  layoutText,
  type OwnTables,
  ownTables,
  schemaOf,
  sqliteDialect,
  type Table,
  tableOf,
} from '@coffer/sql'
import { all, type Connection, get, run } from './connection.ts'

/** Version of the format of the file: which tables there are and what they mean. */
const FORMAT_VERSION = 1

/** The schema of one store in a file. */
export interface Schema {
  readonly prefix: string
  readonly own: OwnTables
}

/** What stands between the file and the layouts wanted. */
export interface SchemaDifference {
  /** Layouts whose tables are missing or have another form. */
  readonly changed: readonly Layout[]
  /** Names of layouts whose tables are right and whose rows await their rewriting. */
  readonly stale: readonly string[]
}

interface StoredLayout {
  readonly text: string
  readonly reindexed: boolean
}

/** The schema of a store with this prefix before its names. */
export function schema(prefix: string): Schema {
  return { prefix, own: ownTables(sqliteDialect, prefix) }
}

/**
 * Reads the version of the format, in a file that may be anything.
 *
 * @throws `UNSUPPORTED` when a newer release wrote the file
 */
export function checkFormat(connection: Connection, { own }: Schema): void {
  if (!hasOwnTables(connection, own)) return
  const version = Number(get(connection, own.readFormat)?.[0])
  if (version <= FORMAT_VERSION) return
  throw unsupported(
    `the database has format ${version}, and this release of Coffer knows formats up to ${FORMAT_VERSION}: ` +
      'open it with a newer release',
  )
}

/** Compares the file with the layouts. Histories are expected to be among the layouts. */
export function schemaDifference(
  connection: Connection,
  { own }: Schema,
  layouts: readonly Layout[],
): SchemaDifference {
  const stored = storedLayouts(connection, own)
  const isRight = (layout: Layout) => stored.get(layout.name)?.text === layoutText(layout)
  return {
    changed: layouts.filter((layout) => !isRight(layout)),
    stale: layouts
      .filter((layout) => isRight(layout) && stored.get(layout.name)?.reindexed === false)
      .map((layout) => layout.name),
  }
}

/** Makes and changes tables, inside a transaction, and answers the names of layouts with rows to be rewritten. */
export function changeSchema(
  connection: Connection,
  schema: Schema,
  layouts: readonly Layout[],
): readonly string[] {
  const { own, prefix } = schema
  if (!hasOwnTables(connection, own)) {
    for (const object of own.objects) connection.execute(object.create)
    run(connection, own.writeFormat, FORMAT_VERSION)
  }
  const stored = storedLayouts(connection, own)
  const histories = new Set(layouts.map((layout) => layout.history?.name))
  const { changed, stale } = schemaDifference(connection, schema, layouts)
  const awaiting = [...stale]
  for (const layout of changed) {
    const before = stored.get(layout.name)
    const table = tableOf(sqliteDialect, layout, prefix)
    if (before === undefined) createTable(connection, table)
    const isAffected =
      before !== undefined &&
      changeTable(connection, table, before.text, histories.has(layout.name)) &&
      get(connection, anyRow(table)) !== undefined
    const reindexed = !isAffected && before?.reindexed !== false
    run(connection, own.writeLayout, layout.name, layoutText(layout), reindexed)
    if (!reindexed) awaiting.push(layout.name)
  }
  return awaiting
}

function createTable(connection: Connection, table: Table): void {
  const { around, guards, ...rest } = schemaOf(table)
  const names = tableNames(connection)
  const taken = [rest.table, ...around].find(
    ({ kind, name }) => kind === 'table' && names.has(name.toLowerCase()),
  )
  if (taken !== undefined || /^sqlite_/i.test(table.plainName)) {
    throw unsupported(
      `the name ${taken?.name ?? table.plainName} is taken in this database by a table that is not this ` +
        `collection's: rename the collection ${table.layout.name}, or set tablePrefix (names that differ in case ` +
        'alone are one name)',
    )
  }
  for (const object of [rest.table, ...around]) connection.execute(object.create)
  for (const statement of guards.create) connection.execute(statement)
}

/** Changes a table to the form of its layout; answers whether its rows may now be wrong. */
function changeTable(connection: Connection, table: Table, beforeText: string, isHistory: boolean): boolean {
  const before = parseLayout(table.layout.name, beforeText)
  const prefix = table.plainName.slice(0, -table.layout.name.length)
  const statements = sqliteDialect.schema.change(table, tableOf(sqliteDialect, before, prefix))
  for (const statement of statements) connection.execute(statement)
  const fieldsDiffer = JSON.stringify(before.fields) !== JSON.stringify(table.layout.fields)
  // Each history row keeps the schema version that it was written with.
  return fieldsDiffer || (!isHistory && before.schemaVersion !== table.layout.schemaVersion)
}

/** Reads back what `layoutText` wrote, now or in an earlier release. */
function parseLayout(name: string, text: string): Layout {
  const layout = parseJson(text)
  if (isLayout(layout)) return layout
  throw new StoreError(
    'CORRUPT',
    `what the database says of the form of ${name} is damaged: restore a backup`,
    {
      backend: 'sqlite',
    },
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isLayout(value: unknown): value is Layout {
  const { fields, indexes, documentColumns } = (value ?? {}) as Partial<Layout>
  if (![fields, indexes, documentColumns].every(Array.isArray)) return false
  const isPosition = (position: number) => fields?.[position] !== undefined
  return (
    fields?.every(isField) === true &&
    indexes?.every((index) => Array.isArray(index) && index.every(isPosition)) === true &&
    documentColumns?.every((member) => typeof member === 'string') === true
  )
}

function isField(field: Partial<Layout['fields'][number]> | null): boolean {
  return (
    typeof field?.name === 'string' &&
    typeof field.nullable === 'boolean' &&
    Object.hasOwn(sqliteDialect.encode, String(field.type))
  )
}

/** Runs a change that the guards of an append-only table would refuse. Inside a transaction. */
export function withoutGuards(connection: Connection, table: Table, change: () => void): void {
  const { guards } = schemaOf(table)
  for (const statement of guards.suspend) connection.execute(statement)
  change()
  for (const statement of guards.resume) connection.execute(statement)
}

function storedLayouts(connection: Connection, own: OwnTables): ReadonlyMap<string, StoredLayout> {
  if (!hasOwnTables(connection, own)) return new Map()
  const rows = all(connection, own.readLayouts)
  return new Map(
    rows.map(([name, text, reindexed]) => [String(name), { text: String(text), reindexed: reindexed === 1 }]),
  )
}

function hasOwnTables(connection: Connection, own: OwnTables): boolean {
  const names = tableNames(connection)
  return own.objects.every((object) => names.has(object.name))
}

function tableNames(connection: Connection): ReadonlySet<string> {
  const rows = connection.all('SELECT lower(name) FROM sqlite_schema', [])
  return new Set(rows.map(([name]) => String(name)))
}

function unsupported(message: string): StoreError {
  return new StoreError('UNSUPPORTED', message, { backend: 'sqlite' })
}
