/** Reads on one connection. */

import type {
  AggregateRow,
  Aggregation,
  CountQuestion,
  DocumentPage,
  Key,
  Layout,
  Page,
  Query,
  StoredRow,
} from '@coffer/core/backend'
import {
  aggregatedRow,
  aggregateStatement,
  countStatement,
  documentPageOf,
  documentParts,
  type PagePart,
  pageOf,
  queryParts,
  readTenants,
  type Statement,
  storedRow,
} from '@coffer/sql'
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
  const read = (part: Statement) => connection.all(part.text, part.parameters)
  return pageOf(table, query, readParts(connection, queryParts(table, query, at), query, read))
}

/** Answers one page of documents. */
export function readDocuments(
  connection: Connection,
  statementsOf: StatementsOf,
  layout: Layout,
  query: Query,
  at: number,
): DocumentPage {
  const { table } = statementsOf(layout)
  const read = (part: Statement) => connection.column(part.text, part.parameters)
  return documentPageOf(table, query, readParts(connection, documentParts(table, query, at), query, read))
}

/** The rows of a page and one more, from as many of its parts as it takes. */
function readParts<Row>(
  connection: Connection,
  parts: readonly PagePart[],
  { limit }: Query,
  read: (part: Statement) => readonly Row[],
): readonly Row[] {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return read(only(limit + 1))
  return fromOneSnapshot(connection, () => {
    const rows: Row[] = []
    for (const part of parts) {
      const wanted = limit + 1 - rows.length
      if (wanted === 0) break
      for (const row of read(part(wanted))) rows.push(row)
    }
    return rows
  })
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

/** Groups and measures the rows that match. */
export function aggregateRows(
  connection: Connection,
  statementsOf: StatementsOf,
  layout: Layout,
  aggregation: Aggregation,
  at: number,
): readonly AggregateRow[] {
  const { table } = statementsOf(layout)
  const { text, parameters } = aggregateStatement(table, aggregation, at)
  return connection.all(text, parameters).map((row) => aggregatedRow(table, aggregation, row))
}

/** The tenants that have rows, in text order. */
export function tenantsOf(
  connection: Connection,
  statementsOf: StatementsOf,
  layout: Layout,
): readonly string[] {
  return all(connection, readTenants(statementsOf(layout).table)).map(([tenant]) => String(tenant))
}
