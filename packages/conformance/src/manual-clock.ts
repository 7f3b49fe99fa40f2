import type { Clock } from '@coffer/core'

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #now: number

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  /** Moves on by milliseconds. */
  advance(milliseconds: number): void {
    this.#now += milliseconds
  }

  /** Moves to an instant in milliseconds, also backwards. */
  set(milliseconds: number): void {
    this.#now = milliseconds
  }
}
