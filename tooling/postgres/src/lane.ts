/** One direction of a proxied connection: reads messages, holds them as long as the network's state says, writes. */

import type { Socket } from 'node:net'
import type { Frame } from './frames.ts'

/** Above this much waiting data the sender is made to wait too, as a network does. */
const MAX_WAITING_BYTES = 1024 * 1024

/** What the proxy decides about a direction; read each time, as it changes. */
export interface LaneState {
  readonly isPaused: boolean
  readonly latencyMs: number
}

/** What a lane is between, and what it asks. */
export interface LaneOptions {
  readonly source: Socket
  readonly target: Socket
  readonly split: (chunk: Buffer) => readonly Frame[]
  readonly state: () => LaneState
  /** Called for each message in order, when it is time to write it to the target. */
  readonly deliver: (frame: Frame) => void
}

/** What waits: a message, or the way the sender has ended. */
interface Waiting {
  readonly item: Frame | 'end' | 'reset'
  readonly dueAt: number
}

/** A direction of a connection, until one of its sockets is destroyed. */
export interface Lane {
  /** Looks again at what waits: the state has changed. */
  pump(): void
  /** Drops what waits and all that will come. */
  discard(): void
}

/** Begins to forward. Also the end of the sender, orderly or not, waits its turn. */
export function openLane({ source, target, split, state, deliver }: LaneOptions): Lane {
  let waiting: Waiting[] = []
  let waitingBytes = 0
  let isDiscarding = false
  let timer: NodeJS.Timeout | undefined

  const enqueue = (item: Waiting['item']) => {
    if (isDiscarding) return
    waiting.push({ item, dueAt: performance.now() + state().latencyMs })
    if (typeof item !== 'string') waitingBytes += item.bytes.length
  }
  const pump = () => {
    clearTimeout(timer)
    target.cork()
    while (waiting[0] !== undefined && !state().isPaused) {
      const remainingMs = waiting[0].dueAt - performance.now()
      if (remainingMs > 0) {
        timer = setTimeout(pump, Math.ceil(remainingMs))
        break
      }
      const { item } = waiting[0]
      waiting.shift()
      pass(item)
    }
    target.uncork()
    if (waitingBytes + target.writableLength > MAX_WAITING_BYTES && !isDiscarding) source.pause()
    else source.resume()
  }
  const pass = (item: Waiting['item']) => {
    if (item === 'end') target.end()
    else if (item === 'reset') target.resetAndDestroy()
    else {
      waitingBytes -= item.bytes.length
      deliver(item)
    }
  }
  source.on('data', (chunk) => {
    for (const frame of split(chunk)) enqueue(frame)
    pump()
  })
  source.on('end', () => {
    enqueue('end')
    pump()
  })
  source.on('error', () => {
    enqueue('reset')
    pump()
  })
  target.on('drain', pump)
  target.on('close', () => clearTimeout(timer))
  return {
    pump,
    discard() {
      isDiscarding = true
      waiting = []
      waitingBytes = 0
      clearTimeout(timer)
      source.resume()
    },
  }
}
