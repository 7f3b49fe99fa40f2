/** Rows as drivers answer them, one array of values each, and what they mean. */

import {
  type DocumentPage,
  type FieldValue,
  ID_FIELD,
  type Key,
  type NewRow,
  type Page,
  positionOf,
  type Query,
  type RowState,
  type StoredDocument,
  type StoredRow,
} from '@coffer/core/backend'
import { fieldAt, type MetaColumn, readMeta, type Table } from './table.ts'

/** A row as an array, in the order of the columns that were asked. */
export type RawRow = readonly unknown[]

const ROW_COLUMNS = [
  '_id',
  '_version',
  '_schema_version',
  '_created_at',
  '_updated_at',
  '_expires_at',
  '_deleted_at',
  '_hash',
  '_doc',
] as const satisfies readonly MetaColumn[]

const STATE_COLUMNS = [
  '_version',
  '_created_at',
  '_updated_at',
  '_expires_at',
  '_deleted_at',
] as const satisfies readonly MetaColumn[]

/** What is selected of a row, in the order that `storedRow` reads it. */
export function rowColumns(table: Table): readonly string[] {
  return ROW_COLUMNS.map((column) => selected(table.meta[column], readMeta(table, column)))
}

/** What is selected of a row's state, in the order that `rowState` reads it. */
export function stateColumns(table: Table): readonly string[] {
  return STATE_COLUMNS.map((column) => selected(table.meta[column], readMeta(table, column)))
}

/**
 * An expression in a selection. A term of the order that is a name alone means a column of the answer first,
 * so one that is no column is given a name that no field has: an engine may name it by the function in it.
 */
function selected(column: string, expression: string): string {
  return expression === column ? column : `${expression} AS "_"`
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

/** What is selected of fields, in the order that `pageOf` reads it. */
export function fieldColumns(table: Table, fields: readonly number[]): readonly string[] {
  return fields.map((field) => {
    const { column, type } = fieldAt(table, field)
    return selected(column, table.dialect.read(column, type))
  })
}

/** The fields that a page reads beside `rowColumns`: all, or those that its order compares. */
export function extraFields(table: Table, query: Pick<Query, 'order' | 'withFields'>): readonly number[] {
  if (query.withFields) return allFields(table)
  return [...new Set(query.order.map((term) => term.field))].filter((field) => field !== ID_FIELD)
}

/** Makes a page of the rows of `queryParts`. */
export function pageOf(table: Table, query: Query, rows: readonly RawRow[]): Page {
  const extras = extraFields(table, query)
  const width = ROW_COLUMNS.length
  const answered = rows.slice(0, query.limit)
  const last = answered.at(-1)
  return {
    rows: answered.map((row) => {
      const stored = storedRow(query.tenant, row)
      return query.withFields ? { ...stored, fields: fieldsOf(table, extras, row, width) } : stored
    }),
    next:
      rows.length > query.limit && last !== undefined
        ? positionOf({ id: String(last[0]), fields: fieldsOf(table, extras, last, width) }, query.order)
        : undefined,
  }
}

/** What is selected of a row that is moved as it is, in the order that `newRows` reads it. */
export function newRowColumns(table: Table): readonly string[] {
  return [...rowColumns(table), ...filledColumns(table), table.meta._tenant]
}

/** All fields, with a value in each that is required: also in a table that is still to be filled. */
function filledColumns(table: Table): readonly string[] {
  const { dialect } = table
  return allFields(table).map((field) => {
    const { column, type, nullable } = fieldAt(table, field)
    const neutral = nullable ? undefined : dialect.schema.neutralValues?.[type]
    const filled = neutral === undefined ? column : `coalesce(${column}, ${neutral})`
    return selected(column, dialect.read(filled, type))
  })
}

/** Reads the columns of `newRowColumns`. */
export function newRows(table: Table, rows: readonly RawRow[]): readonly NewRow[] {
  const fields = allFields(table)
  return rows.map((row) => ({
    ...storedRow(String(row.at(-1)), row),
    fields: fieldsOf(table, fields, row, ROW_COLUMNS.length),
  }))
}

function allFields(table: Table): readonly number[] {
  return table.layout.fields.map((_, field) => field)
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

/**
 * The one column of a page of documents: the document as it stands, or behind the version of its schema and a
 * space where that is not the layout's. A page of many columns costs twice as much as a page of one.
 */
export function documentColumn(table: Table): string {
  const version = table.meta._schema_version
  const document = readMeta(table, '_doc')
  const current = table.layout.schemaVersion
  return `CASE ${version} WHEN ${current} THEN ${document} ELSE ${version} || ' ' || ${document} END AS "_"`
}

/** Makes a page of documents of the values of `documentParts`. */
export function documentPageOf(table: Table, query: Query, values: readonly unknown[]): DocumentPage {
  const documents = values
    .slice(0, query.limit)
    .map((value) => storedDocument(String(value), table.layout.schemaVersion))
  return { documents, more: values.length > query.limit }
}

function storedDocument(text: string, current: number): StoredDocument {
  if (text.startsWith('{')) return { document: text, schemaVersion: current }
  const end = text.indexOf(' ')
  return { document: text.slice(end + 1), schemaVersion: Number(text.slice(0, end)) }
}

/** A key with its version, as `sweptKeys` answers it. */
export function versionedKey(row: RawRow): Key & { readonly version: number } {
  return { tenant: String(row[0]), id: String(row[1]), version: Number(row[2]) }
}

function numberOrNull(value: unknown): number | null {
  return value === null ? null : Number(value)
}
