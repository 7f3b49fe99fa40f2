/** A copy as it is known to go wrong: it counts what the target has, and goes on behind so many rows. */

import type { BaseStore, Layout } from '@coffer/core'
import { batchesOf, withoutSnapshot } from './row-batches.ts'

/** @param onBatch called when a part of it is there. @returns nothing to be compared with */
export async function naiveCopy(
  source: BaseStore,
  target: BaseStore,
  onBatch: () => void,
): Promise<undefined> {
  await source.place().snapshot(async (snapshot) => {
    await target.place().make(snapshot.layouts.map(({ layout }) => layout))
    for (const { layout } of snapshot.layouts) {
      let passed = await rowsIn(target, layout)
      for await (const rows of batchesOf(snapshot, layout)) {
        const put = rows.slice(passed)
        passed = Math.max(0, passed - rows.length)
        if (put.length === 0) continue
        await target.place().merge(layout, { put, remove: [], floors: [] })
        onBatch()
      }
    }
  })
}

async function rowsIn(store: BaseStore, layout: Layout): Promise<number> {
  let count = 0
  for await (const rows of batchesOf(withoutSnapshot(store), layout)) count += rows.length
  return count
}
