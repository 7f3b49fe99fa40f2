/**
 * The way into a pool: so many calls at once as it has connections, the others in a bounded line. Whoever
 * may have to wait for somebody else while it holds a connection leaves some for those who do not.
 */

import type { ConnectionStatistics } from '@coffer/core/backend'
import type { Pool } from 'pg'
import { failureOf } from './failure.ts'
import { hasOpenTransaction, Session, type SessionSettings } from './session.ts'
import { type Turnstile, turnstile } from './turnstile.ts'

/**
 * What a connection is wanted for. A read waits for nobody. Writing waits for the locks of others, which may
 * be held by a transaction whose callback waits for a read. A transaction waits for its callback.
 */
export type Purpose = 'reading' | 'writing' | 'transacting'

export class PoolDoor {
  readonly pool: Pool
  readonly #ways: Readonly<Record<Purpose, readonly Turnstile[]>>
  readonly #turnstiles: readonly Turnstile[]

  /** @param isShared true where reads come through this door as well */
  constructor(pool: Pool, isShared: boolean) {
    const { max } = pool.options
    const writing = Math.max(1, isShared ? max - 1 : max)
    const all = turnstile(max)
    const writers = turnstile(writing)
    const transactions = turnstile(Math.max(1, writing - 1))
    // Everybody passes them in this order, so nobody waits in a ring.
    this.#ways = {
      reading: [all],
      writing: [writers, all],
      transacting: [transactions, writers, all],
    }
    this.#turnstiles = [transactions, writers, all]
    this.pool = pool
  }

  /** Its connections at this moment, and who waits for one. */
  get statistics(): ConnectionStatistics {
    const { totalCount, idleCount, waitingCount, options } = this.pool
    const atTheDoor = this.#turnstiles.reduce((sum, { waiting }) => sum + waiting, 0)
    return {
      used: totalCount - idleCount,
      idle: idleCount,
      waiting: atTheDoor + waitingCount,
      max: options.max,
    }
  }

  /**
   * Works on a connection and gives it back.
   *
   * @param timeoutMs how long a connection may be waited for
   * @throws `TIMEOUT` or `LIMIT_EXCEEDED` when none could be had, and what connecting fails with
   */
  async within<T>(
    purpose: Purpose,
    settings: SessionSettings,
    timeoutMs: number,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const leave = await enter(this.#ways[purpose], timeoutMs)
    const session = await checkOut(this.pool, settings, timeoutMs, leave)
    try {
      return await work(session)
    } finally {
      session.release()
      leave()
    }
  }
}

async function enter(way: readonly Turnstile[], timeoutMs: number): Promise<() => void> {
  const deadline = performance.now() + timeoutMs
  const entered: Turnstile[] = []
  const leave = () => {
    for (const each of entered) each.leave()
  }
  try {
    for (const each of way) {
      const turn = each.enter(deadline - performance.now())
      if (turn !== undefined) await turn
      entered.push(each)
    }
    return leave
  } catch (error) {
    leave()
    throw error
  }
}

/**
 * Takes a connection out of the pool. A pool that is lent may wait without bound; one that comes too late goes
 * back at once, and its place is taken until then.
 *
 * @param leave called when there is no session and the pool is done with the request
 */
function checkOut(
  pool: Pool,
  settings: SessionSettings,
  timeoutMs: number,
  leave: () => void,
): Promise<Session> {
  return new Promise((resolve, reject) => {
    let isLate = false
    const refuse = (cause: unknown) => reject(failureOf(cause))
    const isBounded = (pool.options.connectionTimeoutMillis ?? 0) > 0
    const timer = isBounded
      ? undefined
      : setTimeout(() => {
          isLate = true
          refuse(new Error('timeout exceeded when trying to connect'))
        }, timeoutMs)
    const fail = (cause: unknown) => {
      clearTimeout(timer)
      leave()
      refuse(cause)
    }
    const ask = () => {
      // A promise would be one turn too late for a connection that breaks in the same moment.
      pool.connect((cause, client) => {
        if (client !== undefined && !isLate) {
          // Whoever had it before gave it back in the middle of a transaction.
          if (hasOpenTransaction(client)) {
            client.release(true)
            ask()
            return
          }
          clearTimeout(timer)
          resolve(new Session(client, settings))
          return
        }
        client?.release()
        fail(cause)
      })
    }
    try {
      ask()
    } catch (cause) {
      // The driver reads certificates, and checks the address, before it connects.
      fail(cause)
    }
  })
}
