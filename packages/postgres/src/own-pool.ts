/** A pool of the store's own. */

import pg, { type Pool, type PoolClient } from 'pg'
import type { ResolvedOptions } from './options.ts'
import { socketOf } from './session.ts'

/** A pool and its end. */
export interface OwnPool {
  readonly pool: Pool
  /** Closes all connections, which must be idle. A server that does not answer is waited for `timeoutMs`. */
  end(timeoutMs: number): Promise<void>
}

/**
 * Makes a pool. Nothing is connected before it is needed.
 *
 * @param parameters settings of the server that its sessions have from their beginning
 */
export function ownPool(options: ResolvedOptions, max: number, parameters: readonly string[]): OwnPool {
  // Of two values for one setting the last counts.
  const settings = [options.server.options, ...parameters.map((each) => `-c ${each}`)]
    .filter((each) => each !== undefined)
    .join(' ')
  const pool = new pg.Pool({
    ...options.server,
    max,
    pipeline: true,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: options.idleTimeoutMs,
    allowExitOnIdle: true,
    keepAlive: true,
    ...(settings !== '' && { options: settings }),
  })
  const open = new Set<PoolClient>()
  pool.on('connect', (client) => open.add(client))
  pool.on('remove', (client) => open.delete(client))
  // A connection that breaks while it lies idle is replaced when it is next needed. Also after the end.
  pool.on('error', () => undefined)
  return { pool, end: (timeoutMs) => end(pool, open, timeoutMs) }
}

/** Idle connections do not keep a process alive, so a timer does until they have said goodbye. */
async function end(pool: Pool, open: ReadonlySet<PoolClient>, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => {
    for (const client of open) socketOf(client)?.destroy()
  }, timeoutMs)
  const gone = new Promise<void>((resolve) => {
    const look = () => {
      if (open.size === 0) resolve()
    }
    pool.on('remove', look)
    look()
  })
  await Promise.all([pool.end(), gone]).finally(() => clearTimeout(timer))
}
