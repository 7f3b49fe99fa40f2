/** What is done to rows behind the backs of their users: sweeping, rewriting and merging. */

import type { Key, Layout, Merge, Reindexed, Sweep } from '@coffer/core/backend'
import { appendOnly } from './apply-group.ts'
import { ABOVE, keyOf, walk } from './sorted-tree.ts'
import { ownCopy, type Row, tenantsOf } from './table.ts'
import type { RowChange, Tables } from './tables.ts'

/**
 * Removes rows past their deadline, or deleted up to an instant, tenant by tenant, and raises the
 * floors to their versions. Costs as much as the rows removed and the tenants that have such rows to come.
 *
 * @throws StoreError `UNSUPPORTED` for an append-only layout
 */
export function sweepRows(
  tables: Tables,
  layout: Layout,
  sweep: Sweep,
  limit: number,
  at: number,
  journal: RowChange[],
): { removed: number; more: boolean } {
  if (layout.appendOnly) throw appendOnly(layout)
  const table = tables.table(layout.name)
  const tree = sweep.type === 'expired' ? table.expiring : table.deleted
  const until = sweep.type === 'expired' ? at : sweep.deletedBefore
  const rows: Row[] = []
  for (const tenant of sweep.tenant === undefined ? tenantsOf(tree) : [sweep.tenant]) {
    for (const row of walk(tree, { from: keyOf([tenant]), to: keyOf([tenant, until]) + ABOVE })) {
      rows.push(row)
      if (rows.length > limit) break
    }
    if (rows.length > limit) break
  }
  const removed = rows.slice(0, limit)
  for (const row of removed) tables.change(layout, row, undefined, row.version, journal)
  return { removed: removed.length, more: rows.length > limit }
}

/** Replaces the content of rows that still have the version given; see `Backend.reindex`. */
export function reindexRows(
  tables: Tables,
  layout: Layout,
  rows: readonly Reindexed[],
  journal: RowChange[],
): void {
  const { schemaVersion } = layout
  for (const { tenant, id, version, document, fields, hash } of rows) {
    const row = tables.table(layout.name).get({ tenant, id })
    if (row?.version !== version) continue
    tables.change(layout, row, { ...row, document, fields, hash, schemaVersion }, 0, journal)
  }
}

/** Puts and removes rows as they are, and raises floors; see `Contents.merge`. */
export function mergeRows(tables: Tables, layout: Layout, merge: Merge, journal: RowChange[]): void {
  const rowAt = (key: Key) => tables.table(layout.name).get(key)
  for (const row of merge.put) tables.change(layout, rowAt(row), ownCopy(row), 0, journal)
  for (const key of merge.remove) tables.change(layout, rowAt(key), undefined, 0, journal)
  for (const { tenant, version } of merge.floors) tables.raiseFloor(layout, tenant, version, journal)
}
