/**
 * PostgreSQL. Every type is the engine's own; timestamps go in as ISO 8601 UTC. What is read comes as the
 * text that the server writes, with the driver's parsers off, in forms that no setting of the connection
 * changes: it may be a caller's own.
 */

import { hash } from 'node:crypto'
import type { FieldType, FieldValue } from '@coffer/core/backend'
import type { ColumnType, Dialect, TextsOperand } from './dialect.ts'
import { postgresAggregates } from './postgres-aggregates.ts'
import { POSTGRES_TYPES, postgresSchema } from './postgres-schema.ts'
import type { Parameter, ParameterList } from './statement.ts'
import { fieldAt } from './table.ts'

/** The most bytes of an identifier; PostgreSQL cuts longer ones, and then two may be one. */
const MAX_IDENTIFIER_BYTES = 63
const HASH_DIGITS = 12

/** Columns that every table has; no other may have their names. */
const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid'])

const ENCODERS: Readonly<Record<FieldType, (value: FieldValue) => Parameter>> = {
  text: same,
  integer: same,
  number: same,
  boolean: same,
  timestamp: (value) => (value === null ? null : new Date(Number(value)).toISOString()),
  texts: same,
}

/** Drivers know every kind of value but an instant, which reaches them as a number of milliseconds. */
function same(value: FieldValue): Parameter {
  return value
}

/**
 * The dialect of PostgreSQL 14 and later.
 *
 * @param schema the name of the schema that holds everything
 */
export function postgresDialect(schema: string): Dialect {
  const qualify = (name: string) => `${quote(schema)}.${quote(name)}`
  return { ...DIALECT, qualify }
}

const DIALECT: Omit<Dialect, 'qualify'> = {
  name: 'postgresql',
  identifier,
  quote,
  placeholder: (position) => `$${position}`,
  types: POSTGRES_TYPES,
  encode: ENCODERS,
  decode: {
    text: String,
    integer: Number,
    number: (value) => Buffer.from(String(value), 'hex').readDoubleBE(),
    timestamp: Number,
    boolean: (value) => value === 't',
    texts: decodeTexts,
  },
  read,
  // Null is the greatest value in PostgreSQL's own order.
  nulls: { asc: ' NULLS FIRST', desc: ' NULLS LAST' },
  constants: { true: 'TRUE', false: 'FALSE' },
  // The planner knows which condition leaves fewer rows.
  unindexed: (column) => column,
  isOneOf,
  hasAll: (operand, values) => overlap(operand, '@>', values),
  hasAny: (operand, values) => overlap(operand, '&&', values),
  aggregates: postgresAggregates,
  schema: postgresSchema,
}

function identifier(name: string): string {
  if (SYSTEM_COLUMNS.has(name)) return `${name}$`
  if (name.length <= MAX_IDENTIFIER_BYTES) return name
  const digits = hash('sha256', name, 'hex').slice(0, HASH_DIGITS)
  return `${name.slice(0, MAX_IDENTIFIER_BYTES - HASH_DIGITS - 1)}$${digits}`
}

function quote(name: string): string {
  return `"${identifier(name).replaceAll('"', '""')}"`
}

/** `extra_float_digits` rounds a number's text and `TimeZone` and `DateStyle` shape an instant's; not these. */
function read(column: string, type: ColumnType): string {
  switch (type) {
    case 'timestamp':
      return `(extract(epoch FROM ${column}) * 1000)::bigint`
    case 'number':
      return `encode(float8send(${column}), 'hex')`
    case 'texts':
      return `to_json(${column})::text`
    case 'document':
      return `${column}::text`
    default:
      return column
  }
}

function decodeTexts(value: unknown): FieldValue {
  const texts: unknown = JSON.parse(String(value))
  return Array.isArray(texts) ? texts.map(String) : null
}

function isOneOf(
  column: string,
  type: FieldType,
  values: readonly FieldValue[],
  list: ParameterList,
): string {
  const texts = values.map((value) => String(ENCODERS[type](value)))
  return `${column} = ANY(${list.add(texts)}::${POSTGRES_TYPES[type]}[])`
}

function overlap({ table, field, parameters }: TextsOperand, operator: string, values: readonly string[]) {
  return `${fieldAt(table, field).column} ${operator} ${parameters.add(values)}::${POSTGRES_TYPES.texts}`
}
