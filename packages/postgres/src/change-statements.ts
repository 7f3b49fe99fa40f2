/**
 * Statements that remove and restore records: each takes any number of keys as one JSON array, and answers
 * tenant, id, version after the change and whether the record was live, of those it concerned.
 */

import type { Change, DeleteOperation } from '@coffer/core/backend'
import type { Table } from '@coffer/sql'
import { historyInsert } from './history-statements.ts'
import { fewRecords, liveText, type StatementPlace } from './put-statements.ts'
import { counted, type SetStatement } from './set-statement.ts'

/**
 * What a statement does to the rows in place. `erase` takes rows in whatever state, and the past of keys
 * that have no row; `erase-live` takes live records alone, as a condition asks.
 */
export type ChangeKind = 'soft' | 'hard' | 'erase' | 'erase-live' | 'restore'

/** The statement of its kind for a removal. */
export function removalKind({ mode, condition }: DeleteOperation): ChangeKind {
  return mode === 'erase' && condition.type !== 'none' ? 'erase-live' : mode
}

/** One key as `jsonb_to_recordset` reads it. */
export function keyOf(tenant: string, id: string, version: number | undefined): string {
  const key = `{"t":${JSON.stringify(tenant)},"i":${JSON.stringify(id)}`
  return version === undefined ? `${key}}` : `${key},"v":${version}}`
}

/**
 * Changes rows by their keys. Parameters: the keys, the instant, and the layout's name where rows go.
 *
 * @param isStrict true where the statement must fail unless every key was concerned
 */
export function changeStatement(place: StatementPlace, kind: ChangeKind, isStrict: boolean): SetStatement {
  const { table, history } = place
  const { meta } = table
  const goes = kind === 'hard' || kind === 'erase' || kind === 'erase-live'
  const key = `row.${meta._tenant} = input.t AND row.${meta._id} = input.i AND (input.v IS NULL OR row.${meta._version} = input.v)`
  const changed = goes
    ? `DELETE FROM ${table.name} AS row USING input WHERE ${key}${kind === 'erase' ? '' : ` AND ${liveText(table)}`}`
    : `UPDATE ${table.name} AS row SET ${changes(table, kind)} FROM input WHERE ${key} AND ${stateText(table, kind)}`
  const version = goes ? `row.${meta._version} + 1` : `row.${meta._version}`
  const existed = goes ? liveText(table) : kind === 'soft' ? 'true' : 'false'
  const copied = [meta._created_at, meta._expires_at, meta._schema_version, meta._doc]
  const returned = [
    `row.${meta._tenant}`,
    `row.${meta._id}`,
    `${version} AS ${meta._version}`,
    `(${existed}) AS existed`,
    ...(history === undefined ? [] : copied.map((column) => `row.${column}`)),
  ]
  const parts = [
    `input AS (SELECT * FROM ${fewRecords('jsonb_to_recordset($1::jsonb) AS input(t text, i text, v bigint)')})`,
    `changed AS (${changed} RETURNING ${returned.join(', ')})`,
  ]
  if (goes) parts.push(`raised AS (${raiseText(place)})`)
  if (history !== undefined) parts.push(`past AS (${pastText(table, history, kind)})`)
  const columns = [meta._tenant, meta._id, meta._version, 'existed']
  return counted(parts, 'changed', columns, goes ? 'layout' : 'nothing', isStrict)
}

function changes({ meta }: Table, kind: ChangeKind): string {
  return [
    `${meta._version} = row.${meta._version} + 1`,
    `${meta._updated_at} = $2::timestamptz`,
    `${meta._deleted_at} = ${kind === 'soft' ? '$2::timestamptz' : 'NULL'}`,
  ].join(', ')
}

function stateText(table: Table, kind: ChangeKind): string {
  if (kind === 'soft') return liveText(table)
  const { _deleted_at, _expires_at } = table.meta
  return `row.${_deleted_at} IS NOT NULL AND (row.${_expires_at} IS NULL OR row.${_expires_at} > $2::timestamptz)`
}

/** Raises the floors of the layout `$3` that are too low for the rows of `changed`. One that is high enough is not touched, so nobody waits for its lock. */
export function raiseText({ table, floors }: Pick<StatementPlace, 'table' | 'floors'>): string {
  const { _tenant, _version } = table.meta
  return (
    `INSERT INTO ${floors} AS floor (layout, tenant, version) ` +
    `SELECT $3::text, gone.tenant, gone.version FROM ` +
    `(SELECT ${_tenant} AS tenant, max(${_version}) AS version FROM changed GROUP BY ${_tenant}) AS gone ` +
    `WHERE NOT EXISTS (SELECT 1 FROM ${floors} AS high WHERE high.layout = $3::text ` +
    'AND high.tenant = gone.tenant AND high.version >= gone.version) ' +
    'ON CONFLICT (layout, tenant) DO UPDATE SET version = greatest(floor.version, excluded.version)'
  )
}

function pastText(table: Table, history: Table, kind: ChangeKind): string {
  const { meta } = table
  if (kind === 'erase' || kind === 'erase-live') {
    const erased = kind === 'erase' ? 'input' : 'changed'
    const [tenant, id] = kind === 'erase' ? ['t', 'i'] : [meta._tenant, meta._id]
    return (
      `DELETE FROM ${history.name} AS past USING ${erased} ` +
      `WHERE past.${history.meta._tenant} = ${erased}.${tenant} AND past.${history.fieldColumns[0]} = ${erased}.${id}`
    )
  }
  const change: Change = kind === 'restore' ? 'restore' : 'delete'
  const source = { name: 'changed', version: meta._version, schemaVersion: meta._schema_version }
  return historyInsert(table, history, source, change, '$2::timestamptz')
}
