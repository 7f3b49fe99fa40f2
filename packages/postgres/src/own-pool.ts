/** Pools of the store's own. */

import pg, { type Pool, type PoolClient } from 'pg'
import type { ResolvedOptions } from './options.ts'
import { socketOf } from './session.ts'

/** A pool and its end. */
export interface OwnPool {
  readonly pool: Pool
  /** Closes all connections, which must be idle. A server that does not answer is waited for `timeoutMs`. */
  end(timeoutMs: number): Promise<void>
}

/** How many connections a pool may have, and how many of them stay open when they are idle. */
export interface PoolSize {
  readonly max: number
  readonly min: number
}

/**
 * Makes a pool. Nothing is connected before it is needed.
 *
 * @param parameters settings of the server that its sessions have from their beginning
 */
export function ownPool(
  options: ResolvedOptions,
  { max, min }: PoolSize,
  parameters: readonly string[],
): OwnPool {
  // Of two values for one setting the last counts.
  const settings = [options.server.options, ...parameters.map((each) => `-c ${each}`)]
    .filter((each) => each !== undefined)
    .join(' ')
  const pool = new pg.Pool({
    ...options.server,
    max,
    min,
    pipeline: true,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: options.idleTimeoutMs,
    allowExitOnIdle: true,
    keepAlive: true,
    ...(settings !== '' && { options: settings }),
  })
  return endable(pool)
}

/**
 * A pool for connections beside all others: made as those of the store are, or as those of the pool that is
 * lent. `undefined` where that pool does not show its driver's client.
 */
export function poolApart(options: ResolvedOptions): OwnPool | undefined {
  const { lent } = options
  if (lent === undefined) return ownPool(options, { max: 1, min: 0 }, [])
  const { Client } = lent as { Client?: unknown }
  // A copy of its options would be without the password.
  return Client === undefined ? undefined : endable(Object.assign(new pg.Pool(lent.options), { Client }))
}

function endable(pool: Pool): OwnPool {
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
