/** Rows as drivers answer them, one array of values each, and what they mean. */

import {
  type FieldValue,
  ID_FIELD,
  type Key,
  type Page,
  positionOf,
  type Query,
  type RowState,
  type StoredRow,
} from '@coffer/core/backend'
import type { Table } from './table.ts'

/** A row as an array, in the order of the columns that were asked. */
export type RawRow = readonly unknown[]

/** The columns of a row in the order that `storedRow` reads them. */
export function rowColumns({ meta }: Table): readonly string[] {
  return [
    meta._id,
    meta._version,
    meta._schema_version,
    meta._created_at,
    meta._updated_at,
    meta._expires_at,
    meta._deleted_at,
    meta._hash,
    meta._doc,
  ]
}

/** The columns of a row of which only the document is wanted, in the order that `documentRow` reads them. */
function documentColumns({ meta }: Table): readonly string[] {
  return [meta._id, meta._schema_version, meta._doc]
}

/** The columns of a page's rows, without the extra fields that stand behind them. */
export function pageColumns(table: Table, query: Pick<Query, 'documentsOnly'>): readonly string[] {
  return query.documentsOnly === true ? documentColumns(table) : rowColumns(table)
}

/** The columns of a row's state in the order that `rowState` reads them. */
export function stateColumns({ meta }: Table): readonly string[] {
  return [meta._version, meta._created_at, meta._updated_at, meta._expires_at, meta._deleted_at]
}

/** Reads the columns of `stateColumns`. */
export function rowState(row: RawRow): RowState {
  return {
    version: Number(row[0]),
    createdAt: Number(row[1]),
    updatedAt: Number(row[2]),
    expiresAt: numberOrNull(row[3]),
    deletedAt: numberOrNull(row[4]),
  }
}

/** Reads the columns of `rowColumns`. */
export function storedRow(tenant: string, row: RawRow): StoredRow {
  return {
    tenant,
    id: String(row[0]),
    version: Number(row[1]),
    schemaVersion: Number(row[2]),
    createdAt: Number(row[3]),
    updatedAt: Number(row[4]),
    expiresAt: numberOrNull(row[5]),
    deletedAt: numberOrNull(row[6]),
    hash: row[7] === null ? null : String(row[7]),
    document: String(row[8]),
  }
}

/** Reads the columns of `documentColumns`; the rest of the row is not meant. */
function documentRow(tenant: string, row: RawRow): StoredRow {
  return {
    tenant,
    id: String(row[0]),
    version: 0,
    schemaVersion: Number(row[1]),
    createdAt: 0,
    updatedAt: 0,
    expiresAt: null,
    deletedAt: null,
    hash: null,
    document: String(row[2]),
  }
}

/** The fields that a page reads beside `pageColumns`: all, or those that its order compares. */
export function extraFields(table: Table, query: Pick<Query, 'order' | 'withFields'>): readonly number[] {
  if (query.withFields) return table.layout.fields.map((_, field) => field)
  return [...new Set(query.order.map((term) => term.field))].filter((field) => field !== ID_FIELD)
}

/** Makes a page of the rows of `queryStatement`. */
export function pageOf(table: Table, query: Query, rows: readonly RawRow[]): Page {
  const extras = extraFields(table, query)
  const width = pageColumns(table, query).length
  const read = query.documentsOnly === true ? documentRow : storedRow
  const answered = rows.slice(0, query.limit)
  const last = answered.at(-1)
  return {
    rows: answered.map((row) => {
      const stored = read(query.tenant, row)
      return query.withFields ? { ...stored, fields: fieldsOf(table, extras, row, width) } : stored
    }),
    next:
      rows.length > query.limit && last !== undefined
        ? positionOf({ id: String(last[0]), fields: fieldsOf(table, extras, last, width) }, query.order)
        : undefined,
  }
}

/** The values of the extra fields, which stand behind the first `width` columns, at their positions in the layout. */
function fieldsOf(
  table: Table,
  extras: readonly number[],
  row: RawRow,
  width: number,
): readonly FieldValue[] {
  const values: FieldValue[] = new Array<FieldValue>(table.layout.fields.length).fill(null)
  extras.forEach((field, index) => {
    const type = table.layout.fields[field]?.type
    const value = row[width + index]
    if (type !== undefined && value !== null) values[field] = table.dialect.decode[type](value)
  })
  return values
}

/** A key with its version, as `sweptKeys` answers it. */
export function versionedKey(row: RawRow): Key & { readonly version: number } {
  return { tenant: String(row[0]), id: String(row[1]), version: Number(row[2]) }
}

function numberOrNull(value: unknown): number | null {
  return value === null ? null : Number(value)
}
