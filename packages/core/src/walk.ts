/** Walks all rows that a question means, page by page, holding nothing open between two pages. */

import type { Page } from './backend.ts'
import { ID_FIELD } from './layout.ts'
import type { Query } from './predicate.ts'
import type { StoredRow } from './row.ts'

/** A question without what the walk itself decides: by key unless it says otherwise, from the start to the end. */
export type Walk = Omit<Query, 'after' | 'offset' | 'order'> & Partial<Pick<Query, 'order'>>

/** The rows in pages of `limit`; no page is empty. Rows of a page that was seen may be removed meanwhile. */
export async function* walkPages(
  ask: (query: Query) => Promise<Page>,
  walk: Walk,
): AsyncGenerator<readonly StoredRow[]> {
  const order = walk.order ?? [{ field: ID_FIELD, direction: 'asc' }]
  let after: Query['after']
  do {
    const page = await ask({ ...walk, order, after, offset: 0 })
    if (page.rows.length > 0) yield page.rows
    after = page.next
  } while (after !== undefined)
}
