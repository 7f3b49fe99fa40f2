/**
 * A put that is alone in its statement: its values are parameters of their own. Measured, one record as a
 * JSON array costs the server a fifth more than that.
 */

import type { PutOperation } from '@coffer/core/backend'
import type { Parameter, Table } from '@coffer/sql'
import { instant, type PutKind, recordColumns, type StatementPlace, storeText } from './put-statements.ts'

/**
 * The statement; its parameters are those of `lonePutParameters`, its answer that of `putStatement`.
 *
 * @param isTold true where it also notifies of what it has stored: two parameters more, channel and text. So it
 *   stays a whole transaction, and a put that is refused tells nothing
 */
export function lonePutText(place: StatementPlace, kind: PutKind, isTold: boolean): string {
  const { table, floors } = place
  const { meta } = table
  const columns = recordColumns(table)
  // The instant is the second parameter in every statement of puts.
  const values = columns.map(([, type], index) => `$${index === 0 ? 1 : index + 2}::${type}`)
  const from = `(VALUES (${values.join(', ')})) AS input(${columns.map(([name]) => name).join(', ')})`
  const layout = `$${columns.length + 2}::text`
  const floor = `(SELECT version FROM ${floors} WHERE layout = ${layout} AND tenant = $1::text FOR SHARE)`
  const answer = [meta._tenant, meta._id, meta._version].map((column) => `row.${column}`)
  if (isTold) {
    const first = columns.length + (kind === 'update' ? 2 : 3)
    answer.push(`pg_notify($${first}::text, $${first + 1}::text)`)
  }
  return `${storeText(place, kind, { from, floor })} RETURNING ${answer.join(', ')}`
}

/** The parameters of `lonePutText`. */
export function lonePutParameters(
  table: Table,
  kind: PutKind,
  operation: PutOperation,
  at: number,
): readonly Parameter[] {
  const { tenant, id, document, hash, expiresAt, condition, fields } = operation
  const isKept = expiresAt === 'keep'
  const parameters: Parameter[] = [
    tenant,
    instant(at),
    id,
    document,
    hash,
    isKept,
    isKept || expiresAt === null ? null : instant(expiresAt),
    condition.type === 'version' ? condition.version : null,
  ]
  for (const [field, encode] of table.encoders.entries()) parameters.push(encode(fields[field] ?? null))
  if (kind !== 'update') parameters.push(operation.layout.name)
  return parameters
}
