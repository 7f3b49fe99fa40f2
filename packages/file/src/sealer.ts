/**
 * Says in the log how far it is durable when nobody has written for a moment, so that damage to the last commits
 * can be told from what a power cut leaves. Where commits are not synced by themselves, it syncs them.
 */

import type { Committer } from './committer.ts'
import { errorCode } from './error-code.ts'

const IDLE_MS = 100
const SYNC_EVERY_MS = 1_000

export class Sealer {
  readonly #committer: Committer
  readonly #durability: 'power' | 'process' | 'none'
  #timer: NodeJS.Timeout | undefined
  /** What the committer had written when the timer was set, and when the log was last to be sealed. */
  #seen = 0
  #sealedAt = 0

  constructor(committer: Committer, durability: 'power' | 'process' | 'none') {
    this.#committer = committer
    this.#durability = durability
  }

  /** To be called when something was written. */
  arm(): void {
    if (this.#timer !== undefined || this.#durability === 'none') return
    if (this.#sealedAt === this.#committer.flushes) return
    this.#seen = this.#committer.flushes
    const delayMs = this.#durability === 'power' ? IDLE_MS : SYNC_EVERY_MS
    this.#timer = setTimeout(() => this.#onTime(), delayMs)
    this.#timer.unref()
  }

  /** Makes all of the log durable, and says so in it, for good. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#seal().catch((error) => {
      // On a full disk the lock's note says it alone.
      if (errorCode(error) !== 'NO_SPACE') throw error
    })
    await this.#committer.exclusive((log) => log.sync())
  }

  #onTime(): void {
    this.#timer = undefined
    if (this.#durability === 'power' && this.#committer.flushes !== this.#seen) {
      this.arm()
      return
    }
    this.#sealedAt = this.#committer.flushes
    // A failed sync has ended the store; a full disk lets the next commit say it.
    void this.#seal().catch(() => undefined)
  }

  #seal(): Promise<void> {
    return this.#committer.exclusive(async (log) => {
      if (!log.isUnsealed) return
      if (!log.syncs) await log.sync()
      await log.seal()
    })
  }
}
