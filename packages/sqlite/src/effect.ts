/** What writes do to the room on the disk. */

import type { Group } from '@coffer/core/backend'

/** Whether all of a write removes records, which must be possible on a full disk, or some of it stores. */
export type Effect = 'removes' | 'stores'

/** About how many pages an operation writes, without its document. */
export const PAGES_OF_OPERATION = 2

const PAGE_BYTES = 4_096

/** What all groups together do. */
export function effectOf(groups: readonly Group[]): Effect {
  const removes = groups.every(({ operations }) => operations.every(({ type }) => type === 'delete'))
  return removes ? 'removes' : 'stores'
}

/** About how many pages the groups write. */
export function pagesOf(groups: readonly Group[]): number {
  let pages = 0
  for (const { operations } of groups) {
    for (const operation of operations) {
      pages += PAGES_OF_OPERATION
      if (operation.type === 'put') pages += pagesOfText(operation.document)
    }
  }
  return pages
}

/** About how many pages a document takes. */
export function pagesOfText(document: string): number {
  return document.length / PAGE_BYTES
}
