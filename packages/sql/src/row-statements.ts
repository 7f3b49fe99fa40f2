/** The statements that read and change single rows: each has one text for its table and is prepared once. */

import { HISTORY, type Key, type NewRow, type PutOperation, type RowState } from '@coffer/core/backend'
import { rowColumns, stateColumns } from './row-codec.ts'
import { type Parameter, parameterList, type Template } from './statement.ts'
import type { MetaColumn, Table } from './table.ts'

/** What a put or a reindexed row stores beside its state. */
export type RowContent = Key & Pick<PutOperation, 'document' | 'fields' | 'hash'>

/** Reads a row by its key, in whatever state; the columns are those of `rowColumns`. */
export function readRow(table: Table): Template<[key: Key]> {
  return byKey(table, `SELECT ${rowColumns(table).join(', ')} FROM ${table.name}`)
}

/** Reads the state of a row; the columns are those of `stateColumns`. */
export function readState(table: Table): Template<[key: Key]> {
  return byKey(table, `SELECT ${stateColumns(table).join(', ')} FROM ${table.name}`)
}

/** Inserts a row where none is in place; otherwise it changes nothing. */
export function insertRow(table: Table): Template<[row: RowContent, state: RowState]> {
  const columns = [...table.fieldColumns, ...Object.values(table.meta)]
  const instant = table.dialect.encode.timestamp
  return {
    text:
      `INSERT INTO ${table.name} (${columns.join(', ')}) VALUES (${placeholders(table, columns.length)}) ` +
      `ON CONFLICT (${table.meta._tenant}, ${table.meta._id}) DO NOTHING`,
    parameters: (row, state) => {
      const values = fieldParameters(table, row)
      values.push(
        row.tenant,
        row.id,
        state.version,
        table.layout.schemaVersion,
        instant(state.createdAt),
        instant(state.updatedAt),
        instant(state.expiresAt),
        instant(state.deletedAt),
        row.hash,
        row.document,
      )
      return values
    },
  }
}

/** Replaces the row in place. */
export function updateRow(table: Table): Template<[row: RowContent, state: RowState]> {
  const { meta } = table
  const columns = [...table.fieldColumns, ...changing(table).map((column) => meta[column])]
  const instant = table.dialect.encode.timestamp
  return {
    text: updateText(table, columns, [meta._tenant, meta._id]),
    parameters: (row, state) => {
      const values = fieldParameters(table, row)
      values.push(
        state.version,
        table.layout.schemaVersion,
        instant(state.createdAt),
        instant(state.updatedAt),
        instant(state.expiresAt),
        instant(state.deletedAt),
        row.hash,
        row.document,
        row.tenant,
        row.id,
      )
      return values
    },
  }
}

function changing(table: Table): readonly MetaColumn[] {
  return (Object.keys(table.meta) as MetaColumn[]).filter(
    (column) => column !== '_tenant' && column !== '_id',
  )
}

/** Changes the state of the row in place and nothing else: for soft deletes and restores. */
export function updateState(table: Table): Template<[key: Key, state: RowState]> {
  const { meta } = table
  const columns = [meta._version, meta._updated_at, meta._deleted_at]
  const instant = table.dialect.encode.timestamp
  return {
    text: updateText(table, columns, [meta._tenant, meta._id]),
    parameters: (key, state) => [
      state.version,
      instant(state.updatedAt),
      instant(state.deletedAt),
      key.tenant,
      key.id,
    ],
  }
}

/** Rewrites a row that still has its version, without a change of its state. */
export function reindexRow(table: Table): Template<[row: RowContent & { readonly version: number }]> {
  const { meta } = table
  const columns = [...table.fieldColumns, meta._schema_version, meta._hash, meta._doc]
  return {
    text: updateText(table, columns, [meta._tenant, meta._id, meta._version]),
    parameters: (row) => [
      ...fieldParameters(table, row),
      table.layout.schemaVersion,
      row.hash,
      row.document,
      row.tenant,
      row.id,
      row.version,
    ],
  }
}

/** Removes a row for good. */
export function deleteRow(table: Table): Template<[key: Key]> {
  return byKey(table, `DELETE FROM ${table.name}`)
}

/**
 * Adds a history row, with the document and the schema version of the row in place.
 *
 * @param history the table of `table.layout.history`
 */
export function insertHistory(table: Table, history: Table): Template<[row: NewRow]> {
  const { meta } = history
  const instant = table.dialect.encode.timestamp
  const given = [
    ...history.fieldColumns,
    meta._tenant,
    meta._id,
    meta._version,
    meta._created_at,
    meta._updated_at,
    meta._expires_at,
    meta._deleted_at,
    meta._hash,
  ]
  const copied = [table.meta._schema_version, table.meta._doc]
  const where = keyCondition(table, given.length + 1)
  return {
    text:
      `INSERT INTO ${history.name} (${[...given, meta._schema_version, meta._doc].join(', ')}) ` +
      `SELECT ${placeholders(table, given.length)}, ${copied.join(', ')} FROM ${table.name} WHERE ${where}`,
    parameters: (row) => [
      ...fieldParameters(history, row),
      row.tenant,
      row.id,
      row.version,
      instant(row.createdAt),
      instant(row.updatedAt),
      instant(row.expiresAt),
      instant(row.deletedAt),
      row.hash,
      row.tenant,
      String(row.fields[HISTORY.key]),
    ],
  }
}

