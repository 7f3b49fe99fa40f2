/** Turns at one thing, in the order of asking. A free one is taken without waiting. */

/** A lock inside this process. */
export interface Mutex {
  /** Takes the turn at once and answers `undefined`, or answers a promise of the turn. */
  acquire(): Promise<void> | undefined
  /** Gives the turn to whoever has waited longest. */
  release(): void
}

/** A free mutex. */
export function mutex(): Mutex {
  const waiting: (() => void)[] = []
  let taken = false
  return {
    acquire() {
      if (taken) return new Promise((resolve) => waiting.push(resolve))
      taken = true
      return undefined
    },
    release() {
      const next = waiting.shift()
      if (next === undefined) taken = false
      else next()
    },
  }
}
