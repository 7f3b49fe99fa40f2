/** What the file says of its own schema: the version of the format, and the layouts that tables were made for. */

import { compareText, type HeldLayout, type Layout, StoreError } from '@coffer/core/backend'
import { type OwnTables, ownTables, parseLayout, sqliteDialect } from '@coffer/sql'
import { all, type Connection, get, run } from './connection.ts'

/** Version of the format of the file: which tables there are and what they mean. */
const FORMAT_VERSION = 1

/** The schema of one store in a file. */
export interface Schema {
  readonly prefix: string
  readonly own: OwnTables
}

/** A layout as the file has it. */
export interface StoredLayout {
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
export function checkFormat(connection: Connection, schema: Schema): void {
  const version = formatOf(connection, schema)
  if (version === null || version <= FORMAT_VERSION) return
  throw new StoreError(
    'UNSUPPORTED',
    `the database has format ${version}, and this release of Coffer knows formats up to ${FORMAT_VERSION}: ` +
      'open it with a newer release',
    { backend: 'sqlite' },
  )
}

/** The version of the format; `null` where nothing was ever made. */
export function formatOf(connection: Connection, { own }: Schema): number | null {
  return hasOwnTables(objectNames(connection), own) ? Number(get(connection, own.readFormat)?.[0]) : null
}

/** Makes Coffer's own tables where they are missing. */
export function makeOwnTables(connection: Connection, { own }: Schema): void {
  if (hasOwnTables(objectNames(connection), own)) return
  for (const object of own.objects) connection.execute(object.create)
  run(connection, own.writeFormat, FORMAT_VERSION)
}

/**
 * The layouts by name.
 *
 * @param names the names in the catalog
 */
export function storedLayouts(
  connection: Connection,
  own: OwnTables,
  names: ReadonlySet<string>,
): ReadonlyMap<string, StoredLayout> {
  if (!hasOwnTables(names, own)) return new Map()
  const rows = all(connection, own.readLayouts)
  return new Map(
    rows.map(([name, text, reindexed]) => [String(name), { text: String(text), reindexed: reindexed === 1 }]),
  )
}

/** The layouts in text order of their names. @throws `CORRUPT` where one is damaged */
export function heldLayouts(connection: Connection, { own }: Schema): readonly HeldLayout[] {
  return [...storedLayouts(connection, own, objectNames(connection))]
    .map(([name, { text, reindexed }]) => ({ layout: storedForm(name, text), stale: !reindexed }))
    .sort((left, right) => compareText(left.layout.name, right.layout.name))
}

/** The layout that a text stands for. @throws `CORRUPT` where it is damaged */
export function storedForm(name: string, text: string): Layout {
  const layout = parseLayout(name, text)
  if (layout !== undefined) return layout
  throw new StoreError(
    'CORRUPT',
    `what the database says of the form of ${name} is damaged: restore a backup`,
    { backend: 'sqlite' },
  )
}

/** The names of all tables, indexes and triggers, in small letters: names that differ in case alone are one. */
export function objectNames(connection: Connection): ReadonlySet<string> {
  const rows = connection.all('SELECT lower(name) FROM sqlite_schema', [])
  return new Set(rows.map(([name]) => String(name)))
}

function hasOwnTables(names: ReadonlySet<string>, own: OwnTables): boolean {
  return own.objects.every((object) => names.has(object.name))
}
