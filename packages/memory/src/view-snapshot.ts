/** All that a view holds, as rows. */

import {
  compareText,
  type HeldLayout,
  type Key,
  type Layout,
  type NewRow,
  type Snapshot,
  type TenantFloor,
} from '@coffer/core/backend'
import { ABOVE, keyOf, type SortedTree, walk } from './sorted-tree.ts'
import { ownCopy, type Table } from './table.ts'
import type { View } from './view.ts'

/** The view's state. The rows that it answers are copies: those that are kept must stay as they are. */
export function snapshotOf(view: View): Snapshot {
  return {
    layouts: heldLayouts(view.tables()),
    rows: async (layout: Layout, after: Key | undefined, limit: number): Promise<readonly NewRow[]> =>
      firstBehind(view.table(layout.name).rows, after && keyOf([after.tenant, after.id]), limit).map(ownCopy),
    floors: async (layout: Layout, after: string | undefined, limit: number) => {
      const floors = firstBehind(
        view.table(layout.name).floors,
        after === undefined ? undefined : keyOf([after]),
        limit,
      )
      return floors.map(({ tenant, floor }): TenantFloor => ({ tenant, version: floor }))
    },
  }
}

/** The layouts of tables, in text order of their names. */
function heldLayouts(tables: Iterable<Table>): readonly HeldLayout[] {
  return [...tables]
    .map(({ layout, stale }) => ({ layout: { ...layout, history: undefined }, stale }))
    .sort((one, other) => compareText(one.layout.name, other.layout.name))
}

function firstBehind<V>(tree: SortedTree<V>, after: string | undefined, limit: number): readonly V[] {
  const values: V[] = []
  if (limit < 1) return values
  for (const value of walk(tree, { from: after === undefined ? '' : after + ABOVE, to: ABOVE })) {
    values.push(value)
    if (values.length === limit) break
  }
  return values
}
