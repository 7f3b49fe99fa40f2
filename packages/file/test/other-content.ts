/** What everything in a directory is replaced by. */

import type { Store } from '@coffer/core'
import type { HeldLayout, Loader, NewRow } from '@coffer/core/backend'
import { idsIn, note, plain, storeAt, temporaryPath } from './stores.ts'

/** All that a place holds, to fill another with. */
export interface Content {
  readonly layouts: readonly HeldLayout[]
  readonly rows: readonly { readonly held: HeldLayout; readonly rows: readonly NewRow[] }[]
}

/** All that a store with some records of another kind holds. */
export async function otherContent(count = 3): Promise<Content> {
  const store = storeAt(temporaryPath())
  for (let index = 0; index < count; index++) await store.collection(plain).put(note(`other${index}`))
  return store.place().snapshot(async ({ layouts, rows }) => ({
    layouts,
    rows: await Promise.all(
      layouts.map(async (held) => ({ held, rows: await rows(held.layout, undefined, 1_000) })),
    ),
  }))
}

/** Loads all of a content. */
export async function load(loader: Loader, { rows }: Content): Promise<void> {
  for (const each of rows) await loader.rows(each.held.layout, each.rows)
}

/** Replaces everything in a store by a content. */
export function replaceIn(
  store: Store<Record<never, never>>,
  content: Content,
  onlyIfEmpty = false,
): Promise<void> {
  return store.place().replace({ layouts: content.layouts, onlyIfEmpty }, (loader) => load(loader, content))
}

/** The ids that are in a directory when it is opened anew. */
export function idsAt(basePath: string): Promise<readonly string[]> {
  return idsIn(storeAt(basePath).collection(plain))
}

/** The ids of `otherContent()`. */
export const OTHERS = ['other0', 'other1', 'other2']
