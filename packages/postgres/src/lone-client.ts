/** A connection for one errand, beside all pools. */

import pg, { type Client, type ClientConfig } from 'pg'
import { failureOf } from './failure.ts'
import type { ResolvedOptions } from './options.ts'

/**
 * Runs with a connection to the server that the options name, and closes it.
 *
 * @param adjusted the connection's own settings, made from those of the options
 */
export async function usingClient<T>(
  options: ResolvedOptions,
  adjusted: (place: ClientConfig) => ClientConfig,
  run: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    ...adjusted(placeOf(options)),
    connectionTimeoutMillis: options.connectTimeoutMs,
    // The driver's own bound: poolers refuse the server's as a parameter of a connection.
    query_timeout: options.statementTimeoutMs,
  })
  // What breaks while nothing is asked is told by the next question.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await run(client)
  } catch (cause) {
    throw failureOf(cause)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Where the server is. A pool hides its password from whoever copies its options. */
function placeOf({ server, lent }: ResolvedOptions): ClientConfig {
  if (lent !== undefined) return { ...lent.options, password: lent.options.password }
  const { Client: _pooled, ...place } = server as ClientConfig & { Client?: unknown }
  return place
}
