/** The driver's client, which closes its socket when it can't go on. */

import type { EventEmitter } from 'node:events'
import pg, { type ClientConfig } from 'pg'

/** What the driver's types do not show. */
interface WithConnection {
  readonly connection?: EventEmitter & { readonly stream?: { destroy(): void } }
}

/**
 * A client that fails while it connects, for a password that nobody has or that could not be asked for, is
 * forgotten by driver and pool with its socket open. The server would keep the half of a session until its
 * authentication_timeout, a minute, and one more for each try.
 */
export class ClosingClient extends pg.Client {
  constructor(config?: ClientConfig) {
    super(config)
    const { connection } = this as WithConnection
    connection?.on('error', () => connection.stream?.destroy())
  }
}
