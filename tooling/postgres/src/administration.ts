/** The superuser's connections, for making and removing databases. One small pool per server and process. */

import { Pool } from 'pg'

/** Enough for test files that begin at once; the connections end by themselves when nobody needs them. */
const MAX_CONNECTIONS = 4
const IDLE_TIMEOUT_MS = 2000

const pools = new Map<string, Pool>()

/** The pool of a server. It keeps no process alive, and outlives a restart of the server. */
export function administrationOf(url: string): Pool {
  const known = pools.get(url)
  if (known !== undefined) return known
  const pool = new Pool({
    connectionString: url,
    application_name: 'coffer test administration',
    max: MAX_CONNECTIONS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    allowExitOnIdle: true,
  })
  // An idle connection that ends with its server is no news: the pool makes a new one when it is asked.
  pool.on('error', () => undefined)
  pools.set(url, pool)
  return pool
}

/** Ends the connections to a server. */
export async function endAdministration(url: string): Promise<void> {
  const pool = pools.get(url)
  pools.delete(url)
  await pool?.end()
}
