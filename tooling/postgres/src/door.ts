/** A port of 127.0.0.1 that can be closed and opened again. */

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

/** A port that clients come in by. */
export interface Door {
  readonly port: number
  /** Refuses new connections; those that are open go on. */
  refuse(): void
  /** Accepts connections again, at the same port. */
  accept(): Promise<void>
}

/** Opens a door at a free port. */
export async function openDoor(onClient: (client: Socket) => void): Promise<Door> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, onClient)
  const listen = async (at: number) => {
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
  }
  await listen(0)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port')
  const { port } = address
  return {
    port,
    refuse: () => {
      if (server.listening) server.close()
    },
    accept: async () => {
      if (!server.listening) await listen(port)
    },
  }
}
