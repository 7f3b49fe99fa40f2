/** Lets a bounded number of callers through at once, and a bounded number wait, in the order of asking. */

import { StoreError } from '@coffer/core/backend'

/** The most callers that wait at one entrance; as many as core lets operations wait where nothing else is said. */
const MAX_WAITING = 100_000

/** A bounded entrance. */
export interface Turnstile {
  /**
   * Takes a place: `undefined` when one is free, a promise when it has to be waited for, at most `timeoutMs`.
   *
   * @throws `LIMIT_EXCEEDED` at once when too many wait already, `TIMEOUT` when no place came free in time
   */
  enter(timeoutMs: number): Promise<void> | undefined
  /** Gives the place to whoever has waited longest. */
  leave(): void
  /** How many wait. */
  readonly waiting: number
}

interface Waiting {
  readonly enter: () => void
  readonly timer: NodeJS.Timeout
}

/** An entrance with so many places. */
export function turnstile(places: number, maxWaiting = MAX_WAITING): Turnstile {
  // In the order of arrival; whoever is late leaves from the middle.
  const waiting = new Set<Waiting>()
  let free = places
  return {
    enter(timeoutMs) {
      if (free > 0) {
        free--
        return undefined
      }
      if (waiting.size >= maxWaiting) throw tooMany(maxWaiting)
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => {
            waiting.delete(entry)
            reject(tooLate())
          },
          Math.max(0, timeoutMs),
        )
        const entry = { enter: resolve, timer }
        waiting.add(entry)
      })
    },
    leave() {
      const [next] = waiting
      if (next === undefined) {
        free++
        return
      }
      waiting.delete(next)
      clearTimeout(next.timer)
      next.enter()
    },
    get waiting() {
      return waiting.size
    },
  }
}

function tooLate(): StoreError {
  return new StoreError(
    'TIMEOUT',
    'postgresql: no connection came free within connectTimeoutMs, and nothing was done: let transactions be shorter, ' +
      'or raise `max`',
    { backend: 'postgresql' },
  )
}

function tooMany(maxWaiting: number): StoreError {
  return new StoreError(
    'LIMIT_EXCEEDED',
    `postgresql: ${maxWaiting} calls wait for a connection already: ask for less at once, or raise \`max\``,
    { backend: 'postgresql' },
  )
}
