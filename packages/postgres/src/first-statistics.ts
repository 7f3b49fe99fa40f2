/**
 * What the planner is told of a table before it has looked at one itself, which takes a minute or more.
 *
 * Without statistics it takes every condition for one that few rows fulfil: a tenant for one of two hundred,
 * and a row that was not deleted for one of two hundred too. So it expects a page to be a single row, sorts
 * whole tenants instead of reading them in the order of an index, and seeks keys in whatever index comes
 * first, and keeps such plans while the table grows. So it is told of one tenant that has all the rows, none
 * of them deleted or with a deadline: every index begins with the tenant, so what is right for the one is
 * right for many.
 */

import type { FieldType, FieldValue } from '@coffer/core/backend'
import { insertRow, type Table } from '@coffer/sql'
import type { Command } from './session.ts'

const EXAMPLES: Readonly<Record<FieldType, FieldValue>> = {
  text: '',
  integer: 0,
  number: 0,
  boolean: false,
  timestamp: 0,
  texts: [],
}

/** The commands, for a table that the same transaction has made and that has neither rows nor guards yet. */
export function firstStatistics(table: Table): readonly Command[] {
  const { name, meta, layout } = table
  const insert = insertRow(table)
  const row = {
    tenant: '',
    id: '',
    document: '{}',
    fields: layout.fields.map(({ type, nullable }) => (nullable ? null : EXAMPLES[type])),
    hash: null,
  }
  const state = { version: 1, createdAt: 0, updatedAt: 0, expiresAt: null, deletedAt: null }
  const tenants = `ALTER TABLE ${name} ALTER COLUMN ${meta._tenant}`
  return [
    { text: `${tenants} SET (n_distinct = 1)` },
    { text: insert.text, parameters: insert.parameters(row, state) },
    { text: `ANALYZE ${name} (${meta._tenant}, ${meta._expires_at}, ${meta._deleted_at})` },
    { text: `${tenants} RESET (n_distinct)` },
    // In a part of the transaction of its own, it makes the server forget how small the table was.
    { text: 'SAVEPOINT coffer_statistics' },
    { text: `TRUNCATE ${name}` },
    { text: 'RELEASE coffer_statistics' },
  ]
}
