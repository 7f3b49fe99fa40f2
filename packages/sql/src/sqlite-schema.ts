/** SQLite's tables. They are STRICT; where more than columns come, a table is made again beside the old one. */

import type { ColumnSpec, ColumnType, SchemaDialect } from './dialect.ts'
import {
  createTable,
  documentColumns,
  type Guards,
  objectChange,
  type SchemaObject,
  schemaObject,
  schemaOf,
} from './schema.ts'
import { columnsOf, sideTableName, type Table, triggerName } from './table.ts'

/** Types of columns. The document is JSON text. */
export const SQLITE_TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'TEXT',
  integer: 'INTEGER',
  number: 'REAL',
  boolean: 'INTEGER',
  timestamp: 'INTEGER',
  texts: 'TEXT',
  document: 'TEXT',
}

/** What a row has in a required column between the new table and its rewriting. */
const NEUTRAL_VALUES: Readonly<Record<ColumnType, string>> = {
  text: `''`,
  integer: '0',
  number: '0',
  boolean: '0',
  timestamp: '0',
  texts: `'[]'`,
  document: `'{}'`,
}

/** How SQLite makes tables. */
export const sqliteSchema: SchemaDialect = {
  column: columnDefinition,
  documentColumn,
  tableOptions: ' STRICT',
  textsObjects,
  guards,
  change,
}

/** Quotes a name. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function columnDefinition({ column, type, nullable }: ColumnSpec): string {
  const notNull = nullable ? '' : ' NOT NULL'
  const check = type === 'boolean' ? ` CHECK (${column} IN (0, 1))` : ''
  return `${column} ${SQLITE_TYPES[type]}${notNull}${check}`
}

/** Members whose name is no plain word are left out: nothing queries these columns. */
function documentColumn(member: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(member)) return undefined
  return `${quote(member)} ANY GENERATED ALWAYS AS (json_extract("_doc", '$.${member}')) VIRTUAL`
}

/** The quoted name of the table that holds the members of a `texts` field. */
export function sideTable(table: Table, field: number): string {
  return quote(sideTableName(table, table.layout.fields[field]?.name ?? ''))
}

/** The side table of a `texts` field, and the triggers that keep it. */
function textsObjects(table: Table, field: number): readonly SchemaObject[] {
  const name = table.layout.fields[field]?.name ?? ''
  const column = table.fieldColumns[field] ?? ''
  const side = sideTable(table, field)
  const insert =
    `INSERT INTO ${side} ("_tenant", "value", "_id") ` +
    `SELECT DISTINCT NEW."_tenant", value, NEW."_id" FROM json_each(NEW.${column});`
  const remove =
    `DELETE FROM ${side} WHERE "_tenant" = OLD."_tenant" AND "_id" = OLD."_id" ` +
    `AND "value" IN (SELECT value FROM json_each(OLD.${column}));`
  const trigger = (purpose: string, event: string, body: string): SchemaObject => {
    const trigger = triggerName(table, 'texts', name, purpose)
    return {
      ...schemaObject(table.dialect, 'trigger', trigger),
      create: `CREATE TRIGGER ${quote(trigger)} AFTER ${event} BEGIN ${body} END`,
    }
  }
  return [
    {
      ...schemaObject(table.dialect, 'table', sideTableName(table, name)),
      create:
        `CREATE TABLE ${side} (\n  "_tenant" TEXT NOT NULL,\n  "value" TEXT NOT NULL,\n  "_id" TEXT NOT NULL,\n` +
        '  PRIMARY KEY ("_tenant", "value", "_id")\n) STRICT, WITHOUT ROWID',
      fill:
        `INSERT INTO ${side} ("_tenant", "value", "_id") SELECT DISTINCT "_tenant", value, "_id" ` +
        `FROM ${table.name}, json_each(${table.name}.${column})`,
    },
    // Asking json_each of nothing costs an insert as much as an index does.
    trigger('insert', `INSERT ON ${table.name} WHEN NEW.${column} <> '[]'`, insert),
    trigger(
      'update',
      `UPDATE OF ${column} ON ${table.name} WHEN OLD.${column} IS NOT NEW.${column}`,
      `${remove} ${insert}`,
    ),
    trigger('delete', `DELETE ON ${table.name}`, remove),
  ]
}

