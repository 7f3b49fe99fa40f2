/** What the memory backend tells of its place. */

import { compareText, type Inspection } from '@coffer/core/backend'
import type { View } from './view.ts'

/** Counts rows by layout; what they take in memory is not known. */
export function inspectView(view: View): Inspection {
  const sizes = [...view.tables()].map(({ layout, rows }) => ({
    layout: layout.name,
    rows: rows.size,
    isEstimate: false,
    bytes: null,
  }))
  return {
    engine: 'memory',
    facts: { persistent: false },
    sizes: sizes.sort((one, other) => compareText(one.layout, other.layout)),
    bytes: null,
    clock: null,
    checks: [
      {
        topic: 'durability',
        state: 'warning',
        says: 'everything is in memory alone, and is lost when the store is closed or its process ends',
        advice:
          'keep what has to stay in another backend, such as sqlite, or back it up while the store is open',
      },
    ],
  }
}
