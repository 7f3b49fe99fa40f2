/** Rows in small batches, for what does without the care that `@coffer/backup` takes. */

import type { BaseStore, Layout, Snapshot } from '@coffer/core'
import type { NewRow } from '@coffer/core/backend'

const BATCH_ROWS = 200

/** The rows of a layout from a place on, in batches. */
export async function* batchesOf(
  snapshot: Pick<Snapshot, 'rows'>,
  layout: Layout,
  limit = BATCH_ROWS,
): AsyncGenerator<readonly NewRow[]> {
  let after: NewRow | undefined
  do {
    const rows: readonly NewRow[] = await snapshot.rows(layout, after, limit)
    after = rows.length < limit ? undefined : rows.at(-1)
    if (rows.length > 0) yield rows
  } while (after !== undefined)
}

/** Each batch as another instant has it: what a program reads that knows nothing of snapshots. */
export function withoutSnapshot(store: BaseStore): Pick<Snapshot, 'rows'> {
  return {
    rows: (layout, after, limit) => store.place().snapshot((snapshot) => snapshot.rows(layout, after, limit)),
  }
}

/** Removes what a layout has. */
export async function removeAll(store: BaseStore, layout: Layout): Promise<void> {
  for await (const rows of batchesOf(withoutSnapshot(store), layout)) {
    const remove = rows.map(({ tenant, id }) => ({ tenant, id }))
    await store.place().merge(layout, { put: [], remove, floors: [] })
  }
}
