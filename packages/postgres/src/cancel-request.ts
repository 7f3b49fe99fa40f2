/**
 * Asking the server to stop what it is doing for a connection. A server that waits for a lock does not look
 * whether its client is still there, and keeps the locks that it has.
 *
 * The request goes over a connection of its own, in the clear also where the other is encrypted: it holds a
 * number that is good for nothing but stopping that one connection. Where it can't be sent, the server's own
 * timeouts end the statement.
 *
 * Source: PostgreSQL's manual, "Message Flow", section "Canceling Requests in Progress".
 */

import { connect } from 'node:net'
import type { PoolClient } from 'pg'

const CANCEL_REQUEST_CODE = 80_877_102

/** Sends the request. Resolves when the server has taken it, when it can't be sent, or after the time given. */
export function requestCancel(client: PoolClient, timeoutMs: number): Promise<void> {
  const { host, port, processID, secretKey } = client as Partial<Record<keyof CancelTarget, unknown>>
  if (typeof host !== 'string' || typeof port !== 'number') return Promise.resolve()
  if (typeof processID !== 'number' || typeof secretKey !== 'number') return Promise.resolve()
  return send({ host, port, processID, secretKey }, timeoutMs)
}

/** What the driver knows of a connection; its types show only a part. */
interface CancelTarget {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly processID: number
  readonly secretKey: number
}

function send({ host, port, processID, secretKey }: CancelTarget, timeoutMs: number): Promise<void> {
  const message = Buffer.alloc(16)
  message.writeInt32BE(message.length, 0)
  message.writeInt32BE(CANCEL_REQUEST_CODE, 4)
  message.writeInt32BE(processID, 8)
  message.writeInt32BE(secretKey, 12)
  const isFolder = host.startsWith('/')
  return new Promise((resolve) => {
    const socket = connect(isFolder ? { path: `${host}/.s.PGSQL.${port}` } : { host, port })
    const timer = setTimeout(() => socket.destroy(), timeoutMs)
    // There is no answer: whoever has passed the request on ends the connection. PgBouncer does not bear that the
    // client ends it first.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.resume()
    socket.write(message)
  })
}
