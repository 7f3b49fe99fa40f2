/** Coffer's own way past the triggers of append-only tables. */

import { schemaOf, type Table } from '@coffer/sql'
import type { TenantCommand } from './confine.ts'
import { shortWait } from './ddl-lock.ts'

/**
 * The commands between those that suspend the guards of the table and those that resume them. In one transaction.
 *
 * @param tries how often it was tried before
 */
export function withoutGuards(
  table: Table,
  commands: readonly TenantCommand[],
  tries: number,
): TenantCommand[] {
  const { guards } = schemaOf(table)
  const plain = (text: string) => ({ command: { text }, tenant: undefined })
  return [...[shortWait(tries), ...guards.suspend].map(plain), ...commands, ...guards.resume.map(plain)]
}
