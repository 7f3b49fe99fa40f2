/** The statements that move rows as they are, of all tenants and in whatever state: for backups, restores and copies. */

import type { Key, NewRow } from '@coffer/core/backend'
import { newRowColumns } from './row-codec.ts'
import { placeholders } from './row-statements.ts'
import { type Parameter, parameterList, type Template } from './statement.ts'
import type { Table } from './table.ts'

/**
 * Reads rows by tenant and id in text order; `newRows` reads them.
 *
 * @param isBehind true when they begin behind a row, whose key comes with the first parameters
 */
export function readRows(table: Table, isBehind: boolean): Template<[after: Key | undefined, limit: number]> {
  const { dialect, meta } = table
  const parameters = parameterList(dialect.placeholder)
  const key = `${meta._tenant}, ${meta._id}`
  const behind = isBehind ? ` WHERE (${key}) > (${parameters.add('')}, ${parameters.add('')})` : ''
  return {
    text:
      `SELECT ${newRowColumns(table).join(', ')} FROM ${table.name}${behind} ` +
      `ORDER BY ${key} LIMIT ${parameters.add(0)}`,
    parameters: (after, limit) => (after === undefined ? [limit] : [after.tenant, after.id, limit]),
  }
}

/** Adds a row as it is. One that is there already is the engine's error. */
export function addRow(table: Table): Template<[row: NewRow]> {
  const columns = columnsOfRow(table)
  return {
    text: `INSERT INTO ${table.name} (${columns.join(', ')}) VALUES (${placeholders(table, columns.length)})`,
    parameters: (row) => parametersOfRow(table, row),
  }
}

/** Puts a row as it is, over whatever row is there. */
export function putRow(table: Table): Template<[row: NewRow]> {
  const { meta } = table
  const { text, parameters } = addRow(table)
  const changing = columnsOfRow(table).filter((column) => column !== meta._tenant && column !== meta._id)
  const set = changing.map((column) => `${column} = excluded.${column}`)
  return {
    text: `${text} ON CONFLICT (${meta._tenant}, ${meta._id}) DO UPDATE SET ${set.join(', ')}`,
    parameters,
  }
}

function columnsOfRow(table: Table): readonly string[] {
  return [...table.fieldColumns, ...Object.values(table.meta)]
}

/** The parameters of `columnsOfRow`. */
function parametersOfRow(table: Table, row: NewRow): Parameter[] {
  const instant = table.dialect.encode.timestamp
  return [
    ...table.encoders.map((encode, field) => encode(row.fields[field] ?? null)),
    row.tenant,
    row.id,
    row.version,
    row.schemaVersion,
    instant(row.createdAt),
    instant(row.updatedAt),
    instant(row.expiresAt),
    instant(row.deletedAt),
    row.hash,
    row.document,
  ]
}
