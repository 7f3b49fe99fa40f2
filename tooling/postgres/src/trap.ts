/** A trap: the message at which a proxy cuts a connection. */

import type { Frame } from './frames.ts'

/** How a connection is cut: `reset` is a RST, `end` a FIN, on both sides. */
export type CutMode = 'reset' | 'end'

/** Who sent a message. */
export type Sender = 'client' | 'server'

/** Where to cut. */
export interface TrapOptions {
  /** Who sends the message. */
  readonly from: Sender
  /** The message's type letter, as `Q` for a simple query, `P` for a parse, `C` for a completed command. */
  readonly type?: string
  /** Text, in UTF-8, or bytes that the message holds. */
  readonly contains?: string | Uint8Array
  /** Which of the messages that match, from 1, over all connections. The first without. */
  readonly nth?: number
  /**
   * `before`: the message is not forwarded. `after`: the message is forwarded, a client's to the end of its
   * request, and the server surely gets it, but no answer comes back; whether the server has done the work when
   * the client sees the cut is open. `answered`: for a client's message; the cut comes when the server has
   * answered the request in full, so that the work is done, and not one byte of the answer comes back.
   */
  readonly moment: 'before' | 'after' | 'answered'
  /** `reset` without: it may overtake what was forwarded before. A side that surely gets that sees a FIN. */
  readonly how?: CutMode
}

/** A trap that was set. It springs once. */
export interface Trap {
  /** Resolves when the connection is cut. Stays open when that never happens. */
  readonly sprung: Promise<void>
  readonly isSprung: boolean
  /** Takes the trap away. */
  disarm(): void
}

/** A trap as a connection sees it. */
export interface ArmedTrap extends Trap {
  readonly options: TrapOptions
  /** Counts a message, and says whether it is the one. */
  catches(from: Sender, frame: Frame): boolean
  spring(): void
}

/** Sets a trap. Throws when the options contradict each other. */
export function armTrap(options: TrapOptions): ArmedTrap {
  const { from, type, contains, nth = 1, moment } = options
  if (moment === 'answered' && from !== 'client') throw new Error('only a client is answered')
  const { promise: sprung, resolve } = Promise.withResolvers<void>()
  let seen = 0
  let isDisarmed = false
  let isSprung = false
  return {
    options,
    sprung,
    get isSprung() {
      return isSprung
    },
    disarm() {
      isDisarmed = true
    },
    catches(sender, frame) {
      if (isDisarmed || sender !== from || (type !== undefined && frame.type !== type)) return false
      if (contains !== undefined && !frame.bytes.includes(Buffer.from(contains))) return false
      seen += 1
      return seen === nth
    },
    spring() {
      isSprung = true
      resolve()
    },
  }
}
