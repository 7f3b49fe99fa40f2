/**
 * Replacing everything that a store has in a database, in one transaction. It is long, and what it writes is twice on
 * the disk for a while: in the log, and then in the database.
 *
 * Indexes are made when all rows are there. Measured with 1,000,000 rows and three indexes: 14 seconds instead of 45,
 * and a log of the size of the database either way. Making one index is one statement, which blocks the thread for
 * one or two seconds then; loading lets the event loop go on every few milliseconds.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Layout, type Loader, type NewRow, type Replacement, StoreError } from '@coffer/core/backend'
import { addRow, layoutText, sqliteDialect, tableOf } from '@coffer/sql'
import { type Connection, commit, noteFailure, rollback, run } from './connection.ts'
import { isThereAlready } from './error-code.ts'
import { createTable, surroundings } from './schema.ts'
import { makeOwnTables, objectNames, type Schema, storedLayouts } from './stored-schema.ts'
import type { TransactionRoom } from './transaction-room.ts'

/** How many rows are added before the event loop goes on. */
const ROWS_AT_ONCE = 500

/** Where everything is replaced. */
export interface ReplacementPlace {
  readonly connection: Connection
  readonly schema: Schema
  /** The room on its disk, where there is one. */
  readonly room: TransactionRoom | undefined
}

/**
 * Replaces everything in the transaction that is open on the connection, and ends it.
 *
 * @throws what the callback threw, after undoing everything; `TRANSACTION_ABORTED` when a statement of the loader
 *   failed and the callback went on as if it had not
 */
export async function runReplacement<T>(
  { connection, schema, room }: ReplacementPlace,
  { layouts, onlyIfEmpty }: Replacement,
  load: (loader: Loader) => Promise<T>,
): Promise<T> {
  const life: LoaderLife = { hasEnded: false, failure: undefined }
  try {
    if (onlyIfEmpty) checkEmpty(connection, schema)
    room?.beforeWrite('stores')
    dropAll(connection, schema)
    for (const { layout, stale } of layouts) {
      createTable(connection, tableOf(sqliteDialect, layout, schema.prefix))
      run(connection, schema.own.writeLayout, layout.name, layoutText(layout), !stale)
    }
    const result = await load(loaderInto(connection, schema, life))
    life.hasEnded = true
    for (const { layout } of life.failure === undefined ? layouts : []) {
      for (const statement of surroundings(tableOf(sqliteDialect, layout, schema.prefix))) {
        await nextTurn()
        connection.execute(statement)
      }
    }
    if (life.failure !== undefined || !connection.inTransaction) throw aborted(life.failure?.cause)
    room?.beforeCommit()
    commit(connection)
    return result
  } catch (error) {
    noteFailure(connection, error)
    throw error
  } finally {
    life.hasEnded = true
    rollback(connection)
  }
}

interface LoaderLife {
  hasEnded: boolean
  failure: { readonly cause: unknown } | undefined
}

function loaderInto(connection: Connection, { prefix, own }: Schema, life: LoaderLife): Loader {
  /** Works through the items piece by piece, and lets the event loop go on before each. */
  const inPieces = async <Item>(layout: Layout, items: readonly Item[], add: (item: Item) => void) => {
    for (let start = 0; start < items.length; start += ROWS_AT_ONCE) {
      await nextTurn()
      checkAlive(connection, life)
      try {
        for (const item of items.slice(start, start + ROWS_AT_ONCE)) add(item)
      } catch (error) {
        noteFailure(connection, error)
        const cause = isThereAlready(error) ? rowTwice(layout, error) : error
        life.failure ??= { cause }
        throw cause
      }
    }
  }
  return {
    async rows(layout, rows) {
      const statement = addRow(tableOf(sqliteDialect, layout, prefix))
      await inPieces<NewRow>(layout, rows, (row) => void run(connection, statement, row))
    },
    async floors(layout, floors) {
      await inPieces(layout, floors, ({ tenant, version }) => {
        run(connection, own.raiseFloor, layout.name, tenant, version)
      })
    },
  }
}

function checkAlive(connection: Connection, life: LoaderLife): void {
  if (life.hasEnded) {
    throw new StoreError('TRANSACTION_CLOSED', 'the replacement has ended', { backend: 'sqlite' })
  }
  if (!connection.inTransaction) throw aborted(life.failure?.cause)
}

function rowTwice({ name }: Layout, cause: unknown): StoreError {
  return new StoreError('ALREADY_EXISTS', `two rows of ${name} have one key: load each once`, {
    backend: 'sqlite',
    cause,
  })
}

/** Only names are needed, so that what is damaged can be looked at, and replaced. */
function checkEmpty(connection: Connection, { own, prefix }: Schema): void {
  const names = objectNames(connection)
  for (const name of storedLayouts(connection, own, names).keys()) {
    const table = `${prefix}${name}`
    if (!names.has(table.toLowerCase())) continue
    const any = connection.get(`SELECT 1 FROM ${sqliteDialect.quote(table)} LIMIT 1`, [])
    if (any === undefined) continue
    throw new StoreError('ALREADY_EXISTS', `the database is not empty: ${name} has records`, {
      backend: 'sqlite',
    })
  }
}

/** Drops the tables of all layouts with the side tables. Their indexes and triggers go with them. */
function dropAll(connection: Connection, schema: Schema): void {
  const { prefix } = schema
  makeOwnTables(connection, schema)
  const tables = connection.column(`SELECT name FROM sqlite_schema WHERE type = 'table'`, []).map(String)
  for (const name of storedLayouts(connection, schema.own, objectNames(connection)).keys()) {
    const own = `${prefix}${name}`
    // No name of a collection has a `$`: what begins so is a side table.
    const dropped = tables.filter((table) => table === own || table.startsWith(`${own}$`))
    for (const table of dropped) connection.execute(`DROP TABLE ${sqliteDialect.quote(table)}`)
  }
  run(connection, schema.own.clearLayouts)
  run(connection, schema.own.clearFloors)
}

function aborted(cause: unknown): StoreError {
  return new StoreError('TRANSACTION_ABORTED', 'a statement failed and the replacement was undone', {
    backend: 'sqlite',
    cause,
  })
}
