/** Lets operations in while a store is open, and waits for the last of them when it closes. */

import { StoreError } from './errors.ts'
import { ended, failedBy, type Observation } from './observe.ts'

export class Admission {
  #state: 'ready' | 'closing' | 'closed' = 'ready'
  #active = 0
  #idle: (() => void) | undefined

  /** Operations that are under way. */
  get active(): number {
    return this.#active
  }

  get isReady(): boolean {
    return this.#state === 'ready'
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** @throws StoreError `CLOSED` once it closes */
  async admit<T>(run: () => Promise<T>, observation?: Observation): Promise<T> {
    this.#active++
    try {
      if (this.#state !== 'ready') throw new StoreError('CLOSED', 'the store is closed')
      return await run()
    } catch (cause) {
      failedBy(observation, cause)
      throw cause
    } finally {
      this.#active--
      if (this.#active === 0) this.#idle?.()
      ended(observation)
    }
  }

  /** Lets nothing in any more, and waits for what is under way. */
  async close(): Promise<void> {
    this.#state = 'closing'
    if (this.#active > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    this.#state = 'closed'
  }
}
