/**
 * The table of one layout: every name in it, quoted once.
 *
 * Names come from layouts alone and are made so that none can meet another. A collection's table has the
 * collection's name. All that belongs to a table joins with `$`, which no layout's name may hold: a side
 * table is `notes$tags`, an index `notes$$author$at`, a trigger `notes$$$…`. So the collection
 * `notes__history` and a field `history` of `notes` keep apart. Coffer's own tables begin with `_coffer_`
 * and no collection does.
 */

import {
  type FieldLayout,
  type FieldType,
  type FieldValue,
  ID_FIELD,
  type Layout,
} from '@coffer/core/backend'
import type { ColumnSpec, Dialect } from './dialect.ts'
import type { Parameter } from './statement.ts'

/** A name of one of Coffer's own columns. */
export type MetaColumn =
  | '_tenant'
  | '_id'
  | '_version'
  | '_schema_version'
  | '_created_at'
  | '_updated_at'
  | '_expires_at'
  | '_deleted_at'
  | '_hash'
  | '_doc'

/** Coffer's own columns. The document is the last, so that reading the others never walks through it. */
const META_TYPES: Readonly<Record<MetaColumn, Pick<ColumnSpec, 'type' | 'nullable'>>> = {
  _tenant: { type: 'text', nullable: false },
  _id: { type: 'text', nullable: false },
  _version: { type: 'integer', nullable: false },
  _schema_version: { type: 'integer', nullable: false },
  _created_at: { type: 'timestamp', nullable: false },
  _updated_at: { type: 'timestamp', nullable: false },
  _expires_at: { type: 'timestamp', nullable: true },
  _deleted_at: { type: 'timestamp', nullable: true },
  _hash: { type: 'text', nullable: true },
  _doc: { type: 'document', nullable: false },
}

const META_COLUMNS = Object.keys(META_TYPES) as readonly MetaColumn[]

/** One layout in one dialect. All names are quoted but for those that say otherwise. */
export interface Table {
  readonly dialect: Dialect
  readonly layout: Layout
  /** The name as it is made of the prefix and the layout's; not quoted, not shortened. */
  readonly plainName: string
  /** The name with its schema, where the engine has schemas. */
  readonly name: string
  /** The columns of the fields, in the order of the layout. */
  readonly fieldColumns: readonly string[]
  readonly meta: Readonly<Record<MetaColumn, string>>
  /** Encoders of the fields, in the order of the layout. */
  readonly encoders: readonly ((value: FieldValue) => Parameter)[]
}

/** Makes the table of a layout. */
export function tableOf(dialect: Dialect, layout: Layout, prefix = ''): Table {
  const plainName = `${prefix}${layout.name}`
  return {
    dialect,
    layout,
    plainName,
    name: dialect.qualify(plainName),
    fieldColumns: layout.fields.map((field) => dialect.quote(field.name)),
    meta: metaColumns(dialect),
    encoders: layout.fields.map((field) => dialect.encode[field.type]),
  }
}

function metaColumns(dialect: Dialect): Record<MetaColumn, string> {
  const quoted: Partial<Record<MetaColumn, string>> = {}
  for (const column of META_COLUMNS) quoted[column] = dialect.quote(column)
  return quoted as Record<MetaColumn, string>
}

/** All columns of the table but those that show members of the document, in their order. */
export function columnsOf({ layout, fieldColumns, meta }: Table): readonly ColumnSpec[] {
  const fields = layout.fields.map(({ type, nullable }, field) => ({
    column: fieldColumns[field] ?? '',
    type,
    nullable,
  }))
  return [...fields, ...META_COLUMNS.map((name) => ({ ...META_TYPES[name], column: meta[name] }))]
}

/** The expression that reads one of Coffer's own columns. */
export function readMeta({ dialect, meta }: Table, column: MetaColumn): string {
  return dialect.read(meta[column], META_TYPES[column].type)
}

/** The name of the table beside a table that holds the members of a `texts` field. Not quoted. */
export function sideTableName(table: Table, field: string): string {
  return `${table.plainName}$${field}`
}

/** The name of an index by its columns. Not quoted. */
export function indexName(table: Table, columns: readonly string[]): string {
  return `${table.plainName}$$${columns.join('$')}`
}

/** The name of a trigger by its purpose. Not quoted. */
export function triggerName(table: Table, ...purpose: readonly string[]): string {
  return `${table.plainName}$$$${purpose.join('$')}`
}

const ID_LAYOUT: FieldLayout = { name: '_id', type: 'text', nullable: false }

/** A field, or the id where the position is `ID_FIELD`, with its quoted column. */
export function fieldAt(
  table: Table,
  field: number,
): { readonly column: string; readonly type: FieldType; readonly nullable: boolean } {
  const layout = field === ID_FIELD ? ID_LAYOUT : table.layout.fields[field]
  const column = field === ID_FIELD ? table.meta._id : table.fieldColumns[field]
  if (layout === undefined || column === undefined) {
    throw new RangeError(`layout ${table.layout.name} has no field at ${field}`)
  }
  return { column, type: layout.type, nullable: layout.nullable }
}
