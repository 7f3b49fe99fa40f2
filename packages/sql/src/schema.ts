/** Layouts as tables: what is made, in its order. How a table is changed into another form is its dialect's. */

import type { Dialect } from './dialect.ts'
import { columnsOf, indexName, type Table } from './table.ts'

/** Something that a schema is made of. */
export interface SchemaObject {
  readonly kind: 'table' | 'index' | 'trigger'
  /** As the engine knows it: not quoted, without the schema. */
  readonly name: string
  readonly create: string
  /** Removes the object, if it is there. */
  readonly drop: string
  /** Fills the object from the rows that are already there, where it has to be. */
  readonly fill?: string
  /** Quoted columns of the table without which the object can't be. */
  readonly columns?: readonly string[]
}

/**
 * What makes the engine refuse to change or remove the rows of an append-only table, as statements. All are
 * empty for other tables.
 */
export interface Guards {
  /** Their triggers, as the engine knows them: not quoted. */
  readonly names: readonly string[]
  readonly create: readonly string[]
  readonly drop: readonly string[]
  /** Lets Coffer itself change rows, inside a transaction that ends with `resume`. */
  readonly suspend: readonly string[]
  readonly resume: readonly string[]
}

/** The schema of one layout. */
export interface TableSchema {
  readonly table: SchemaObject
  /** Indexes, tables beside it and triggers, to be made after the table, in this order. */
  readonly around: readonly SchemaObject[]
  /** To be made last, for they would refuse changes to Coffer too. */
  readonly guards: Guards
}

const NO_GUARDS: Guards = { names: [], create: [], drop: [], suspend: [], resume: [] }

/** The whole schema of a table. */
export function schemaOf(table: Table): TableSchema {
  const { dialect, layout } = table
  return {
    table: {
      ...schemaObject(dialect, 'table', table.plainName),
      create: createTable(table, table.name),
    },
    around: [
      ...fieldIndexes(table),
      sweepIndex(table, '_expires_at'),
      sweepIndex(table, '_deleted_at'),
      ...layout.fields.flatMap((field, position) =>
        field.type === 'texts' ? dialect.schema.textsObjects(table, position) : [],
      ),
    ],
    guards: layout.appendOnly ? dialect.schema.guards(table) : NO_GUARDS,
  }
}

/** All of an object but how it is made. */
export function schemaObject(
  dialect: Dialect,
  kind: SchemaObject['kind'],
  name: string,
): Pick<SchemaObject, 'kind' | 'name' | 'drop'> {
  return {
    kind,
    name: dialect.identifier(name),
    drop: `DROP ${kind.toUpperCase()} IF EXISTS ${dialect.qualify(name)}`,
  }
}

/** What a change of a table does to the objects around it. */
export interface ObjectChange {
  /** Statements that come before the change of the table. */
  readonly before: readonly string[]
  /** Statements that come after it. */
  readonly after: readonly string[]
}

/**
 * Drops the objects that are not wanted any more and makes those that were not there.
 *
 * @param isLost true for an object that the change of the table takes with it
 */
export function objectChange(
  old: TableSchema,
  wanted: TableSchema,
  isLost: (object: SchemaObject) => boolean,
): ObjectChange {
  const wantedTexts = new Set(wanted.around.map((object) => object.create))
  const kept = new Set(
    old.around
      .filter((object) => wantedTexts.has(object.create) && !isLost(object))
      .map((object) => object.create),
  )
  const dropped = old.around.filter((object) => !kept.has(object.create)).toReversed()
  const made = wanted.around.filter((object) => !kept.has(object.create))
  return {
    before: [...old.guards.drop, ...dropped.map((object) => object.drop)],
    after: [
      ...made.flatMap(({ create, fill }) => (fill === undefined ? [create] : [create, fill])),
      ...wanted.guards.create,
    ],
  }
}

/** The statement that makes the table, under a name that is already quoted. */
export function createTable(table: Table, name: string): string {
  const { dialect, meta } = table
  const lines = [
    ...columnsOf(table).map((column) => dialect.schema.column(column)),
    ...documentColumns(table),
    `PRIMARY KEY (${meta._tenant}, ${meta._id})`,
  ]
  return `CREATE TABLE ${name} (\n  ${lines.join(',\n  ')}\n)${dialect.schema.tableOptions}`
}

/** The columns that show members of the document. Names differ by more than case in SQL, and fields come first. */
export function documentColumns({ dialect, layout, meta }: Table): readonly string[] {
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
    const columns = index.map((position) => table.fieldColumns[position] ?? '')
    const terms = columns.map((column, at) => `${column}${fields[at]?.nullable ? dialect.nulls.asc : ''}`)
    const listed = [meta._tenant, ...terms, meta._id].join(', ')
    const create = `CREATE INDEX ${dialect.quote(name)} ON ${table.name} (${listed})`
    objects.set(name, { ...schemaObject(dialect, 'index', name), create, columns })
  }
  return [...objects.values()]
}

/** An index of the few rows that have a deadline, or are soft-deleted, across all tenants. */
function sweepIndex(table: Table, column: '_expires_at' | '_deleted_at'): SchemaObject {
  const { dialect, meta } = table
  const name = indexName(table, [column])
  const moment = meta[column]
  return {
    ...schemaObject(dialect, 'index', name),
    create:
      `CREATE INDEX ${dialect.quote(name)} ON ${table.name} (${moment}, ${meta._tenant}) ` +
      `WHERE ${moment} IS NOT NULL`,
  }
}
