/** A restore as it is known to go wrong: it puts row after row over what is there. */

import { restore } from '@coffer/backup'
import { type BaseStore, createStore } from '@coffer/core'
import { memory } from '@coffer/memory'
import { batchesOf, removeAll } from './row-batches.ts'

/** @param onBatch called when a part of it is there; what follows waits for it */
export async function naiveRestore(
  path: string,
  store: BaseStore,
  onBatch: () => Promise<void>,
): Promise<void> {
  await using archive = createStore({ backend: memory() })
  await restore(path, archive)
  await archive.place().snapshot(async (snapshot) => {
    await store.place().make(snapshot.layouts.map(({ layout }) => layout))
    for (const { layout } of snapshot.layouts) {
      await removeAll(store, layout)
      for await (const put of batchesOf(snapshot, layout)) {
        await store.place().merge(layout, { put, remove: [], floors: [] })
        await onBatch()
      }
    }
  })
}
