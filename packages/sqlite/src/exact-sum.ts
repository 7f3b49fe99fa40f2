/** The aggregate that the dialect's sums are made of. */

import { ExactSum } from '@coffer/core/backend'
import { SQLITE_EXACT_SUM } from '@coffer/sql'
import type { Database } from 'better-sqlite3'

/** Makes exact sums known to a connection; nothing of it is stored in the database. */
export function addExactSum(database: Database): void {
  database.aggregate<unknown>(SQLITE_EXACT_SUM, {
    deterministic: true,
    start: () => new ExactSum(),
    step: (sum, value) => {
      if (value !== null) (sum as ExactSum).add(Number(value))
    },
    result: (sum) => (sum as ExactSum).toText(),
  })
}
