/** Walks over a snapshot in pages that are fetched ahead, as large as memory allows. */

import type { Layout, Snapshot, TenantFloor } from '@coffer/core'
import type { NewRow } from '@coffer/core/backend'
import { throwIfAborted } from './abort.ts'

/** What a page may come to, in characters. */
const PAGE_LENGTH = 1_024 * 1_024
const FIRST_LIMIT = 16
const MAX_LIMIT = 250
/** So much larger than the page before a page may be: what comes next may be larger rows. */
const GROWTH = 4

/** The rows of a layout. The next page is on its way while one is worked on. */
export async function* rowPages(
  snapshot: Pick<Snapshot, 'rows'>,
  layout: Layout,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly NewRow[]> {
  let limit = FIRST_LIMIT
  let coming = ahead(snapshot.rows(layout, undefined, limit))
  try {
    for (;;) {
      const page = await coming
      throwIfAborted(signal)
      const last = page.at(-1)
      if (last === undefined) return
      const isLast = page.length < limit
      limit = nextLimit(limit, page)
      coming = isLast ? Promise.resolve([]) : ahead(snapshot.rows(layout, last, limit))
      yield page
    }
  } finally {
    // A snapshot must not end under a question.
    await coming.catch(() => undefined)
  }
}

/** A failure of what was asked ahead is told when it is its turn. */
function ahead<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

function nextLimit(limit: number, page: readonly NewRow[]): number {
  const length = page.reduce((sum, { document }) => sum + document.length + 200, 0)
  const fitting = Math.floor((PAGE_LENGTH * page.length) / length)
  return Math.max(1, Math.min(MAX_LIMIT, limit * GROWTH, fitting))
}

/** The floors of a layout. */
export async function* floorPages(
  snapshot: Snapshot,
  layout: Layout,
): AsyncGenerator<readonly TenantFloor[]> {
  let after: string | undefined
  for (;;) {
    const page = await snapshot.floors(layout, after, MAX_LIMIT)
    if (page.length > 0) yield page
    if (page.length < MAX_LIMIT) return
    after = page.at(-1)?.tenant
  }
}
