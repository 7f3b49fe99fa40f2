/** How long calls take while something else goes on. */

/** One call: when it began and ended, as `performance.now()` says. */
interface Call {
  readonly startedAt: number
  readonly endedAt: number
}

/** Callers at work. */
export interface Load {
  /** Milliseconds of the calls that were under way at any moment between two. */
  latencies(from: number, to: number): number[]
  /** Ends when the calls that are under way have. Fails if one of all the calls did. */
  stop(): Promise<void>
}

/** Lets so many callers call again and again, each waiting for its own call. `call` gets a running number. */
export function startLoad(count: number, call: (turn: number) => Promise<unknown>): Load {
  const calls: Call[] = []
  let isOver = false
  let turn = 0
  const caller = async () => {
    while (!isOver) {
      const startedAt = performance.now()
      await call(turn++)
      calls.push({ startedAt, endedAt: performance.now() })
    }
  }
  // What fails is told by `stop`; until then nobody waits for it.
  const ended = Promise.allSettled(Array.from({ length: count }, caller))
  return {
    latencies: (from, to) =>
      calls
        .filter(({ startedAt, endedAt }) => endedAt > from && startedAt < to)
        .map(({ startedAt, endedAt }) => endedAt - startedAt),
    stop: async () => {
      isOver = true
      for (const each of await ended) {
        if (each.status === 'rejected') throw each.reason
      }
    },
  }
}

/** The value that so many of a hundred do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN
}
