/** What a table still lacks of the form of its layout, as the server's catalog has it. */

import type { Key } from '@coffer/core/backend'
import { columnsOf, requirement, type SchemaObject, schemaOf, type Table } from '@coffer/sql'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

/** An index that is to be made. */
export interface ObjectToMake {
  readonly object: SchemaObject
  /** True where one lies there that was never built to its end: it helps nobody, and every write pays for it. */
  readonly isInvalid: boolean
}

/** The indexes that are missing, or not valid. */
export async function objectsToMake(
  session: Session,
  schema: Schema,
  table: Table,
): Promise<readonly ObjectToMake[]> {
  const { around } = schemaOf(table)
  const rows = await session.ask({
    text:
      'SELECT class.relname, index.indisvalid AND index.indisready FROM pg_namespace AS space ' +
      'JOIN pg_class AS class ON class.relnamespace = space.oid JOIN pg_index AS index ON index.indexrelid = class.oid ' +
      'WHERE space.nspname = $1 AND class.relname = ANY($2::name[])',
    parameters: [schema.name, around.map(({ name }) => name)],
  })
  const found = new Map(rows.map(([name, isValid]) => [String(name), isValid === 't']))
  return around
    .filter(({ name }) => found.get(name) !== true)
    .map((object) => ({ object, isInvalid: found.has(object.name) }))
}

/** The columns that must have a value, and to which the server would still give a null. */
export async function columnsToRequire(session: Session, schema: Schema, table: Table) {
  const rows = await session.ask({
    text:
      'SELECT attname FROM pg_attribute JOIN pg_class AS class ON class.oid = attrelid ' +
      'JOIN pg_namespace AS space ON space.oid = class.relnamespace ' +
      'WHERE space.nspname = $1 AND class.relname = $2 AND attnum > 0 AND NOT attisdropped AND NOT attnotnull',
    parameters: [schema.name, table.dialect.identifier(table.plainName)],
  })
  const { quote } = table.dialect
  const mayBeNull = new Set(rows.map(([name]) => quote(String(name))))
  return columnsOf(table).filter(({ column, nullable }) => !nullable && mayBeNull.has(column))
}

/** True when nothing is missing. */
export async function isFinished(session: Session, schema: Schema, table: Table): Promise<boolean> {
  const objects = await objectsToMake(session, schema, table)
  return objects.length === 0 && (await columnsToRequire(session, schema, table)).length === 0
}

/** Whether the constraint is there that stands in while columns become required: one broken off has left it. */
export async function hasRequirement(session: Session, schema: Schema, table: Table): Promise<boolean> {
  const { dialect, plainName } = table
  const rows = await session.ask({
    text:
      'SELECT 1 FROM pg_constraint AS held JOIN pg_class AS class ON class.oid = held.conrelid ' +
      'JOIN pg_namespace AS space ON space.oid = class.relnamespace ' +
      'WHERE space.nspname = $1 AND class.relname = $2 AND held.conname = $3',
    parameters: [schema.name, dialect.identifier(plainName), requirement(table, []).constraint],
  })
  return rows.length > 0
}

/** The key that every row is behind: no tenant's name is empty. */
export const BEFORE_ALL: Key = { tenant: '', id: '' }
