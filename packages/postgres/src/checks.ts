/** References, as questions in the transaction that writes. It is serializable, so what they answer holds at its commit. */

import type { ReferenceCheck } from '@coffer/core/backend'
import { findReferrer } from '@coffer/sql'
import type { StatementsOf } from './layout-statements.ts'
import { instant } from './put-statements.ts'
import type { Command } from './session.ts'
import { required } from './set-statement.ts'

/** A command whose answer tells whether a check holds: by having a row, or by having none. */
export interface CheckQuestion {
  readonly command: Command
  readonly tenant: string
  /** True where a row means that it holds, false where a row means that it does not. */
  readonly rowMeansHolds: boolean
}

/** Asks whether a check holds. */
export function checkQuestion(statementsOf: StatementsOf, check: ReferenceCheck, at: number): CheckQuestion {
  const { table } = statementsOf(check.layout)
  if (check.type === 'unreferenced') {
    const referrer = findReferrer(table, check.field)
    const parameters = referrer.parameters(check.tenant, check.value, at)
    return { command: { text: referrer.text, parameters }, tenant: check.tenant, rowMeansHolds: false }
  }
  const { meta } = table
  const text =
    `SELECT 1 FROM ${table.name} WHERE ${meta._tenant} = $1 AND ${meta._id} = $2 AND ${meta._deleted_at} IS NULL ` +
    `AND (${meta._expires_at} IS NULL OR ${meta._expires_at} > $3::timestamptz)`
  const parameters = [check.tenant, check.id, instant(at)]
  return { command: { text, parameters }, tenant: check.tenant, rowMeansHolds: true }
}

/** The same as a statement that fails when the check does not hold. */
export function checkGuard({ command, rowMeansHolds }: CheckQuestion): Command {
  const exists = `EXISTS (${command.text})`
  return { ...command, text: required(rowMeansHolds ? exists : `NOT ${exists}`) }
}
