/** Coffer's own way past the triggers of append-only tables. */

import { schemaOf, type Table } from '@coffer/sql'
import type { TenantCommand } from './confine.ts'
import { SHORT_WAIT } from './ddl-lock.ts'

/** The commands between those that suspend the guards of the table and those that resume them. In one transaction. */
export function withoutGuards(table: Table, commands: readonly TenantCommand[]): TenantCommand[] {
  const { guards } = schemaOf(table)
  const plain = (text: string) => ({ command: { text }, tenant: undefined })
  return [...[SHORT_WAIT, ...guards.suspend].map(plain), ...commands, ...guards.resume.map(plain)]
}
