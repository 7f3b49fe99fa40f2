/** Looking at the place for the person who operates it. Nothing is changed, and no large table is read. */

import type { Counting, Inspection } from '@coffer/core/backend'
import { healthChecks } from './health-checks.ts'
import type { ResolvedOptions } from './options.ts'
import type { Place } from './place.ts'
import { namedFacts, type ServerFacts, serverFacts } from './server-facts.ts'
import type { Session } from './session.ts'
import { type TableFacts, tableFacts } from './table-facts.ts'
import { undo } from './transaction-ends.ts'

/** Looks at server and tables: in a transaction that a standby can give, too, whatever the session's are. */
export async function inspectPlace(
  place: Place,
  session: Session,
  options: ResolvedOptions,
  counting: Counting | undefined,
): Promise<Inspection> {
  const { facts, tables, now } = await lookedAt(place, session, counting)
  return {
    engine: `PostgreSQL ${facts.version}`,
    facts: namedFacts(facts, options),
    sizes: tables.map(({ layout, rows, isEstimate, bytes, states }) => ({
      layout,
      rows,
      isEstimate,
      bytes,
      ...(states && { states }),
    })),
    bytes: facts.databaseBytes,
    clock: facts.clock,
    checks: healthChecks(facts, tables, options, now),
  }
}

interface LookedAt {
  readonly facts: ServerFacts
  readonly tables: readonly TableFacts[]
  /** The clock here when the server told its own. */
  readonly now: number
}

async function lookedAt(place: Place, session: Session, counting: Counting | undefined): Promise<LookedAt> {
  try {
    await session.run([{ text: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' }])
    const before = Date.now()
    const facts = await serverFacts(session, place.schema)
    const now = (before + Date.now()) / 2
    return { facts, tables: await tableFacts(place, session, counting), now }
  } finally {
    await undo(session)
  }
}
