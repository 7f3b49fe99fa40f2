/** Sweeps and the rewriting of rows, inside a transaction that is already open on the connection. */

import type { Layout, Reindexed, Sweep } from '@coffer/core/backend'
import { layoutText, type OwnTables, reindexRow, sweptKeys, versionedKey } from '@coffer/sql'
import { all, type Connection, run } from './connection.ts'
import type { StatementsOf } from './layout-statements.ts'
import { withoutGuards } from './schema.ts'

/** Where maintenance works. */
export interface MaintenancePlace {
  readonly connection: Connection
  readonly statementsOf: StatementsOf
  readonly own: OwnTables
}

/** Removes at most `limit` rows and raises the floors of their tenants. */
export function sweepRows(
  { connection, statementsOf, own }: MaintenancePlace,
  layout: Layout,
  sweep: Sweep,
  limit: number,
  at: number,
): { removed: number; more: boolean } {
  const statements = statementsOf(layout)
  const isExpired = sweep.type === 'expired'
  const column = isExpired ? '_expires_at' : '_deleted_at'
  const until = isExpired ? at : sweep.deletedBefore
  const wanted = sweptKeys(statements.table, column, sweep.tenant !== undefined)
  const rows = all(connection, wanted, sweep.tenant, until, limit + 1)
  const floors = new Map<string, number>()
  const keys = rows.slice(0, limit).map(versionedKey)
  for (const key of keys) {
    run(connection, statements.delete, key)
    floors.set(key.tenant, Math.max(key.version, floors.get(key.tenant) ?? 0))
  }
  for (const [tenant, version] of floors) run(connection, own.raiseFloor, layout.name, tenant, version)
  return { removed: keys.length, more: rows.length > limit }
}

/** Rewrites rows that still have their version; afterwards, where `finished`, marks the layout as done. */
export function reindexRows(
  { connection, statementsOf, own }: MaintenancePlace,
  layout: Layout,
  rows: readonly Reindexed[],
  finished: boolean,
): void {
  const { table } = statementsOf(layout)
  const statement = reindexRow(table)
  const rewriteAll = () => {
    for (const row of rows) run(connection, statement, row)
  }
  if (rows.length > 0 && layout.appendOnly) withoutGuards(connection, table, rewriteAll)
  else rewriteAll()
  if (finished) run(connection, own.finishReindex, layout.name, layoutText(layout))
}