/** Removes all history rows of one key. */
export function eraseHistory(history: Table): Template<[key: Key]> {
  const { dialect, meta, fieldColumns } = history
  return {
    text:
      `DELETE FROM ${history.name} WHERE ${meta._tenant} = ${dialect.placeholder(1)} ` +
      `AND ${fieldColumns[HISTORY.key]} = ${dialect.placeholder(2)}`,
    parameters: (key) => [key.tenant, key.id],
  }
}

/** Finds one live row that has the value in the field, if any. */
export function findReferrer(
  table: Table,
  field: number,
): Template<[tenant: string, value: string, at: number]> {
  const { dialect, meta, fieldColumns } = table
  const [tenant, value, at] = [1, 2, 3].map((position) => dialect.placeholder(position))
  return {
    text:
      `SELECT 1 FROM ${table.name} WHERE ${meta._tenant} = ${tenant} AND ${fieldColumns[field]} = ${value} ` +
      `AND ${meta._deleted_at} IS NULL AND (${meta._expires_at} IS NULL OR ${meta._expires_at} > ${at}) LIMIT 1`,
    parameters: (tenant, value, at) => [tenant, value, dialect.encode.timestamp(at)],
  }
}

/**
 * Finds keys whose moment, a deadline or a soft deletion, is up to an instant, in the order of the moments.
 * The columns are those of `versionedKey`.
 *
 * @param ofTenant true when the keys of one tenant are asked, whose name is then the first parameter
 */
export function sweptKeys(
  table: Table,
  column: '_expires_at' | '_deleted_at',
  ofTenant: boolean,
): Template<[tenant: string | undefined, until: number, limit: number]> {
  const { dialect, meta } = table
  const moment = meta[column]
  const parameters = parameterList(dialect.placeholder)
  const tenant = ofTenant ? `${dialect.unindexed(meta._tenant)} = ${parameters.add('')} AND ` : ''
  return {
    text:
      `SELECT ${meta._tenant}, ${meta._id}, ${meta._version} FROM ${table.name} ` +
      `WHERE ${tenant}${moment} IS NOT NULL AND ${moment} <= ${parameters.add(0)} ` +
      `ORDER BY ${moment} LIMIT ${parameters.add(0)}`,
    parameters: (name, until, limit) => {
      const bounds = [dialect.encode.timestamp(until), limit]
      return ofTenant ? [name ?? null, ...bounds] : bounds
    },
  }
}

/** Reads the tenants that have rows, in text order, by one step in the primary key for each. */
export function readTenants({ name, meta }: Table): Template<[]> {
  const least = `SELECT min(${meta._tenant}) FROM ${name}`
  return {
    text:
      `WITH RECURSIVE tenants (tenant) AS (${least} UNION ALL ` +
      `SELECT (${least} WHERE ${meta._tenant} > tenants.tenant) FROM tenants WHERE tenants.tenant IS NOT NULL) ` +
      'SELECT tenant FROM tenants WHERE tenant IS NOT NULL',
    parameters: () => [],
  }
}

/** Counts the rows that are expired, and those that are soft-deleted and not expired; each up to a limit, if there is one. */
export function countStates(table: Table, limit: number | undefined): Template<[at: number]> {
  const { dialect, meta } = table
  const { _expires_at, _deleted_at } = meta
  const parameters = parameterList(dialect.placeholder)
  const count = (moment: string, condition: string) => {
    const rows = `SELECT 1 FROM ${table.name} WHERE ${moment} IS NOT NULL AND ${condition}`
    // The order keeps a planner whose statistics are old to the index.
    const bound = limit === undefined ? '' : ` ORDER BY ${moment} LIMIT ${limit}`
    return `(SELECT count(*) FROM (${rows}${bound}) AS found)`
  }
  const expired = `${_expires_at} <= ${parameters.add(0)}`
  const unexpired = `(${_expires_at} IS NULL OR ${_expires_at} > ${parameters.add(0)})`
  return {
    text: `SELECT ${count(_expires_at, expired)}, ${count(_deleted_at, unexpired)}`,
    parameters: (at) => [dialect.encode.timestamp(at), dialect.encode.timestamp(at)],
  }
}

/** Answers a row when the table has any. */
export function anyRow(table: Table): Template<[]> {
  return { text: `SELECT 1 FROM ${table.name} LIMIT 1`, parameters: () => [] }
}

function fieldParameters(table: Table, row: Pick<RowContent, 'fields'>): Parameter[] {
  return table.encoders.map((encode, field) => encode(row.fields[field] ?? null))
}

/** So many placeholders, from the first. */
export function placeholders({ dialect }: Table, count: number): string {
  return Array.from({ length: count }, (_, index) => dialect.placeholder(index + 1)).join(', ')
}

function keyCondition({ dialect, meta }: Table, first: number): string {
  return (
    `${meta._tenant} = ${dialect.placeholder(first)} ` + `AND ${meta._id} = ${dialect.placeholder(first + 1)}`
  )
}

function byKey(table: Table, start: string): Template<[key: Key]> {
  return {
    text: `${start} WHERE ${keyCondition(table, 1)}`,
    parameters: (key) => [key.tenant, key.id],
  }
}

/** An update of columns, then conditions of equality; the parameters follow in this order. */
function updateText(table: Table, columns: readonly string[], where: readonly string[]): string {
  const { placeholder } = table.dialect
  const set = columns.map((column, index) => `${column} = ${placeholder(index + 1)}`)
  const conditions = where.map((column, index) => `${column} = ${placeholder(columns.length + index + 1)}`)
  return `UPDATE ${table.name} SET ${set.join(', ')} WHERE ${conditions.join(' AND ')}`
}
