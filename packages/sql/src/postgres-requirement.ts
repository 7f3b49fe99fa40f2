/**
 * Making columns of a large table required while it is used. `SET NOT NULL` alone reads the whole table, and
 * nobody may even read it meanwhile. Behind a constraint that is known to hold it reads nothing.
 *
 * In this order: fill, `refuseNulls`, fill once more what came in between, `validate`, `require`, `release`. Each part
 * is a transaction of its own. The last two are two statements: in one, PostgreSQL drops the constraint first.
 *
 * Source: PostgreSQL's manual, ALTER TABLE, on SET NOT NULL and VALIDATE CONSTRAINT.
 */

import type { Key } from '@coffer/core/backend'
import type { ColumnSpec } from './dialect.ts'
import { NEUTRAL_VALUES } from './postgres-schema.ts'
import type { Template } from './statement.ts'
import { type Table, triggerName } from './table.ts'

/** The statements that make columns required. */
export interface Requirement {
  /** The name of the constraint that stands in for a while. */
  readonly constraint: string
  /** Answers the key, tenant and id, that lies so many rows behind a key; nothing near the end. */
  readonly boundary: Template<[after: Key, count: number]>
  /** Fills the columns with neutral values, behind a key and up to another. */
  readonly fill: Template<[after: Key, upTo: Key]>
  /** Fills them in all rows behind a key. */
  readonly fillRest: Template<[after: Key]>
  readonly refuseNulls: string
  readonly validate: string
  readonly require: string
  /** Takes the constraint away, if it is there. */
  readonly release: string
}

/** The statements for columns that may still be null. */
export function requirement(table: Table, columns: readonly ColumnSpec[]): Requirement {
  const { dialect, name, meta } = table
  const constraint = dialect.identifier(triggerName(table, 'required'))
  const quoted = dialect.quote(constraint)
  const key = `${meta._tenant}, ${meta._id}`
  const filled = columns.map(
    ({ column, type }) => `${column} = coalesce(row.${column}, ${NEUTRAL_VALUES[type]})`,
  )
  const each = (text: (column: string) => string, by: string) =>
    columns.map(({ column }) => text(column)).join(by)
  const isEmpty = each((column) => `row.${column} IS NULL`, ' OR ')
  const fill = `UPDATE ${name} AS row SET ${filled.join(', ')} WHERE (${isEmpty}) AND (${key}) > ($1, $2)`
  return {
    constraint,
    boundary: {
      text: `SELECT ${key} FROM ${name} WHERE (${key}) > ($1, $2) ORDER BY ${key} LIMIT 1 OFFSET $3::bigint - 1`,
      parameters: ({ tenant, id }, count) => [tenant, id, count],
    },
    fill: {
      text: `${fill} AND (${key}) <= ($3, $4)`,
      parameters: (after, upTo) => [after.tenant, after.id, upTo.tenant, upTo.id],
    },
    fillRest: { text: fill, parameters: ({ tenant, id }) => [tenant, id] },
    refuseNulls: `ALTER TABLE ${name} ADD CONSTRAINT ${quoted} CHECK (${each((column) => `${column} IS NOT NULL`, ' AND ')}) NOT VALID`,
    validate: `ALTER TABLE ${name} VALIDATE CONSTRAINT ${quoted}`,
    require: `ALTER TABLE ${name} ${each((column) => `ALTER COLUMN ${column} SET NOT NULL`, ', ')}`,
    release: `ALTER TABLE ${name} DROP CONSTRAINT IF EXISTS ${quoted}`,
  }
}
