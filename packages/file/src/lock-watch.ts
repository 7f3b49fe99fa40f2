/** Watching the heartbeat of a holder that can't be judged otherwise. */

/** What a look at a heartbeat says. */
export type Heartbeat = 'silent' | 'beating' | 'undecided'

/** The most of the time between two looks that counts, in pauses. */
const COUNTED_PAUSES = 4

/**
 * Watches a lock file. A holder is silent when its file did not change for `silenceMs` of the watcher's own
 * time; the clocks of two machines are never compared. Time in which the watcher did not look, because it was
 * stopped itself, hardly counts: the holder may have been stopped with it.
 */
export class HeartbeatWatch {
  readonly #silenceMs: number
  readonly #longestStepMs: number
  #seen: string | undefined
  #lastLook = 0
  #watchedMs = 0
  #isBeating = false

  constructor(silenceMs: number, pauseMs: number) {
    this.#silenceMs = silenceMs
    this.#longestStepMs = pauseMs * COUNTED_PAUSES
  }

  /** @param now in milliseconds of a clock that never jumps */
  look(name: string, modifiedAt: number, now: number): Heartbeat {
    const seen = `${name} ${modifiedAt}`
    if (seen === this.#seen) {
      this.#watchedMs += Math.min(now - this.#lastLook, this.#longestStepMs)
    } else {
      this.#isBeating = this.#seen !== undefined
      this.#seen = seen
      this.#watchedMs = 0
    }
    this.#lastLook = now
    if (this.#watchedMs >= this.#silenceMs) return 'silent'
    return this.#isBeating ? 'beating' : 'undecided'
  }
}
