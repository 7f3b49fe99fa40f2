/** A replica: a server that may lag behind, asked only by reads that say they can bear it. */

import { type ErrorCode, isStoreError } from '@coffer/core/backend'
import { sqlState } from './error-code.ts'
import type { Place } from './place.ts'
import type { Session } from './session.ts'

/** How long a replica that failed is left alone, in milliseconds: a host that is gone takes long to say so. */
const REST_MS = 5_000

/**
 * Failures after which the primary answers in its place: the replica is gone, it cancelled a query that stood in
 * the way of its catching up, or it has not got a table yet. What is wrong in the configuration is told.
 */
const PASSED_OVER: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'CONFLICT', 'UNSUPPORTED', 'TIMEOUT'])

/** Cancelled by statement_timeout: asking the primary too would only double the load. */
const CANCELLED = '57014'

export class Replica {
  readonly #place: Place
  #restsUntil = 0

  constructor(place: Place) {
    this.#place = place
  }

  /** Answers from the replica, or `undefined` when it can't and the primary should. */
  async read<T>(
    work: (place: Place, session: Session) => Promise<T>,
  ): Promise<{ readonly value: T } | undefined> {
    if (performance.now() < this.#restsUntil) return undefined
    try {
      return { value: await this.#place.connections.reading((session) => work(this.#place, session)) }
    } catch (error) {
      if (!isStoreError(error) || !PASSED_OVER.has(error.code) || sqlState(error.cause) === CANCELLED)
        throw error
      this.#restsUntil = performance.now() + REST_MS
      return undefined
    }
  }

  close(): Promise<void> {
    return this.#place.connections.close()
  }
}
