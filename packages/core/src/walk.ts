/** Walks all rows that a question means, page by page, holding nothing open between two pages. */

import type { Page } from './backend.ts'
import { ID_FIELD } from './layout.ts'
import type { Query } from './predicate.ts'
import type { StoredRow } from './row.ts'

/** A question without what the walk itself decides: by key unless it says otherwise, from the start to the end. */
export type Walk = Omit<Query, 'after' | 'offset' | 'order'> & Partial<Pick<Query, 'order'>>

/** The rows in pages of `limit`; no page is empty. Rows of a page that was seen may be removed meanwhile. */
export function walkPages(
  ask: (query: Query) => Promise<Page>,
  walk: Walk,
): AsyncGenerator<readonly StoredRow[]> {
  return walkBy(ask, walk, walk.limit, (limit) => limit)
}

/** The rows of the first page of a walk that is bounded by bytes: nothing is known of the documents yet. */
const FIRST_ROWS = 4
/** What the documents of one page should have at most, in characters. */
const PAGE_CHARACTERS = 8 * 1_024 * 1_024

/**
 * As `walkPages`, for documents of any size: pages grow to `limit` while documents are small, and shrink where
 * the page before shows large ones.
 */
export function walkBoundedPages(
  ask: (query: Query) => Promise<Page>,
  walk: Walk,
): AsyncGenerator<readonly StoredRow[]> {
  return walkBy(ask, walk, Math.min(FIRST_ROWS, walk.limit), (limit, rows) => {
    const characters = rows.reduce((sum, row) => sum + row.document.length, 0)
    const fitting = Math.floor((PAGE_CHARACTERS * rows.length) / Math.max(characters, 1))
    return Math.max(1, Math.min(walk.limit, limit * 2, fitting))
  })
}

async function* walkBy(
  ask: (query: Query) => Promise<Page>,
  walk: Walk,
  first: number,
  nextLimit: (limit: number, rows: readonly StoredRow[]) => number,
): AsyncGenerator<readonly StoredRow[]> {
  const order = walk.order ?? [{ field: ID_FIELD, direction: 'asc' }]
  let after: Query['after']
  let limit = first
  do {
    const page = await ask({ ...walk, limit, order, after, offset: 0 })
    if (page.rows.length > 0) yield page.rows
    limit = nextLimit(limit, page.rows)
    after = page.next
  } while (after !== undefined)
}
