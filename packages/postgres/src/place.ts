/** What every part of the backend works with. */

import type { Confinement, TenantCommand } from './confine.ts'
import type { Connections } from './connections.ts'
import type { Floors } from './floors.ts'
import type { StatementsOf } from './layout-statements.ts'
import type { Notifications } from './notifications.ts'
import type { Schema } from './schema.ts'
import type { Answer, RunOptions, Session } from './session.ts'

/** One store's connections, and what it knows of its schema. */
export interface Place {
  readonly connections: Connections
  readonly schema: Schema
  readonly statementsOf: StatementsOf
  readonly floors: Floors
  readonly confinement: Confinement
  /** How other stores are told what this one changes. */
  readonly notifications: Notifications
  /** True where nothing may be written. */
  readonly isReadOnly: boolean
}

/** Runs commands inside the transaction that is open on the session; one answer for each. */
export async function runWithin(
  { confinement }: Place,
  session: Session,
  commands: readonly TenantCommand[],
  options?: RunOptions,
): Promise<readonly Answer[]> {
  const answers = await session.run(confinement.confine(commands), options)
  return confinement.answersOf(commands, answers)
}
