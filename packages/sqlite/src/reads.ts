/** Reads on one connection. */

import type { CountQuestion, Key, Layout, Page, Query, StoredRow } from '@coffer/core/backend'
import { countStatement, pageOf, queryParts, type RawRow, readTenants, storedRow } from '@coffer/sql'
import { all, type Connection, get, rollback } from './connection.ts'
import type { StatementsOf } from './layout-statements.ts'

/** Reads by key, one answer per key in their order. Several keys are read from one snapshot. */
export function readKeys(
  connection: Connection,
  statementsOf: StatementsOf,
  layout: Layout,
  keys: readonly Key[],
): readonly (StoredRow | undefined)[] {
  const { read } = statementsOf(layout)
  const readOne = (key: Key) => {
    const row = get(connection, read, key)
    return row === undefined ? undefined : storedRow(key.tenant, row)
  }
  const readAll = () => keys.map(readOne)
  return keys.length < 2 ? readAll() : fromOneSnapshot(connection, readAll)
}

function fromOneSnapshot<T>(connection: Connection, read: () => T): T {
  if (connection.inTransaction) return read()
  connection.run('BEGIN', [])
  try {
    const answer = read()
    connection.run('COMMIT', [])
    return answer
  } finally {
    rollback(connection)
  }
}

/** Answers one page. */
export function readPage(
  connection: Connection,
  statementsOf: StatementsOf,
  layout: Layout,
  query: Query,
  at: number,
): Page {
  const { table } = statementsOf(layout)
  const parts = queryParts(table, query, at)
  const readParts = () => {
    const rows: RawRow[] = []
    for (const part of parts) {
      const wanted = query.limit + 1 - rows.length
      if (wanted === 0) break
      const { text, parameters } = part(wanted)
      for (const row of connection.all(text, parameters)) rows.push(row)
    }
    return rows
  }
  return pageOf(table, query, parts.length === 1 ? readParts() : fromOneSnapshot(connection, readParts))
}

/** Counts the rows that match. */
export function countRows(
  connection: Connection,
  statementsOf: StatementsOf,
  layout: Layout,
  question: CountQuestion,
  at: number,
): number {
  const { text, parameters } = countStatement(statementsOf(layout).table, question, at)
  return Number(connection.get(text, parameters)?.[0])
}

/** The tenants that have rows, in text order. */
export function tenantsOf(
  connection: Connection,
  statementsOf: StatementsOf,
  layout: Layout,
): readonly string[] {
  return all(connection, readTenants(statementsOf(layout).table)).map(([tenant]) => String(tenant))
}
