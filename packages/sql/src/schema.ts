/** Layouts as tables: what is made, in its order, and how a table is changed into another form. */

import type { Layout } from '@coffer/core/backend'
import type { ColumnSpec } from './dialect.ts'
import { indexName, type MetaColumn, type Table } from './table.ts'

/** Something that a schema is made of. */
export interface SchemaObject {
  readonly kind: 'table' | 'index' | 'trigger'
  /** Not quoted. */
  readonly name: string
  readonly create: string
  /** Fills the object from the rows that are already there, where it has to be. */
  readonly fill?: string
}

/** The schema of one layout. */
export interface TableSchema {
  readonly table: SchemaObject
  /** Indexes, tables beside it and triggers, to be made after the table, in this order. */
  readonly around: readonly SchemaObject[]
  /** What refuses changes where the layout is append-only; last, for it would refuse them to Coffer too. */
  readonly guards: readonly SchemaObject[]
}

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
  _doc: { type: 'text', nullable: false },
}

/** The whole schema of a table. */
export function schemaOf(table: Table): TableSchema {
  const { dialect, layout } = table
  return {
    table: { kind: 'table', name: table.plainName, create: createTable(table, table.name) },
    around: [
      ...fieldIndexes(table),
      sweepIndex(table, '_expires_at'),
      sweepIndex(table, '_deleted_at'),
      ...layout.fields.flatMap((field, position) =>
        field.type === 'texts' ? dialect.schema.textsObjects(table, position) : [],
      ),
    ],
    guards: layout.appendOnly ? dialect.schema.appendOnlyObjects(table) : [],
  }
}

/**
 * Makes the table again in the form of its layout, with the rows that it has. A column that was not there,
 * or had another type, holds its type's neutral value until the rows are written anew.
 *
 * @param before the layout that the table was made for
 * @returns the statements, in their order; what stands around the table must be dropped before
 */
export function rebuildTable(table: Table, before: Layout): readonly string[] {
  const { dialect, layout, meta } = table
  const metaColumns = Object.values(meta)
  const kept = new Map(before.fields.map((field) => [field.name, field]))
  const values = layout.fields.map((field, position) => {
    const column = table.fieldColumns[position] ?? ''
    const neutral = field.nullable ? 'NULL' : neutralValue(table, position)
    if (kept.get(field.name)?.type !== field.type) return neutral
    return field.nullable ? column : `coalesce(${column}, ${neutral})`
  })
  const temporary = dialect.quote(`${table.plainName}$$$new`)
  const columns = [...table.fieldColumns, ...metaColumns].join(', ')
  return [
    createTable(table, temporary),
    `INSERT INTO ${temporary} (${columns}) SELECT ${[...values, ...metaColumns].join(', ')} FROM ${table.name}`,
    `DROP TABLE ${table.name}`,
    `ALTER TABLE ${temporary} RENAME TO ${table.name}`,
  ]
}

/** A value of the field's type as a literal: what a row has between the new table and its rewriting. */
function neutralValue(table: Table, field: number): string {
  switch (table.layout.fields[field]?.type) {
    case 'text':
      return `''`
    case 'texts':
      return table.dialect.schema.noTexts
    case 'boolean':
      return table.dialect.constants.false
    default:
      return '0'
  }
}

function createTable(table: Table, name: string): string {
  const { dialect, layout, meta } = table
  const fields = layout.fields.map((field, position) =>
    dialect.schema.column({ ...field, column: table.fieldColumns[position] ?? '' }),
  )
  const own = (Object.keys(META_TYPES) as MetaColumn[]).map((column) =>
    dialect.schema.column({ ...META_TYPES[column], column: meta[column] }),
  )
  const lines = [...fields, ...own, ...documentColumns(table), `PRIMARY KEY (${meta._tenant}, ${meta._id})`]
  return `CREATE TABLE ${name} (\n  ${lines.join(',\n  ')}\n)${dialect.schema.tableOptions}`
}

/** Names of columns differ by more than case in SQL, and a field's own column comes first. */
function documentColumns({ dialect, layout, meta }: Table): readonly string[] {
  const taken = new Set([...layout.fields.map((field) => field.name.toLowerCase()), ...Object.keys(meta)])
  const columns: string[] = []
  for (const member of layout.documentColumns) {
    if (taken.has(member.toLowerCase())) continue
    taken.add(member.toLowerCase())
    const column = dialect.schema.documentColumn(member)
    if (column !== undefined) columns.push(column)
  }
  return columns
}

function fieldIndexes(table: Table): readonly SchemaObject[] {
  const { dialect, layout, meta } = table
  const objects = new Map<string, SchemaObject>()
  for (const index of layout.indexes) {
    const fields = index.map((position) => layout.fields[position])
    if (fields.some((field) => field === undefined || field.type === 'texts')) continue
    const name = indexName(
      table,
      fields.map((field) => field?.name ?? ''),
    )
    const columns = [meta._tenant, ...index.map((position) => table.fieldColumns[position]), meta._id]
    const create = `CREATE INDEX ${dialect.quote(name)} ON ${table.name} (${columns.join(', ')})`
    objects.set(name, { kind: 'index', name, create })
  }
  return [...objects.values()]
}

/** An index of the few rows that have a deadline, or are soft-deleted, across all tenants. */
function sweepIndex(table: Table, column: '_expires_at' | '_deleted_at'): SchemaObject {
  const name = indexName(table, [column])
  const moment = table.meta[column]
  return {
    kind: 'index',
    name,
    create: `CREATE INDEX ${table.dialect.quote(name)} ON ${table.name} (${moment}, ${table.meta._tenant}) WHERE ${moment} IS NOT NULL`,
  }
}
