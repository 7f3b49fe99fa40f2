/** Sweeps and the rewriting of rows. */

import type { Layout, Reindexed, Sweep } from '@coffer/core/backend'
import { layoutText, reindexRow, type Table } from '@coffer/sql'
import { raiseText } from './change-statements.ts'
import { ALL_TENANTS, type TenantCommand } from './confine.ts'
import { withoutGuards } from './guards.ts'
import { type Place, runWithin } from './place.ts'
import { instant } from './put-statements.ts'
import type { Session } from './session.ts'

/**
 * Removes at most `limit` rows and raises the floors of their tenants. Rows that somebody is changing are
 * passed over, and one that was renewed meanwhile stays: a row is looked at again when its lock is had.
 *
 * It reads what is committed at each moment: what it removes was gone for every reader before, so no
 * transaction can tell the difference, and none has to be repeated for it.
 */
export async function sweepRows(
  place: Place,
  session: Session,
  layout: Layout,
  sweep: Sweep,
  limit: number,
  at: number,
): Promise<{ removed: number; more: boolean }> {
  const { table } = place.statementsOf(layout)
  const isExpired = sweep.type === 'expired'
  const text = sweepText(
    table,
    place.schema.floors,
    isExpired ? '_expires_at' : '_deleted_at',
    sweep.tenant !== undefined,
  )
  const until = instant(isExpired ? at : sweep.deletedBefore)
  const parameters = [until, limit, layout.name, ...(sweep.tenant === undefined ? [] : [sweep.tenant])]
  const [answer] = await inTransaction(place, session, [
    { command: { text, parameters }, tenant: sweep.tenant ?? ALL_TENANTS },
  ])
  const removed = Number(answer?.rows[0]?.[0])
  return { removed, more: removed === limit }
}

function sweepText(
  table: Table,
  floors: string,
  column: '_expires_at' | '_deleted_at',
  ofTenant: boolean,
): string {
  const { meta, name } = table
  const moment = meta[column]
  const due = `${moment} IS NOT NULL AND ${moment} <= $1::timestamptz`
  const tenant = ofTenant ? ` AND ${meta._tenant} = $4::text` : ''
  return (
    `WITH due AS MATERIALIZED (SELECT ${meta._tenant}, ${meta._id} FROM ${name} WHERE ${due}${tenant} ` +
    `ORDER BY ${moment} LIMIT $2::bigint FOR UPDATE SKIP LOCKED), ` +
    `changed AS (DELETE FROM ${name} AS row USING due WHERE row.${meta._tenant} = due.${meta._tenant} ` +
    `AND row.${meta._id} = due.${meta._id} RETURNING row.${meta._tenant}, row.${meta._version}), ` +
    `raised AS (${raiseText({ table, floors })}) SELECT count(*) FROM changed`
  )
}

/** Rewrites rows that still have their version; afterwards, where `finished`, marks the layout as done. */
export async function reindexRows(
  place: Place,
  session: Session,
  layout: Layout,
  rows: readonly Reindexed[],
  finished: boolean,
): Promise<void> {
  const { table } = place.statementsOf(layout)
  const statement = reindexRow(table)
  const rewritten = rows.map((row) => ({
    command: { text: statement.text, parameters: statement.parameters(row) },
    tenant: row.tenant,
  }))
  const commands: TenantCommand[] =
    rows.length > 0 && layout.appendOnly ? withoutGuards(table, rewritten) : rewritten
  if (finished) {
    const { text, parameters } = place.schema.own.finishReindex
    commands.push({
      command: { text, parameters: parameters(layout.name, layoutText(layout)) },
      tenant: undefined,
    })
  }
  if (commands.length > 0) await inTransaction(place, session, commands)
}

/** Runs commands as one transaction that reads what is committed at each moment. */
async function inTransaction(place: Place, session: Session, commands: readonly TenantCommand[]) {
  const begin = { command: { text: 'BEGIN ISOLATION LEVEL READ COMMITTED' }, tenant: undefined }
  const end = { command: { text: 'COMMIT' }, tenant: undefined }
  try {
    const answers = await runWithin(place, session, [begin, ...commands, end], { commits: true })
    return answers.slice(1, -1)
  } catch (error) {
    if (!session.isLost && session.isInTransaction) await session.run([{ text: 'ROLLBACK' }])
    throw error
  }
}
