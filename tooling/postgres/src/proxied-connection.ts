/** One client's connection through a proxy. */

import { connect, type Socket } from 'node:net'
import { type Ending, followConversation, type Verdict } from './conversation.ts'
import { type Frame, framing } from './frames.ts'
import { type LaneState, openLane } from './lane.ts'
import type { ArmedTrap, CutMode, Sender } from './trap.ts'

/** What a connection needs of its proxy. */
export interface ConnectionOptions {
  readonly client: Socket
  readonly target: { readonly host: string; readonly port: number }
  readonly state: (to: Sender) => LaneState
  readonly traps: () => readonly ArmedTrap[]
  /** Called for each request that is forwarded. */
  readonly onRequest: () => void
  readonly onClose: () => void
}

/** A connection, until both of its sockets are closed. */
export interface ProxiedConnection {
  /** Looks again at what waits: the state has changed. */
  pump(): void
  /** Cuts both sides now; what waits is lost. */
  cut(how: CutMode): void
}

/** Connects a client to the target and forwards between them. */
export function proxyConnection(options: ConnectionOptions): ProxiedConnection {
  const { client, target, state, traps, onRequest, onClose } = options
  const server = connect({ ...target, allowHalfOpen: true, noDelay: true })
  const split = framing()
  const conversation = followConversation(traps, onRequest)

  const cut = (clientEnding: Ending, serverEnding: Ending) => {
    toServer.discard()
    toClient.discard()
    shut(client, clientEnding)
    shut(server, serverEnding)
  }
  const act = (to: Socket, frame: Frame, { forward, cut: planned }: Verdict) => {
    if (forward && to.writable) to.write(frame.bytes)
    if (planned === undefined) return
    cut(planned.client, planned.server)
    planned.trap.spring()
  }
  const toServer = openLane({
    source: client,
    target: server,
    split: split.client,
    state: () => state('server'),
    deliver: (frame) => act(server, frame, conversation.client(frame)),
  })
  const toClient = openLane({
    source: server,
    target: client,
    split: split.server,
    state: () => state('client'),
    deliver: (frame) => act(client, frame, conversation.server(frame)),
  })
  let open = 2
  for (const socket of [client, server]) {
    socket.on('close', () => {
      open -= 1
      if (open === 0) onClose()
    })
  }
  return {
    pump() {
      toServer.pump()
      toClient.pump()
    },
    cut: (how) => cut(how, how),
  }
}

function shut(socket: Socket, ending: Ending): void {
  if (ending === 'reset') socket.resetAndDestroy()
  else if (ending === 'end') socket.destroySoon()
  else socket.end()
}
