/** How many rows there are by layout, and in which states. */

import { type Counting, compareText, isExpired, type LayoutSize, type RowStates } from '@coffer/core/backend'
import { rangeOf, walk } from './sorted-tree.ts'
import type { Table } from './table.ts'
import type { View } from './view.ts'

/** The sizes in text order; what they take in memory is not known. */
export function layoutSizes(view: View, counting: Counting | undefined): readonly LayoutSize[] {
  return [...view.tables()]
    .map((table) => ({
      layout: table.layout.name,
      rows: table.rows.size,
      isEstimate: false,
      bytes: null,
      ...(counting && { states: statesOf(table, counting.at) }),
    }))
    .sort((one, other) => compareText(one.layout, other.layout))
}

/** Goes over the rows with a deadline and those that are soft-deleted, all of them: they are in memory. */
function statesOf({ expiring, deleted }: Table, at: number): RowStates {
  const count = { expired: 0, deleted: 0, countedTo: undefined }
  for (const row of walk(expiring, rangeOf(''))) if (isExpired(row, at)) count.expired++
  for (const row of walk(deleted, rangeOf(''))) if (!isExpired(row, at)) count.deleted++
  return count
}
