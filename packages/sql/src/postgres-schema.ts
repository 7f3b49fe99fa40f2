/** PostgreSQL's tables. A table in another form is altered in place: what is there need not be written anew. */

import type { FieldType } from '@coffer/core/backend'
import type { ColumnSpec, ColumnType, SchemaDialect } from './dialect.ts'
import {
  type Guards,
  type ObjectChange,
  objectChange,
  type SchemaObject,
  schemaObject,
  schemaOf,
} from './schema.ts'
import { columnsOf, indexName, type Table, triggerName } from './table.ts'

/** Types as they stand in casts and lists of columns. */
export const POSTGRES_TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'text',
  integer: 'bigint',
  number: 'double precision',
  boolean: 'boolean',
  timestamp: 'timestamptz',
  texts: 'text[]',
  document: 'jsonb',
}

/**
 * What a row has in a required column until it is written anew. As constants they let PostgreSQL add a column
 * without a rewrite, and they stay as defaults, so that a release that does not know the column can write.
 */
export const NEUTRAL_VALUES: Readonly<Record<ColumnType, string>> = {
  text: `''`,
  integer: '0',
  number: '0',
  boolean: 'FALSE',
  timestamp: `'1970-01-01T00:00:00Z'`,
  texts: `'{}'`,
  document: `'{}'`,
}

/** Text is compared by its bytes, which no version of the system's locales changes. */
const COLLATED: ReadonlySet<ColumnType> = new Set<FieldType>(['text', 'texts'])

/** How PostgreSQL makes tables. A member of the document needs no column: `_doc ->> 'title'` shows it. */
export const postgresSchema: SchemaDialect = {
  neutralValues: NEUTRAL_VALUES,
  column: columnDefinition,
  documentColumn: () => undefined,
  tableOptions: '',
  textsObjects,
  guards,
  change,
}

function columnDefinition({ column, type, nullable }: ColumnSpec): string {
  const collation = COLLATED.has(type) ? ' COLLATE "C"' : ''
  return `${column} ${POSTGRES_TYPES[type]}${collation}${nullable ? '' : ' NOT NULL'}`
}

function textsObjects(table: Table, field: number): readonly SchemaObject[] {
  const { dialect, layout, fieldColumns, name } = table
  const index = indexName(table, [layout.fields[field]?.name ?? ''])
  const column = fieldColumns[field] ?? ''
  return [
    {
      ...schemaObject(dialect, 'index', index),
      create: `CREATE INDEX ${dialect.quote(index)} ON ${name} USING gin (${column})`,
      columns: [column],
    },
  ]
}

/** Triggers that fire for everybody: `session_replication_role` turns off those that are not ALWAYS. */
function guards(table: Table): Guards {
  const { dialect, name } = table
  const refuse = `${dialect.qualify('_coffer_refuse_change')}()`
  const names = [triggerName(table, 'append', 'change'), triggerName(table, 'append', 'truncate')] as const
  const [change, truncate] = [dialect.quote(names[0]), dialect.quote(names[1])]
  const both = (action: string) => `ALTER TABLE ${name} ${action} ${change}, ${action} ${truncate}`
  const always = both('ENABLE ALWAYS TRIGGER')
  return {
    names: names.map(dialect.identifier),
    create: [
      `CREATE OR REPLACE FUNCTION ${refuse} RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION ` +
        `'coffer: rows of this table may be added, never changed or removed' USING ERRCODE = '0A000'; END $$`,
      `CREATE TRIGGER ${change} BEFORE UPDATE OR DELETE ON ${name} FOR EACH ROW EXECUTE FUNCTION ${refuse}`,
      `CREATE TRIGGER ${truncate} BEFORE TRUNCATE ON ${name} FOR EACH STATEMENT EXECUTE FUNCTION ${refuse}`,
      always,
    ],
    drop: [change, truncate].map((trigger) => `DROP TRIGGER IF EXISTS ${trigger} ON ${name}`),
    suspend: [both('DISABLE TRIGGER')],
    resume: [always],
  }
}

function change(table: Table, before: Table): readonly string[] {
  const { added, gone, required, relaxed } = columnsChanged(table, before)
  const actions = [
    ...gone.map(dropColumn),
    ...added.map(addColumn),
    ...required.flatMap((spec) => [setDefault(spec), `ALTER COLUMN ${spec.column} SET NOT NULL`]),
    ...relaxed.flatMap(relax),
  ]
  const objects = objectsChanged(table, before, gone)
  return [
    ...objects.before,
    ...required.map(
      ({ column, type }) =>
        `UPDATE ${table.name} SET ${column} = ${NEUTRAL_VALUES[type]} WHERE ${column} IS NULL`,
    ),
    ...altered(table, actions),
    ...objects.after,
  ]
}

/**
 * The part of a change that neither reads nor writes a row, for large tables: nobody waits for it long. Columns
 * that are to be required are not yet (see `requirement`), and indexes and guards are still to be made.
 */
export function quickChange(table: Table, before: Table): readonly string[] {
  const { added, gone, required, relaxed } = columnsChanged(table, before)
  const actions = [
    ...gone.map(dropColumn),
    ...added.map(addColumn),
    ...required.map(setDefault),
    ...relaxed.flatMap(relax),
  ]
  return [...objectsChanged(table, before, gone).before, ...altered(table, actions)]
}

interface ColumnsChanged {
  readonly added: readonly ColumnSpec[]
  /** Names of columns that go, be it for others of another type. */
  readonly gone: readonly string[]
  /** What stays and may not be null any more. */
  readonly required: readonly ColumnSpec[]
  /** What stays and may be null now. */
  readonly relaxed: readonly ColumnSpec[]
}

function columnsChanged(table: Table, before: Table): ColumnsChanged {
  const had = new Map(columnsOf(before).map((spec) => [spec.column, spec]))
  const wanted = new Map(columnsOf(table).map((spec) => [spec.column, spec]))
  const staying = [...wanted.values()].filter(({ column, type }) => had.get(column)?.type === type)
  const added = [...wanted.values()].filter((spec) => !staying.includes(spec))
  const gone = [...had.keys()].filter((column) => wanted.get(column)?.type !== had.get(column)?.type)
  const required = staying.filter(({ column, nullable }) => !nullable && had.get(column)?.nullable)
  const relaxed = staying.filter(({ column, nullable }) => nullable && had.get(column)?.nullable === false)
  return { added, gone, required, relaxed }
}

function objectsChanged(table: Table, before: Table, gone: readonly string[]): ObjectChange {
  const isLost = ({ columns }: SchemaObject) => columns?.some((column) => gone.includes(column)) ?? false
  return objectChange(schemaOf(before), schemaOf(table), isLost)
}

function dropColumn(column: string): string {
  return `DROP COLUMN ${column}`
}

function addColumn(spec: ColumnSpec): string {
  const { type, nullable } = spec
  return `ADD COLUMN ${columnDefinition(spec)}${nullable ? '' : ` DEFAULT ${NEUTRAL_VALUES[type]}`}`
}

function setDefault({ column, type }: ColumnSpec): string {
  return `ALTER COLUMN ${column} SET DEFAULT ${NEUTRAL_VALUES[type]}`
}

function relax({ column }: ColumnSpec): readonly string[] {
  return [`ALTER COLUMN ${column} DROP DEFAULT`, `ALTER COLUMN ${column} DROP NOT NULL`]
}

function altered(table: Table, actions: readonly string[]): readonly string[] {
  return actions.length === 0 ? [] : [`ALTER TABLE ${table.name} ${actions.join(', ')}`]
}
