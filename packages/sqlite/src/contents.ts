/** All that the database holds for a store, as rows. */

import type { Contents, Key, Layout, Merge } from '@coffer/core/backend'
import { putRow, schemaOf, sqliteDialect, type Table, tableOf } from '@coffer/sql'
import { type Connection, get, run } from './connection.ts'
import { type Effect, PAGES_OF_OPERATION, pagesOfText } from './effect.ts'
import type { StatementsOf } from './layout-statements.ts'
import { copyDatabase } from './native-backup.ts'
import { runReplacement } from './replacement.ts'
import { withoutGuards } from './schema.ts'
import { runSnapshot } from './snapshot.ts'
import { heldLayouts, type Schema } from './stored-schema.ts'
import type { TransactionRoom } from './transaction-room.ts'

/** Synchronous work for one transaction of the writer. It may be run twice, for nothing stays of a failed run. */
export interface Work<T> {
  readonly run: (writer: Connection) => T
  readonly effect: () => Effect
  /** About how many pages it writes. */
  readonly pages: () => number
}

/** How the contents reach the database. */
export interface ContentsDoor {
  readonly schema: Schema
  readonly statementsOf: StatementsOf
  /** Reads what is committed. */
  reading<T>(work: (reader: Connection) => T): Promise<T>
  writing<T>(work: Work<T>): Promise<T>
  /** Works beside everybody else, on a connection of its own that stays at one state. */
  beside<T>(work: (connection: Connection) => Promise<T>): Promise<T>
  /** Works in a transaction of the writer, which the work ends. */
  replacing<T>(work: (writer: Connection, room: TransactionRoom | undefined) => Promise<T>): Promise<T>
}

/** The contents of one database. */
export function contentsOf(door: ContentsDoor): Contents {
  const { schema, statementsOf } = door
  return {
    layouts: () => door.reading((reader) => heldLayouts(reader, schema)),
    snapshot: (work) => door.beside((connection) => runSnapshot(connection, schema, work)),
    replace: (replacement, work) =>
      door.replacing((connection, room) => runReplacement({ connection, schema, room }, replacement, work)),
    merge: (layout, merge) =>
      door.writing({
        run: (writer) => mergeRows(writer, schema, statementsOf, layout, merge),
        effect: () => (merge.put.length === 0 ? 'removes' : 'stores'),
        pages: () => pagesOf(merge),
      }),
    statements: (held, wanted) => statementsBetween(schema, held, wanted),
    async nativeBackup(path, { signal } = {}) {
      await door.beside((connection) => copyDatabase(connection, path, signal))
      return 'sqlite'
    },
  }
}

function mergeRows(
  connection: Connection,
  { own }: Schema,
  statementsOf: StatementsOf,
  layout: Layout,
  { put, remove, floors }: Merge,
): void {
  const statements = statementsOf(layout)
  const putting = putRow(statements.table)
  const changeAll = () => {
    for (const row of put) run(connection, putting, row)
    for (const key of remove) run(connection, statements.delete, key)
  }
  const keys = [...put, ...remove]
  const isThere = (key: Key) => get(connection, statements.state, key) !== undefined
  const areDistinct = () => new Set(keys.map(({ tenant, id }) => `${tenant}\0${id}`)).size === keys.length
  // What is only added passes the guards, and asks for no change of the schema.
  if (layout.appendOnly && (keys.some(isThere) || !areDistinct())) {
    withoutGuards(connection, statements.table, changeAll)
  } else changeAll()
  for (const { tenant, version } of floors) run(connection, own.raiseFloor, layout.name, tenant, version)
}

function statementsBetween({ prefix }: Schema, held: Layout | undefined, wanted: Layout): readonly string[] {
  const table = tableOf(sqliteDialect, wanted, prefix)
  if (held !== undefined) return sqliteDialect.schema.change(table, tableOf(sqliteDialect, held, prefix))
  return makingOf(table)
}

function makingOf(made: Table): readonly string[] {
  const { table, around, guards } = schemaOf(made)
  return [table.create, ...around.map((object) => object.create), ...guards.create]
}

function pagesOf({ put, remove, floors }: Merge): number {
  const operations = put.length + remove.length + floors.length
  const documents = put.reduce((sum, { document }) => sum + pagesOfText(document), 0)
  return operations * PAGES_OF_OPERATION + documents
}
