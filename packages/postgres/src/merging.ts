/** Rows that are put as they are, over whatever is there, and rows that go: a batch of a copy. */

import type { Key, Layout, Merge, NewRow } from '@coffer/core/backend'
import { ALL_TENANTS, type TenantCommand } from './confine.ts'
import { sqlState } from './error-code.ts'
import { withoutGuards } from './guards.ts'
import { passingOthers } from './maintenance.ts'
import type { Place } from './place.ts'
import { loadRows, raiseFloors, removeRows } from './row-loads.ts'
import type { Session } from './session.ts'
import { beginWriting, runWhole } from './transaction-ends.ts'

/** What the trigger of an append-only table says. */
const GUARDED = '0A000'

/**
 * Merges in one transaction. @throws `CONFLICT` when it has to be done again
 *
 * An append-only table is first taken at its word: what only adds rows leaves its guards on.
 */
export async function mergeRows(place: Place, session: Session, layout: Layout, merge: Merge): Promise<void> {
  const commands = commandsOf(place, layout, merge)
  const run = (all: readonly TenantCommand[]) =>
    runWhole(place, session, beginWriting(place), all, { commits: true })
  if (commands.length === 0) return
  if (!layout.appendOnly) {
    await run(commands)
    return
  }
  if (merge.remove.length === 0) {
    try {
      await run(commands)
      return
    } catch (error) {
      if (sqlState((error as { cause?: unknown }).cause) !== GUARDED) throw error
    }
  }
  await passingOthers((tries) => run(withoutGuards(place.statementsOf(layout).table, commands, tries)))
}

function commandsOf(place: Place, layout: Layout, merge: Merge): readonly TenantCommand[] {
  const { table } = place.statementsOf(layout)
  const put = lastOfEach(merge.put)
  // Whoever writes locks the floor before the row: the other way round they would wait for each other.
  const commands = [
    ...(merge.floors.length > 0 ? [raiseFloors(place.schema.floors, layout.name, merge.floors)] : []),
    ...loadRows(table, 'put', put),
    ...(merge.remove.length > 0 ? [removeRows(table, merge.remove)] : []),
  ]
  const changed = () =>
    [...put, ...merge.remove].map(({ tenant, id }) => ({ layout: layout.name, tenant, id }))
  return [
    ...commands.map((command) => ({ command, tenant: ALL_TENANTS }) as const),
    ...place.notifications.commands(changed).map((command) => ({ command, tenant: undefined })),
  ]
}

/** Of several rows with one key the last: no statement may touch a row twice. A copy's come in order, each once. */
function lastOfEach(rows: readonly NewRow[]): readonly NewRow[] {
  if (rows.every((row, position) => position === 0 || isBehind(row, rows[position - 1] as Key))) return rows
  const nameOf = ({ tenant, id }: Key) => `${tenant}\0${id}`
  const last = new Map(rows.map((row) => [nameOf(row), row]))
  return last.size === rows.length ? rows : [...last.values()]
}

function isBehind(key: Key, before: Key): boolean {
  return key.tenant === before.tenant ? key.id > before.id : key.tenant > before.tenant
}
