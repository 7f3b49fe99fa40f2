/** Reading a table by its key, whatever the planner thinks of it. */

import type { Command } from './session.ts'

/** Without statistics, and behind row-level security, it would rather read or sort all rows for each page. */
export function walkByKey(scope: 'LOCAL' | 'SESSION'): readonly Command[] {
  return ['seqscan', 'bitmapscan', 'sort'].map((way) => ({ text: `SET ${scope} enable_${way} = off` }))
}
