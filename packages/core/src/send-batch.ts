/** One batch of writes on its way to the backend. */

import type { Backend } from './backend.ts'
import { toStoreError } from './failure.ts'
import { observeBatch } from './observe.ts'
import type { Group, Outcome } from './operation.ts'
import type { Waited } from './write-queue.ts'

/** Writes the groups in one commit and tells of it; a failure is named. */
export function sendBatch(
  backend: Backend,
  groups: readonly Group[],
  at: number,
  { waiting, since }: Waited,
): Promise<readonly Outcome[]> {
  const operations = groups.reduce((sum, group) => sum + group.operations.length, 0)
  return observeBatch(
    { backend: backend.name, groups: groups.length, operations, waiting },
    since,
    async () => {
      try {
        return await backend.write(groups, at)
      } catch (cause) {
        throw toStoreError(cause, backend)
      }
    },
  )
}
