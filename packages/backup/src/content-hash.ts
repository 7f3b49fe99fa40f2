/** One hash over all that a store holds. */

import type { BaseStore, Layout, Snapshot } from '@coffer/core'
import { hashOfContents, type LayoutDigest, LayoutDigester } from './content-digest.ts'
import { documentOf } from './document.ts'
import { floorPages, rowPages } from './pages.ts'

/** What `contentHash` takes. */
export interface ContentHashOptions {
  /** Called after every page with the rows that were read so far. */
  readonly onProgress?: (rows: number) => void
  readonly signal?: AbortSignal
}

/**
 * The hex SHA-256 of everything that a store holds at one instant: all rows of all tenants with versions, times
 * and fields, and the floors. It is the same on every backend, so it tells whether two stores hold the same.
 * Reads everything, in bounded memory.
 *
 * @throws `UNSUPPORTED` where the backend can't read whole places
 */
export function contentHash(
  store: BaseStore,
  { onProgress = () => undefined, signal }: ContentHashOptions = {},
): Promise<string> {
  return store.place().snapshot(async (snapshot) => {
    const digests: LayoutDigest[] = []
    let rows = 0
    for (const { layout } of snapshot.layouts) {
      digests.push(
        await digestOf(snapshot, layout, signal, (count) => {
          rows += count
          onProgress(rows)
        }),
      )
    }
    return hashOfContents(digests)
  })
}

/** What one layout of a snapshot comes to. */
export async function digestOf(
  snapshot: Snapshot,
  layout: Layout,
  signal: AbortSignal | undefined,
  onRows: (count: number) => void,
): Promise<LayoutDigest> {
  const digester = new LayoutDigester(layout)
  for await (const page of rowPages(snapshot, layout, signal)) {
    for (const row of page) digester.row(row, documentOf(row, layout))
    onRows(page.length)
  }
  for await (const page of floorPages(snapshot, layout)) {
    for (const floor of page) digester.floor(floor)
  }
  return digester.end()
}
