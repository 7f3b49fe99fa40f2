/** How a transaction begins and commits. */

import type { TenantCommand } from './confine.ts'
import type { Place } from './place.ts'
import type { Session } from './session.ts'

/** The commands that begin a serializable transaction with its bounds. */
export function beginWriting({ connections }: Place): readonly TenantCommand[] {
  return connections.begin('SERIALIZABLE').map((command) => ({ command, tenant: undefined }))
}

/** Commits. @throws `TRANSACTION_ABORTED` when nothing was committed, `OUTCOME_UNKNOWN` when nobody can tell */
export async function commit(session: Session): Promise<void> {
  await session.run([{ text: 'COMMIT' }], { commits: true })
}
