/** Who is connected to a database: how a test that forgot to close is found. */

import { setTimeout as pause } from 'node:timers/promises'
import { administrationOf } from './administration.ts'
import type { ServerAddress } from './postgres-server.ts'

/** A backend goes on for a moment after its client has closed. */
const PATIENCE_MS = 2000
const MAX_PAUSE_MS = 50

/** A client's connection, as the server sees it. */
export interface Session {
  readonly pid: number
  readonly user: string
  readonly applicationName: string
  /** As in `pg_stat_activity`: `idle`, `active`, `idle in transaction`, … */
  readonly state: string
  /** The query that runs, or the last one that ran; its first 200 characters. */
  readonly query: string
}

/** Connections that a test has left open. */
export class LeakedSessionsError extends Error {
  override readonly name = 'LeakedSessionsError'
  readonly sessions: readonly Session[]

  constructor(database: string, sessions: readonly Session[]) {
    const lines = sessions.map(
      ({ pid, user, applicationName, state, query }) =>
        `\n  ${state}: application_name '${applicationName}', user ${user}, pid ${pid}, last query: ${query}`,
    )
    super(`${sessions.length} connections to database ${database} are still open:${lines.join('')}`)
    this.sessions = sessions
  }
}

/** The client connections to a database at this moment, oldest first. */
export async function sessionsOf(server: ServerAddress, database: string): Promise<readonly Session[]> {
  const { rows } = await administrationOf(server.url).query<Session>(
    `SELECT pid, coalesce(usename, '') AS user, application_name AS "applicationName",
            coalesce(state, 'unknown') AS state, left(query, 200) AS query
       FROM pg_stat_activity
      WHERE datname = $1 AND backend_type IN ('client backend', 'walsender') AND pid <> pg_backend_pid()
      ORDER BY backend_start`,
    [database],
  )
  return rows
}

/** Waits for backends that are just ending. Throws LeakedSessionsError when some stay. */
export async function expectNoSessions(server: ServerAddress, database: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    const sessions = await sessionsOf(server, database)
    if (sessions.length === 0) return
    if (performance.now() > deadline) throw new LeakedSessionsError(database, sessions)
    await pause(pauseMs)
  }
}
