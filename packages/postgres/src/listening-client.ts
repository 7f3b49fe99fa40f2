/** The client of the connection that listens: one beside the pools, made as theirs are. */

import type { Client, Pool, PoolConfig } from 'pg'
import { ClosingClient } from './closing-client.ts'
import type { ResolvedOptions } from './options.ts'

/**
 * How such a client is made. `undefined` where nothing can be heard: a pooler that gives connections for one
 * transaction has none to listen on, and a pool that does not show its driver's client can't be asked for another.
 * One checked out of a lent pool for good would take from the caller what he counts on.
 */
export function listeningClients(options: ResolvedOptions): (() => Client) | undefined {
  const { lent, pooler, server, applicationName, connectTimeoutMs } = options
  if (pooler !== undefined) return undefined
  if (lent !== undefined) {
    const PoolsClient = clientOf(lent)
    // As the pool does it itself. A copy of its options would be without the password.
    return PoolsClient && (() => new PoolsClient(lent.options))
  }
  return () =>
    new ClosingClient({
      ...server,
      application_name: applicationName,
      connectionTimeoutMillis: connectTimeoutMs,
    })
}

/** The class of the pool's clients, which its types do not show. One without `unref` would keep the process alive. */
function clientOf(pool: Pool): (new (config: PoolConfig) => Client) | undefined {
  const { Client } = pool as { Client?: (new (config: PoolConfig) => Client) & { prototype: object } }
  return Client !== undefined && 'unref' in Client.prototype ? Client : undefined
}
