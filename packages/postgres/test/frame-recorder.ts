/** What clients say to a server, frame by frame: a proxy that writes down and passes on. Without TLS. */

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** One message of a client. The type is `startup` for the first, and the protocol's letter for all others. */
export interface ClientFrame {
  readonly type: string
  /** The texts in it that end with a NUL, in their order: names, statements, parameters of the startup. */
  readonly texts: readonly string[]
}

export interface FrameRecorder extends AsyncDisposable {
  readonly frames: readonly ClientFrame[]
  /** The same address, through the recorder. */
  url(of: string): string
}

/** Starts a recorder in front of the server of an address. */
export async function recordFrames(target: string): Promise<FrameRecorder> {
  const { hostname, port } = new URL(target)
  const frames: ClientFrame[] = []
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    const reader = frameReader(frames)
    client.on('data', (data) => {
      reader(data)
      upstream.write(data)
    })
    upstream.on('data', (data) => client.write(data))
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => other.destroy())
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the recorder does not listen')
  return {
    frames,
    url: (of) => {
      const url = new URL(of)
      url.host = `127.0.0.1:${address.port}`
      return url.href
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function frameReader(frames: ClientFrame[]): (data: Buffer) => void {
  let rest = Buffer.alloc(0)
  let isStarted = false
  return (data) => {
    rest = Buffer.concat([rest, data])
    for (;;) {
      const head = isStarted ? 1 : 0
      if (rest.length < head + 4) return
      const length = rest.readInt32BE(head)
      if (rest.length < head + length) return
      const type = isStarted ? rest.toString('latin1', 0, 1) : 'startup'
      // A startup has the version of the protocol before its parameters.
      const body = rest.subarray(head + (isStarted ? 4 : 8), head + length)
      frames.push({ type, texts: textsOf(type, body) })
      rest = rest.subarray(head + length)
      isStarted = true
    }
  }
}

/** How many texts a message begins with; the values behind them are nobody's business. */
const TEXTS: Readonly<Record<string, number>> = { Q: 1, P: 2, B: 2, E: 1, startup: 20 }

function textsOf(type: string, body: Buffer): readonly string[] {
  const isNamed = type === 'C' || type === 'D'
  const texts = body.toString('utf8', isNamed ? 1 : 0).split('\0')
  return texts.slice(0, isNamed ? 1 : (TEXTS[type] ?? 0))
}
