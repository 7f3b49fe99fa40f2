/** Looking at the place for the person who operates it. Nothing is changed, and no large table is read. */

import type { Inspection } from '@coffer/core/backend'
import { healthChecks } from './health-checks.ts'
import type { ResolvedOptions } from './options.ts'
import type { Place } from './place.ts'
import { namedFacts, serverFacts } from './server-facts.ts'
import type { Session } from './session.ts'
import { type TableFacts, tableFacts } from './table-facts.ts'
import { undo } from './transaction-ends.ts'

/** Looks at server and tables. */
export async function inspectPlace(
  place: Place,
  session: Session,
  options: ResolvedOptions,
): Promise<Inspection> {
  const before = Date.now()
  const facts = await serverFacts(session, place.schema)
  const now = (before + Date.now()) / 2
  const tables = await tablesIn(place, session)
  return {
    engine: `PostgreSQL ${facts.version}`,
    facts: namedFacts(facts, options),
    sizes: tables.map(({ layout, rows, isEstimate, bytes }) => ({ layout, rows, isEstimate, bytes })),
    bytes: facts.databaseBytes,
    clock: facts.clock,
    checks: healthChecks(facts, tables, options, now),
  }
}

async function tablesIn(place: Place, session: Session): Promise<readonly TableFacts[]> {
  try {
    await session.run([{ text: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' }])
    return await tableFacts(place, session)
  } finally {
    await undo(session)
  }
}
