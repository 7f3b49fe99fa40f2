/** Sweeps and the rewriting of rows. */

import { setTimeout as pause } from 'node:timers/promises'
import type { Layout, Reindexed, Sweep } from '@coffer/core/backend'
import { layoutText, type RawRow, reindexRow, type Table } from '@coffer/sql'
import { ALL_TENANTS, type TenantCommand } from './confine.ts'
import { isLockTimeout, lettingPassMs, MAX_WAIT_MS } from './ddl-lock.ts'
import { withoutGuards } from './guards.ts'
import { type Place, runWithin } from './place.ts'
import { instant } from './put-statements.ts'
import type { Session } from './session.ts'
import { commit, runWhole, undo } from './transaction-ends.ts'

/**
 * Removes at most `limit` rows and raises the floors of their tenants. Rows that somebody is changing are
 * passed over, and one that was renewed meanwhile stays: a row is looked at again when its lock is had.
 *
 * The floors come first, for a put locks its floor before its row too: the other way round they would wait
 * for each other. Only rows that their floor covers are removed, so it need not be the same ones that were
 * found first.
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
  const moment = table.meta[isExpired ? '_expires_at' : '_deleted_at']
  const ofTenant = sweep.tenant === undefined ? '' : ` AND row.${table.meta._tenant} = $4::text`
  const due = `row.${moment} IS NOT NULL AND row.${moment} <= $1::timestamptz${ofTenant}`
  const first = (columns: string, further: string) =>
    `SELECT ${columns} FROM ${table.name} AS row WHERE ${due}${further} ORDER BY row.${moment} LIMIT $2::bigint`
  const until = instant(isExpired ? at : sweep.deletedBefore)
  const parameters = [until, limit, layout.name, ...(sweep.tenant === undefined ? [] : [sweep.tenant])]
  const tenant = sweep.tenant ?? ALL_TENANTS
  // Sweeps are rare; a plan kept since the table was small would read all of it.
  const commands = [coverText, removeText].map(
    (textOf): TenantCommand => ({
      command: { text: textOf(table, place.schema.floors, first), parameters, isPlannedAnew: true },
      tenant,
    }),
  )
  session.begin(place.connections.begin('READ COMMITTED'))
  try {
    const [, answer] = await runWithin(place, session, commands)
    const removed = answer?.rows ?? []
    const keyOf = ([rowTenant, id]: RawRow) => ({
      layout: layout.name,
      tenant: String(rowTenant),
      id: String(id),
    })
    await commit(
      session,
      place.notifications.commands(() => removed.map(keyOf)),
    )
    return { removed: removed.length, more: removed.length === limit }
  } catch (error) {
    await undo(session)
    throw error
  }
}

/** Selects columns of the first rows that are due, and that a further condition holds for. */
type FirstDue = (columns: string, further: string) => string

/** Raises floors to what is due; every sweep takes them in one order. */
function coverText({ meta }: Table, floors: string, first: FirstDue): string {
  const versions = first(`row.${meta._tenant} AS tenant, row.${meta._version} AS version`, '')
  return (
    `INSERT INTO ${floors} AS floor (layout, tenant, version) SELECT $3::text, due.tenant, due.version FROM ` +
    `(SELECT tenant, max(version) AS version FROM (${versions}) AS found GROUP BY tenant) AS due ` +
    `WHERE NOT EXISTS (SELECT 1 FROM ${floors} AS high WHERE high.layout = $3::text ` +
    'AND high.tenant = due.tenant AND high.version >= due.version) ORDER BY due.tenant ' +
    'ON CONFLICT (layout, tenant) DO UPDATE SET version = greatest(floor.version, excluded.version)'
  )
}

function removeText({ meta, name }: Table, floors: string, first: FirstDue): string {
  const floor = `SELECT version FROM ${floors} WHERE layout = $3::text AND tenant = row.${meta._tenant}`
  const covered = ` AND row.${meta._version} <= (${floor})`
  const found = first(`row.${meta._tenant}, row.${meta._id}`, covered)
  return (
    `WITH due AS MATERIALIZED (${found} FOR UPDATE OF row SKIP LOCKED) ` +
    `DELETE FROM ${name} AS row USING due WHERE row.${meta._tenant} = due.${meta._tenant} ` +
    `AND row.${meta._id} = due.${meta._id} RETURNING row.${meta._tenant}, row.${meta._id}`
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
  const rewritten = rows.map(
    (row): TenantCommand => ({
      command: { text: statement.text, parameters: statement.parameters(row) },
      tenant: row.tenant,
    }),
  )
  const keys = () => rows.map(({ tenant, id }) => ({ layout: layout.name, tenant, id }))
  const isGuarded = rows.length > 0 && layout.appendOnly
  const last = [...place.notifications.commands(keys)]
  if (finished) {
    const { text, parameters } = place.schema.own.finishReindex
    last.push({ text, parameters: parameters(layout.name, layoutText(layout)) })
  }
  const run = (commands: readonly TenantCommand[]) =>
    inTransaction(place, session, [...commands, ...last.map((command) => ({ command, tenant: undefined }))])
  if (isGuarded) await passingOthers((tries) => run(withoutGuards(table, rewritten, tries)))
  else if (rewritten.length + last.length > 0) await run(rewritten)
}

/** Tries a change of a table until it has the lock it needs; the change is told how often it was tried before. */
export async function passingOthers<T>(change: (tries: number) => Promise<T>): Promise<T> {
  const deadline = performance.now() + MAX_WAIT_MS
  for (let tries = 0; ; tries++) {
    try {
      return await change(tries)
    } catch (error) {
      if (!isLockTimeout(error) || performance.now() > deadline) throw error
      await pause(lettingPassMs(tries))
    }
  }
}

/** Runs commands as one transaction that reads what is committed at each moment. */
function inTransaction(place: Place, session: Session, commands: readonly TenantCommand[]) {
  return runWhole(place, session, place.connections.begin('READ COMMITTED'), commands, { commits: true })
}
