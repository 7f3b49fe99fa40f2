/** What is in the database, and how far it is from what the layouts want. */

import { type Layout, refuseOlderDefinitions, StoreError } from '@coffer/core/backend'
import { layoutText, parseLayout, schemaOf, type Table, tableOf } from '@coffer/sql'
import type { ResolvedOptions } from './options.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

/** Version of the format: which tables there are and what they mean. */
export const FORMAT_VERSION = 1

/** The oldest server that is supported. */
const OLDEST_SERVER = 140_000

/** A layout as the database knows it. */
export interface StoredLayout {
  /** As `layoutText` wrote it. */
  readonly text: string
  readonly reindexed: boolean
  /** True while the table has the columns of the layout, and some are to be required or indexes to be made. */
  readonly isUnfinished: boolean
}

/**
 * What is stored of a layout. A space behind the text says that the table is not finished: to whoever reads it the
 * layout is the same, also in releases that do not know of it, and to whoever compares it is another.
 */
export function storedText(layout: Layout, isUnfinished: boolean): string {
  return `${layoutText(layout)}${isUnfinished ? ' ' : ''}`
}

/** Row-level security of a table: none, for all but its owner, or for its owner too. */
export type RowSecurity = 'off' | 'others' | 'forced'

/** The schema as it is in the database. */
export interface StoredSchema {
  readonly exists: boolean
  /** True when Coffer's own tables are there. */
  readonly isMade: boolean
  readonly layouts: ReadonlyMap<string, StoredLayout>
  /** The tables in the schema that were asked about, by name, and what row-level security does there. */
  readonly tables: ReadonlyMap<string, RowSecurity>
  /** Names of the indexes that are there and valid, and of the tables with all their guards. */
  readonly sound: ReadonlySet<string>
}

/** What stands between the database and the layouts wanted. */
export interface SchemaDifference {
  /** Layouts whose tables are missing or have another form. */
  readonly changed: readonly Layout[]
  /** Layouts whose tables are right, and from which somebody has taken an index or a guard. */
  readonly damaged: readonly Layout[]
  /** Names of layouts whose tables are right and whose rows await their rewriting. */
  readonly stale: readonly string[]
}

/**
 * Looks at the server.
 *
 * @throws `UNSUPPORTED` for a server that is too old, a database that is not in UTF-8, or one that does not
 *   keep the durability promised
 */
export async function checkServer(
  session: Session,
  { durability, readOnly }: ResolvedOptions,
): Promise<void> {
  const [row = []] = await session.ask({
    text:
      "SELECT current_setting('server_version_num'), current_setting('server_version'), " +
      "current_setting('server_encoding'), current_setting('synchronous_commit')",
  })
  const [number, version, encoding, synchronous] = row.map(String)
  if (Number(number) < OLDEST_SERVER) {
    throw unsupported(`PostgreSQL ${version} is too old: 14 or later is needed`)
  }
  if (encoding !== 'UTF8') {
    throw unsupported(`the database has the encoding ${encoding}: make one with ENCODING 'UTF8'`)
  }
  // Who only reads acknowledges nothing.
  if (durability === 'power' && synchronous === 'off' && !readOnly) {
    throw unsupported(
      'synchronous_commit is off for this role or database, so acknowledged writes could be lost: ' +
        `set it to on, or say durability: 'process'`,
    )
  }
}

/** Reads the schema: at most two statements. @throws `UNSUPPORTED` when a newer release made it */
export async function storedSchema(
  { name, own, dialect }: Schema,
  session: Session,
  wanted: readonly Layout[],
): Promise<StoredSchema> {
  const meta = own.objects.map((object) => object.name)
  const indexes = wanted.flatMap((layout) => indexNames(tableOf(dialect, layout)))
  const relations = await session.ask({
    text:
      'SELECT relation.relname, relation.relrowsecurity, relation.relforcerowsecurity, ' +
      // A table is sound with both of its guards, an index when it was built to its end.
      `CASE WHEN relation.relkind IN ('i', 'I') THEN index.indisvalid ELSE relation.relhastriggers AND ` +
      `(SELECT count(*) FROM pg_trigger WHERE tgrelid = relation.oid AND NOT tgisinternal AND tgenabled = 'A') > 1 END, ` +
      `relation.relkind IN ('i', 'I') FROM pg_namespace AS space ` +
      "LEFT JOIN pg_class AS relation ON relation.relnamespace = space.oid AND relation.relkind IN ('r', 'p', 'i', 'I') " +
      // The catalog has an index by name; by schema alone it would be read from end to end at every opening.
      'AND relation.relname = ANY($2::name[]) LEFT JOIN pg_index AS index ON index.indexrelid = relation.oid ' +
      'WHERE space.nspname = $1',
    parameters: [name, [...meta, ...wanted.map((layout) => layout.name), ...indexes]],
  })
  const found = relations.filter(([relation]) => relation !== null)
  const tables = new Map<string, RowSecurity>(
    found
      .filter(([, , , , isIndex]) => isIndex !== 't')
      .map(([table, isOn, isForced]) => [String(table), rowSecurity(isOn === 't', isForced === 't')]),
  )
  const sound = new Set(
    found.filter(([, , , isSound]) => isSound === 't').map(([relation]) => String(relation)),
  )
  const isMade = meta.some((table) => tables.has(table))
  const gone = meta.find((table) => isMade && !tables.has(table))
  if (gone !== undefined) throw dropped(gone)
  const layouts = new Map<string, StoredLayout>()
  if (isMade) {
    const rows = await session.ask({
      text: `${own.readLayouts.text} UNION ALL SELECT '', (${own.readFormat.text})::text, true`,
    })
    for (const [layout, text, reindexed] of rows) {
      if (layout === '') checkFormat(Number(text), dialect.identifier(name))
      else layouts.set(String(layout), storedLayout(String(text), reindexed === 't'))
    }
  }
  return { exists: relations.length > 0, isMade, layouts, tables, sound }
}

