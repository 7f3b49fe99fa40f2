/** One state of everything in the database, read page by page. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type HeldLayout,
  type Key,
  type Layout,
  type NewRow,
  type Snapshot,
  StoreError,
  type TenantFloor,
} from '@coffer/core/backend'
import { newRows, readRows, sqliteDialect, tableOf } from '@coffer/sql'
import { all, type Connection } from './connection.ts'
import { heldLayouts, type Schema } from './stored-schema.ts'

/** How many rows are read before the event loop goes on. */
const ROWS_AT_ONCE = 500

/** Runs the callback with what a connection sees, which stays at one state. */
export async function runSnapshot<T>(
  connection: Connection,
  schema: Schema,
  run: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const life = { hasEnded: false }
  const layouts: readonly HeldLayout[] = heldLayouts(connection, schema)
  const checkAlive = () => {
    if (!life.hasEnded) return
    throw new StoreError('TRANSACTION_CLOSED', 'the snapshot has ended', { backend: 'sqlite' })
  }
  try {
    return await run({
      layouts,
      async rows(layout, after, limit) {
        const rows: NewRow[] = []
        while (rows.length < limit) {
          const wanted = Math.min(ROWS_AT_ONCE, limit - rows.length)
          await nextTurn()
          checkAlive()
          const page = rowsBehind(connection, schema, layout, rows.at(-1) ?? after, wanted)
          rows.push(...page)
          if (page.length < wanted) break
        }
        return rows
      },
      async floors(layout, after, limit) {
        await nextTurn()
        checkAlive()
        return floorsBehind(connection, schema, layout, after, limit)
      },
    })
  } finally {
    life.hasEnded = true
  }
}

function rowsBehind(
  connection: Connection,
  { prefix }: Schema,
  layout: Layout,
  after: Key | undefined,
  limit: number,
): readonly NewRow[] {
  const table = tableOf(sqliteDialect, layout, prefix)
  return newRows(table, all(connection, readRows(table, after !== undefined), after, limit))
}

function floorsBehind(
  connection: Connection,
  { own }: Schema,
  layout: Layout,
  after: string | undefined,
  limit: number,
): readonly TenantFloor[] {
  const rows = all(connection, own.readFloors, layout.name, after, limit)
  return rows.map(([tenant, version]) => ({ tenant: String(tenant), version: Number(version) }))
}
