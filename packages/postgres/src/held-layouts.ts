/** The layouts that the database holds, as others are told of them. */

import { compareText, type HeldLayout, StoreError } from '@coffer/core/backend'
import { parseLayout } from '@coffer/sql'
import type { StoredLayout } from './schema-state.ts'

/** Reads what is stored, in text order of the names. @throws `CORRUPT` when one can't be read */
export function heldLayouts(stored: ReadonlyMap<string, StoredLayout>): readonly HeldLayout[] {
  return [...stored]
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, { text, reindexed }]) => {
      const layout = parseLayout(name, text)
      if (layout !== undefined) return { layout, stale: !reindexed }
      const message = `what _coffer_layouts says of the table ${name} can not be read: restore a backup`
      throw new StoreError('CORRUPT', message, { backend: 'postgresql' })
    })
}
