/** What client and server say to each other through a proxy, followed far enough to know where to cut. */

import { endsRequest, type Frame, isStartup } from './frames.ts'
import type { ArmedTrap, CutMode, Sender } from './trap.ts'

/** How a side is cut off. `drain`: a FIN after all that was forwarded; what the side still says is thrown away. */
export type Ending = CutMode | 'drain'

/** What to do with a message: forward it or not, and then cut or not. */
export interface Verdict {
  readonly forward: boolean
  readonly cut: Cut | undefined
}

/** A trap that springs, and what becomes of the sides. */
export interface Cut {
  readonly trap: ArmedTrap
  readonly client: Ending
  readonly server: Ending
}

/** The conversation of one connection. Every message is shown to it once, in order. */
export type Conversation = Readonly<Record<Sender, (frame: Frame) => Verdict>>

/** A trap that was stepped into and springs at the end of a request, or of its answer. */
interface Pending {
  readonly trap: ArmedTrap
  /** The number of the request, from 1; the startup is one. */
  readonly request: number
}

const PASS: Verdict = { forward: true, cut: undefined }

/**
 * Follows a connection that begins.
 *
 * @param traps - asked for each message
 * @param onRequest - called for each request that is forwarded
 */
export function followConversation(traps: () => readonly ArmedTrap[], onRequest: () => void): Conversation {
  let requests = 0
  let answers = 0
  let pending: Pending | undefined
  const caught = (from: Sender, frame: Frame) => traps().find((trap) => trap.catches(from, frame))
  return {
    client(frame) {
      const trap = caught('client', frame)
      if (trap?.options.moment === 'before') return { forward: false, cut: cutOf(trap) }
      if (trap !== undefined) pending ??= { trap, request: requests + 1 }
      if (!endsRequest(frame) && !isStartup(frame)) return PASS
      requests += 1
      onRequest()
      if (pending?.trap.options.moment !== 'after') return PASS
      return { forward: true, cut: { ...cutOf(pending.trap), server: 'drain' } }
    },
    server(frame) {
      const trap = caught('server', frame)
      if (trap?.options.moment === 'before') return { forward: false, cut: cutOf(trap) }
      if (trap !== undefined) return { forward: true, cut: { ...cutOf(trap), client: 'drain' } }
      const isReady = frame.type === 'Z'
      if (isReady) answers += 1
      // What is answered when the server is ready is this request, and else the next one.
      const answered = isReady ? answers : answers + 1
      if (pending?.trap.options.moment !== 'answered' || answered < pending.request) return PASS
      return { forward: false, cut: isReady ? cutOf(pending.trap) : undefined }
    },
  }
}

function cutOf(trap: ArmedTrap): Cut {
  const { how = 'reset' } = trap.options
  return { trap, client: how, server: how }
}
