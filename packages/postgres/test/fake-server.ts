/** A server that says what no real one can be made to say at the moment wanted. It lets everybody in. */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A message of the server: its type's letter and its content. */
export function message(type: string, content: Buffer | string = ''): Buffer {
  const body = Buffer.from(content)
  const header = Buffer.alloc(5)
  header.write(type, 'latin1')
  header.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([header, body])
}

/** An error as the server sends it. */
export function errorMessage(severity: string, state: string): Buffer {
  return message('E', `S${severity}\0V${severity}\0C${state}\0Msaid by a fake\0\0`)
}

/** Ready for the next query: `I` outside of a transaction, `T` in one. */
export function ready(status: 'I' | 'T'): Buffer {
  return message('Z', status)
}

export const welcome = Buffer.concat([message('R', Buffer.alloc(4)), ready('I')])

export interface FakeServer extends AsyncDisposable {
  readonly host: string
  readonly port: number
}

/**
 * Starts a server.
 *
 * @param onQuery answers a simple query; `undefined` for silence
 * @param greeting what is sent to who connects
 */
export async function fakeServer(
  onQuery: (text: string) => Buffer | undefined,
  greeting: Buffer = welcome,
): Promise<FakeServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let isWelcome = false
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      if (!isWelcome) {
        isWelcome = true
        socket.write(greeting)
        return
      }
      for (let offset = 0; offset < chunk.length; ) {
        const end = offset + 1 + chunk.readInt32BE(offset + 1)
        const answer =
          chunk.toString('latin1', offset, offset + 1) === 'Q'
            ? onQuery(chunk.toString('utf8', offset + 5, end - 1))
            : undefined
        if (answer !== undefined) socket.write(answer)
        offset = end
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    host: '127.0.0.1',
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