/**
 * Triggers that refuse every change of a row. `INSERT OR REPLACE` removes a row without asking the trigger
 * on deletes unless the connection has `recursive_triggers`; one on inserts refuses it for all connections.
 */
function guards(table: Table): Guards {
  const refusal = `SELECT RAISE(ABORT, 'coffer: rows of this table may be added, never changed or removed');`
  const replaces =
    ` WHEN EXISTS (SELECT 1 FROM ${table.name} WHERE "_tenant" = NEW."_tenant" AND "_id" = NEW."_id")` +
    ` OR EXISTS (SELECT 1 FROM ${table.name} WHERE rowid = NEW.rowid)`
  const events = [
    ['update', 'UPDATE', ''],
    ['delete', 'DELETE', ''],
    ['insert', 'INSERT', replaces],
  ] as const
  const triggers = events.map(([purpose, event, condition]): SchemaObject => {
    const name = triggerName(table, 'append', purpose)
    return {
      ...schemaObject(table.dialect, 'trigger', name),
      create: `CREATE TRIGGER ${quote(name)} BEFORE ${event} ON ${table.name}${condition} BEGIN ${refusal} END`,
    }
  })
  const create = triggers.map((trigger) => trigger.create)
  const drop = triggers.map((trigger) => trigger.drop)
  return { names: triggers.map((trigger) => trigger.name), create, drop, suspend: drop, resume: create }
}

function change(table: Table, before: Table): readonly string[] {
  const old = schemaOf(before)
  const wanted = schemaOf(table)
  const added = addedColumns(table, before)
  const isRebuilt = added === undefined
  const objects = objectChange(old, wanted, () => isRebuilt)
  return [...objects.before, ...(isRebuilt ? rebuild(table, before) : added), ...objects.after]
}

/**
 * The statements that add what is new, where nothing else differs: they rewrite no row. `undefined`
 * where a column goes or changes. The order of columns means nothing, for all statements name them.
 */
function addedColumns(table: Table, before: Table): readonly string[] | undefined {
  const had = new Set(definitions(before).keys())
  const wanted = definitions(table)
  if ([...had].some((definition) => !wanted.has(definition))) return undefined
  return [...wanted]
    .filter(([definition]) => !had.has(definition))
    .map(([definition, neutral]) => `ALTER TABLE ${table.name} ADD COLUMN ${definition}${neutral}`)
}

/** The definitions of all columns, each with what an added one has in the rows that are there. */
function definitions(table: Table): ReadonlyMap<string, string> {
  const columns = columnsOf(table).map((spec) => {
    const neutral = spec.nullable ? '' : ` DEFAULT ${NEUTRAL_VALUES[spec.type]}`
    return [columnDefinition(spec), neutral] as const
  })
  return new Map([...columns, ...documentColumns(table).map((definition) => [definition, ''] as const)])
}

function rebuild(table: Table, before: Table): readonly string[] {
  const { layout, meta } = table
  const metaColumns = Object.values(meta)
  const kept = new Map(before.layout.fields.map((field) => [field.name, field]))
  const values = layout.fields.map((field, position) => {
    const column = table.fieldColumns[position] ?? ''
    const neutral = field.nullable ? 'NULL' : NEUTRAL_VALUES[field.type]
    if (kept.get(field.name)?.type !== field.type) return neutral
    return field.nullable ? column : `coalesce(${column}, ${neutral})`
  })
  const temporary = quote(`${table.plainName}$$$new`)
  const columns = [...table.fieldColumns, ...metaColumns].join(', ')
  return [
    createTable(table, temporary),
    `INSERT INTO ${temporary} (${columns}) SELECT ${[...values, ...metaColumns].join(', ')} FROM ${table.name}`,
    `DROP TABLE ${table.name}`,
    `ALTER TABLE ${temporary} RENAME TO ${table.name}`,
  ]
}
