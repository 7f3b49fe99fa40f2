/** Time, as a store sees it. Injectable, so that expiry can be tested without waiting. */

/** Tells the time in milliseconds since 1970-01-01T00:00:00Z. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