/** The indexes of a table, as the server knows them. */
export function indexNames(table: Table): readonly string[] {
  return schemaOf(table).around.map((object) => object.name)
}

function storedLayout(stored: string, reindexed: boolean): StoredLayout {
  const text = stored.trimEnd()
  return { text, reindexed, isUnfinished: text !== stored }
}

function rowSecurity(isOn: boolean, isForced: boolean): RowSecurity {
  if (!isOn) return 'off'
  return isForced ? 'forced' : 'others'
}

function checkFormat(version: number, schemaName: string): void {
  if (version <= FORMAT_VERSION) return
  throw unsupported(
    `the schema ${schemaName} has format ${version}, and this release of Coffer knows formats up to ` +
      `${FORMAT_VERSION}: open it with a newer release`,
  )
}

/**
 * Compares the database with the layouts. Histories are expected to be among the layouts.
 *
 * @throws `UNSUPPORTED` when tables are protected by row-level security and the store does not say so, for it
 *   would see them empty; or when a table is of a higher version of its definition
 */
export function differenceOf(
  schemaStored: StoredSchema,
  schema: Schema,
  layouts: readonly Layout[],
  isProtected: boolean,
): SchemaDifference {
  const { layouts: stored, tables } = schemaStored
  // Floors are protected with the first table, so they tell of all others.
  const names = [...layouts.map((layout) => layout.name), '_coffer_floors']
  const isHidden = (name: string) => (tables.get(name) ?? 'off') !== 'off'
  const hidden = isProtected ? undefined : names.find(isHidden)
  if (hidden !== undefined) {
    throw unsupported(
      `the table ${hidden} is protected by row-level security: open the store with rowLevelSecurity: true`,
    )
  }
  const isRight = ({ name }: Layout, text: string) =>
    stored.get(name)?.text === text &&
    stored.get(name)?.isUnfinished === false &&
    (isProtected ? tables.get(name) === 'forced' : tables.has(name))
  const [right, changed] = parted(layouts, (layout) => isRight(layout, layoutText(layout)))
  refuseOlderDefinitions('postgresql', changed, (name) => parseLayout(name, stored.get(name)?.text ?? ''))
  return {
    changed,
    damaged: damagedLayouts(schemaStored, schema, right),
    stale: right.map(({ name }) => name).filter((name) => stored.get(name)?.reindexed === false),
  }
}

/** The layouts from whose tables an index or a guard was taken. They are among those that were asked about. */
export function damagedLayouts(
  { sound }: StoredSchema,
  { dialect }: Schema,
  layouts: readonly Layout[],
): readonly Layout[] {
  const isSound = (layout: Layout) =>
    (!layout.appendOnly || sound.has(layout.name)) &&
    indexNames(tableOf(dialect, layout)).every((index) => sound.has(index))
  return layouts.filter((layout) => !isSound(layout))
}

function parted<T>(all: readonly T[], isFirst: (each: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(isFirst), all.filter((each) => !isFirst(each))]
}

/** The refusal of a schema of which somebody has taken a part away. */
export function dropped(table: string): StoreError {
  return unsupported(`the table ${table} was dropped behind the store's back: restore it from a backup`)
}

/** A refusal that no repetition changes. */
export function unsupported(message: string): StoreError {
  return new StoreError('UNSUPPORTED', message, { backend: 'postgresql' })
}
