/**
 * SQLite. Tables are STRICT. Booleans are 0 and 1, timestamps whole milliseconds, `texts` a JSON array with
 * a table of its members beside it, kept by triggers, for SQLite has no index into an array.
 */

import type { FieldValue } from '@coffer/core/backend'
import type { Dialect, TextsOperand } from './dialect.ts'
import { quote, SQLITE_TYPES, sideTable, sqliteSchema } from './sqlite-schema.ts'
import type { Parameter } from './statement.ts'

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

/**
 * The aggregate that a connection must have: it answers the text of an exact sum. SQLite's own stops at 2^63 for
 * integers, and adds numbers as binary fractions.
 */
export const SQLITE_EXACT_SUM = 'coffer_exact_sum'

/** The dialect of SQLite 3.51 and later. */
export const sqliteDialect: Dialect = {
  name: 'sqlite',
  identifier: (name) => name,
  quote,
  qualify: quote,
  placeholder: () => '?',
  types: SQLITE_TYPES,
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
  read: (column) => column,
  // Null is the least value in SQLite's own order.
  nulls: { asc: '', desc: '' },
  constants: { true: '1', false: '0' },
  unindexed: (column) => `+${column}`,
  isOneOf: (column, _type, values, list) =>
    `${column} IN (SELECT value FROM json_each(${list.add(JSON.stringify(values))}))`,
  hasAll,
  hasAny,
  aggregates: {
    source: (table) => table,
    milliseconds: (parameter) => parameter,
    sum: (column) => `${SQLITE_EXACT_SUM}(${column})`,
    min: (column) => `min(${column})`,
    max: (column) => `max(${column})`,
  },
  schema: sqliteSchema,
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
