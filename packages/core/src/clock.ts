/** Time, as a store sees it. Injectable, so that expiry can be tested without waiting. */

/** Tells the time in milliseconds since 1970-01-01T00:00:00Z. */
export interface Clock {
  now(): number
}

/** The clock of the system, which may be set back or forward while the process runs. */
export const systemClock: Clock = { now: () => Date.now() }
