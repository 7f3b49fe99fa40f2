/** How a transaction begins, commits and is undone. */

import type { TenantCommand } from './confine.ts'
import { type Place, runWithin } from './place.ts'
import type { Answer, Command, RunOptions, Session } from './session.ts'

/** The commands that begin a serializable transaction with its bounds. */
export function beginWriting({ connections }: Place): readonly Command[] {
  return connections.begin('SERIALIZABLE')
}

/**
 * Commits, after some last commands. @throws `TRANSACTION_ABORTED` when nothing was committed, `OUTCOME_UNKNOWN`
 * when nobody can tell
 */
export async function commit(session: Session, last: readonly Command[] = []): Promise<void> {
  await session.run([...last, { text: 'COMMIT' }], { commits: true })
}

/** Undoes the transaction that is open, if any; one on a lost connection the server undoes by itself. */
export async function undo(session: Session): Promise<void> {
  if (!session.isLost && session.isInTransaction) await session.run([{ text: 'ROLLBACK' }])
}

/** Runs commands as one whole transaction, in one round trip where the connection can; one answer for each. */
export async function runWhole(
  place: Place,
  session: Session,
  begin: readonly Command[],
  commands: readonly TenantCommand[],
  options?: RunOptions,
): Promise<readonly Answer[]> {
  const forNobody = (command: Command) => ({ command, tenant: undefined })
  const all = [...begin.map(forNobody), ...commands, forNobody({ text: 'COMMIT' })]
  try {
    const answers = await runWithin(place, session, all, options)
    return answers.slice(begin.length, -1)
  } catch (error) {
    await undo(session)
    throw error
  }
}
