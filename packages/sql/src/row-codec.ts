/** Rows as drivers answer them, one array of values each, and what they mean. */

import {
  type DocumentPage,
  type FieldValue,
  ID_FIELD,
  type Key,
  type Page,
  positionOf,
  type Query,
  type RowState,
  type StoredDocument,
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

/** The fields that a page reads beside `rowColumns`: all, or those that its order compares. */
export function extraFields(table: Table, query: Pick<Query, 'order' | 'withFields'>): readonly number[] {
  if (query.withFields) return table.layout.fields.map((_, field) => field)
  return [...new Set(query.order.map((term) => term.field))].filter((field) => field !== ID_FIELD)
}

/** Makes a page of the rows of `queryStatement`. */
export function pageOf(table: Table, query: Query, rows: readonly RawRow[]): Page {
  const extras = extraFields(table, query)
  const width = rowColumns(table).length
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
export function documentColumn({ layout, meta }: Table): string {
  const { _schema_version: version, _doc: document } = meta
  return `CASE ${version} WHEN ${layout.schemaVersion} THEN ${document} ELSE ${version} || ' ' || ${document} END`
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
