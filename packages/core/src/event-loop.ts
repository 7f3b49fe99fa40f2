/**
 * Keeps a store from starving the event loop. On an engine that answers synchronously, awaited operations go
 * on from microtask to microtask, and timers, sockets and signals would wait until the last of them is done.
 */

/** How long operations may follow one another before the event loop gets its turn, in milliseconds. */
const MAX_TURN_MS = 10
/** How many operations pass between two looks at the clock. A power of two. */
const OPERATIONS_PER_LOOK = 32

export class EventLoopTurn {
  #operations = 0
  /** When the present turn was first seen; gone as soon as the event loop has turned. */
  #since: number | undefined
  #next: Promise<void> | undefined

  /** What a single operation has to wait for before it begins: mostly nothing. */
  overdue(): Promise<void> | undefined {
    if (this.#next !== undefined) return this.#next
    this.#operations++
    return this.#operations % OPERATIONS_PER_LOOK === 0 ? this.overdueNow() : undefined
  }

  /** As `overdue`, for what is worth a look at the clock of its own, as a batch is. */
  overdueNow(): Promise<void> | undefined {
    if (this.#next !== undefined) return this.#next
    const now = performance.now()
    if (this.#since === undefined) this.#begin(now)
    else if (now - this.#since > MAX_TURN_MS) this.#next = this.#yield()
    return this.#next
  }

  #begin(now: number): void {
    this.#since = now
    setImmediate(() => {
      this.#since = undefined
    }).unref()
  }

  #yield(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#next = undefined
        this.#since = undefined
        resolve()
      })
    })
  }
}
