/** What the memory backend tells of its place. */

import type { Counting, Inspection } from '@coffer/core/backend'
import { layoutSizes } from './layout-sizes.ts'
import type { View } from './view.ts'

/** Looks at one state of all tables. */
export function inspectView(view: View, counting: Counting | undefined): Inspection {
  return {
    engine: 'memory',
    facts: { persistent: false },
    sizes: layoutSizes(view, counting),
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
