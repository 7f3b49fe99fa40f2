/** The document of a stored row, as a value. */

import { type Layout, StoreError } from '@coffer/core'
import type { NewRow } from '@coffer/core/backend'

/** Parses a document; one that is no JSON has been changed behind the store's back. */
export function documentOf({ document, id }: NewRow, { name }: Layout): unknown {
  try {
    return JSON.parse(document)
  } catch {
    throw new StoreError('CORRUPT', `${name}: a stored document is not JSON: coffer verify names it`, {
      collection: name,
      keys: [id],
    })
  }
}
