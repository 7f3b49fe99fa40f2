/**
 * SQLite. Tables are STRICT. Booleans are 0 and 1, timestamps whole milliseconds, `texts` a JSON array with
 * a table of its members beside it, kept by triggers, for SQLite has no index into an array.
 */

import type { FieldType, FieldValue } from '@coffer/core/backend'
import type { ColumnSpec, Dialect, TextsOperand } from './dialect.ts'
import type { SchemaObject } from './schema.ts'
import type { Parameter } from './statement.ts'
import { sideTableName, type Table, triggerName } from './table.ts'

const COLUMN_TYPES: Readonly<Record<FieldType, string>> = {
  text: 'TEXT',
  integer: 'INTEGER',
  number: 'REAL',
  boolean: 'INTEGER',
  timestamp: 'INTEGER',
  texts: 'TEXT',
}

/** Field values that SQLite holds as they are. Booleans and arrays never come here. */
function single(value: FieldValue): Parameter {
  return value
}

function encodeBoolean(value: FieldValue): Parameter {
  return value === null ? null : Number(value)
}

function decodeTexts(value: unknown): FieldValue {
  const texts: unknown = JSON.parse(String(value))
  return Array.isArray(texts) ? texts.map(String) : null
}

/** The dialect of SQLite 3.51 and later. */
export const sqliteDialect: Dialect = {
  name: 'sqlite',
  quote,
  placeholder: () => '?',
  encode: {
    text: single,
    integer: single,
    number: single,
    timestamp: single,
    boolean: encodeBoolean,
    texts: (value) => (value === null ? null : JSON.stringify(value)),
  },
  decode: {
    text: String,
    integer: Number,
    number: Number,
    timestamp: Number,
    boolean: (value) => value === 1,
    texts: decodeTexts,
  },
  // Null is the least value in SQLite's own order.
  nulls: { asc: '', desc: '' },
  constants: { true: '1', false: '0' },
  unindexed: (column) => `+${column}`,
  isOneOf: (expression, _type, values, list) =>
    `${expression} IN (SELECT value FROM json_each(${list.add(JSON.stringify(values))}))`,
  hasAll,
  hasAny,
  // SQLite runs the parts of a UNION ALL one after the other and stops at the limit. An outer ORDER BY
  // would read every part to its own limit first.
  joinSegments: (segments, _order, limit) =>
    `${segments.map((segment) => `SELECT * FROM (${segment})`).join(' UNION ALL ')} ${limit()}`,
  schema: {
    column: columnDefinition,
    documentColumn,
    noTexts: `'[]'`,
    tableOptions: ' STRICT',
    textsObjects,
    appendOnlyObjects,
    drop: ({ kind, name }) => `DROP ${kind.toUpperCase()} IF EXISTS ${quote(name)}`,
  },
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function columnDefinition({ column, type, nullable }: ColumnSpec): string {
  const notNull = nullable ? '' : ' NOT NULL'
  const check = type === 'boolean' ? ` CHECK (${column} IN (0, 1))` : ''
  return `${column} ${COLUMN_TYPES[type]}${notNull}${check}`
}

/** Members whose name is no plain word are left out: nothing queries these columns. */
function documentColumn(member: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(member)) return undefined
  return `${quote(member)} ANY GENERATED ALWAYS AS (json_extract("_doc", '$.${member}')) VIRTUAL`
}

function sideTable(table: Table, field: number): string {
  return quote(sideTableName(table, table.layout.fields[field]?.name ?? ''))
}

function hasAll(operand: TextsOperand, values: readonly string[]): string {
  const { tenant, parameters } = operand
  const [only] = values
  const start = `"_id" IN (SELECT "_id" FROM ${sideTable(operand.table, operand.field)} WHERE "_tenant" = `
  if (values.length === 1 && only !== undefined) {
    return `${start}${parameters.add(tenant)} AND "value" = ${parameters.add(only)})`
  }
  return (
    `${start}${parameters.add(tenant)} AND "value" IN (SELECT value FROM json_each(` +
    `${parameters.add(JSON.stringify(values))})) GROUP BY "_id" HAVING count(*) = ${parameters.add(values.length)})`
  )
}

function hasAny(operand: TextsOperand, values: readonly string[]): string {
  if (values.length === 1) return hasAll(operand, values)
  const { tenant, parameters } = operand
  return (
    `"_id" IN (SELECT "_id" FROM ${sideTable(operand.table, operand.field)} WHERE "_tenant" = ` +
    `${parameters.add(tenant)} AND "value" IN (SELECT value FROM json_each(` +
    `${parameters.add(JSON.stringify(values))})))`
  )
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
      kind: 'trigger',
      name: trigger,
      create: `CREATE TRIGGER ${quote(trigger)} AFTER ${event} BEGIN ${body} END`,
    }
  }
  return [
    {
      kind: 'table',
      name: sideTableName(table, name),
      create:
        `CREATE TABLE ${side} (\n  "_tenant" TEXT NOT NULL,\n  "value" TEXT NOT NULL,\n  "_id" TEXT NOT NULL,\n` +
        '  PRIMARY KEY ("_tenant", "value", "_id")\n) STRICT, WITHOUT ROWID',
      fill:
        `INSERT INTO ${side} ("_tenant", "value", "_id") SELECT DISTINCT "_tenant", value, "_id" ` +
        `FROM ${table.name}, json_each(${table.name}.${column})`,
    },
    trigger('insert', `INSERT ON ${table.name}`, insert),
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
function appendOnlyObjects(table: Table): readonly SchemaObject[] {
  const refusal = `SELECT RAISE(ABORT, 'coffer: rows of this table may be added, never changed or removed');`
  const guard = (purpose: string, event: string, condition: string): SchemaObject => {
    const name = triggerName(table, 'append', purpose)
    return {
      kind: 'trigger',
      name,
      create: `CREATE TRIGGER ${quote(name)} BEFORE ${event} ON ${table.name}${condition} BEGIN ${refusal} END`,
    }
  }
  const replaces =
    ` WHEN EXISTS (SELECT 1 FROM ${table.name} WHERE "_tenant" = NEW."_tenant" AND "_id" = NEW."_id")` +
    ` OR EXISTS (SELECT 1 FROM ${table.name} WHERE rowid = NEW.rowid)`
  return [guard('update', 'UPDATE', ''), guard('delete', 'DELETE', ''), guard('insert', 'INSERT', replaces)]
}
