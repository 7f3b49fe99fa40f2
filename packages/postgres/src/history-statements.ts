/** The past of a record, written in the statement that changes it. The rows are those of core's `historyRow`. */

import { type Change, HISTORY } from '@coffer/core/backend'
import type { Table } from '@coffer/sql'

/** Where the changed rows are taken from. Names are quoted. */
export interface HistorySource {
  /** A part of the statement with the columns tenant, id, creation, deadline and document. */
  readonly name: string
  /** The record's version after the change, as an expression. */
  readonly version: string
  /** The version of the schema that wrote the document, as an expression. */
  readonly schemaVersion: string
}

/** Adds one history row for each row of the source. */
export function historyInsert(
  { meta }: Table,
  history: Table,
  source: HistorySource,
  change: Change,
  at: string,
): string {
  const own = history.meta
  const fields: readonly (readonly [field: number, value: string])[] = [
    [HISTORY.key, meta._id],
    [HISTORY.version, source.version],
    [HISTORY.changedAt, at],
    [HISTORY.change, `'${change}'`],
  ]
  const columns: readonly (readonly [column: string | undefined, value: string])[] = [
    ...fields.map(([field, value]) => [history.fieldColumns[field], value] as const),
    [own._tenant, meta._tenant],
    [own._id, `lpad((${source.version})::text, 16, '0') || ':' || ${meta._id}`],
    [own._version, '1'],
    [own._schema_version, source.schemaVersion],
    [own._created_at, meta._created_at],
    [own._updated_at, at],
    [own._expires_at, meta._expires_at],
    [own._doc, meta._doc],
  ]
  return (
    `INSERT INTO ${history.name} (${columns.map(([column]) => column).join(', ')}) ` +
    `SELECT ${columns.map(([, value]) => value).join(', ')} FROM ${source.name}`
  )
}
