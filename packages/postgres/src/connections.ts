/**
 * The connections of one store.
 *
 * With a pool of its own a store has two: readers, and writers whose sessions are serializable by default,
 * so that one statement alone is a whole transaction in one round trip. Reads never wait for transactions
 * then. A pool that is lent, a pooler between, or a single connection have one pool for all, and every
 * transaction says what it is.
 */

import { type ConnectionStatistics, StoreError } from '@coffer/core/backend'
import { borrow, giveBack } from './lent-pool.ts'
import type { ResolvedOptions } from './options.ts'
import { type OwnPool, ownPool, poolApart } from './own-pool.ts'
import { PoolDoor, type Purpose } from './pool-door.ts'
import type { Command, Session, SessionSettings } from './session.ts'
import { statementNames } from './statement-names.ts'

/** How long past the server's own bound a silent server is waited for, in milliseconds; never longer than the bound. */
const GRACE_MS = 5_000
const LEAST_GRACE_MS = 500

/** The part of an own pool's connections that reads have for themselves. */
const READERS_SHARE = 0.4

/** Connections by what they are used for. Each call takes one, and gives it back when its work ends. */
export interface Connections {
  /** How many connections there may be. */
  readonly max: number
  /** The commands that begin a transaction that writes, with its bounds where the session has none. */
  begin(isolation: 'SERIALIZABLE' | 'READ COMMITTED'): readonly Command[]
  /** True where a statement alone is a serializable transaction with its bounds. */
  readonly isSerializable: boolean
  reading<T>(work: (session: Session) => Promise<T>): Promise<T>
  /** As `reading`, for work that ends by itself. While there is another connection, one is left for reads. */
  writing<T>(work: (session: Session) => Promise<T>): Promise<T>
  /** As `writing`, for transactions that wait for their caller: they leave one for other writes, too. */
  transacting<T>(work: (session: Session) => Promise<T>): Promise<T>
  /**
   * Works on a connection beside all others, closed afterwards: for work that takes long, so that it can't leave
   * a small pool without connections. Where no such connection can be made it is one of the lent pool.
   */
  apart<T>(work: (session: Session) => Promise<T>): Promise<T>
  /** True where what is set on the session of `apart` stays with it, and goes with it. */
  readonly keepsSessions: boolean
  /** The connections at this moment. */
  readonly statistics: ConnectionStatistics
  /** Waits for work that is going on, then ends what is the store's own. Before the first work it does nothing. */
  close(): Promise<void>
}

/** The connections that the options ask for. None is made before it is needed. */
export function connections(options: ResolvedOptions): Connections {
  return new StoreConnections(options)
}

/** The ways to the connections, and what ends them. */
interface Doors {
  readonly readers: PoolDoor
  readonly writers: PoolDoor
  end(): Promise<void>
}

class StoreConnections implements Connections {
  readonly max: number
  readonly isSerializable: boolean
  readonly keepsSessions: boolean
  readonly #bounds: readonly Command[]
  readonly #options: ResolvedOptions
  readonly #settings: SessionSettings
  #doors: Doors | undefined
  #active = 0
  #onIdle: () => void = () => undefined
  #closing: Promise<void> | undefined

  constructor(options: ResolvedOptions) {
    const { lent, max, pooler, statementTimeoutMs } = options
    const isShared = lent !== undefined || pooler !== undefined || max < 2
    this.max = lent?.options.max ?? max
    this.isSerializable = !isShared
    this.keepsSessions = pooler === undefined && (lent === undefined || 'Client' in lent)
    this.#bounds = isShared ? [boundsCommand(options)] : []
    this.#options = options
    this.#settings = {
      nameOf: pooler === undefined ? statementNames() : () => undefined,
      silenceMs: statementTimeoutMs + Math.min(GRACE_MS, Math.max(LEAST_GRACE_MS, statementTimeoutMs)),
    }
  }

  begin(isolation: 'SERIALIZABLE' | 'READ COMMITTED'): readonly Command[] {
    return [{ text: `BEGIN ISOLATION LEVEL ${isolation}` }, ...this.#bounds]
  }

  reading<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#within('reading', work)
  }

  writing<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#within('writing', work)
  }

  transacting<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#within('transacting', work)
  }

  async apart<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#working(async () => {
      const own = poolApart(this.#options)
      if (own === undefined) return this.#through('transacting', work)
      const { connectTimeoutMs } = this.#options
      try {
        return await new PoolDoor(own.pool, true).within('reading', this.#settings, connectTimeoutMs, work)
      } finally {
        await own.end(connectTimeoutMs)
      }
    })
  }

  get statistics(): ConnectionStatistics {
    const { readers, writers } = this.#doors ?? {}
    const doors = new Set([readers, writers].filter((door) => door !== undefined))
    const sum = { used: 0, idle: 0, waiting: 0, max: this.max }
    for (const { statistics } of doors) {
      sum.used += statistics.used
      sum.idle += statistics.idle
      sum.waiting += statistics.waiting
    }
    return sum
  }

  close(): Promise<void> {
    if (this.#doors === undefined) return Promise.resolve()
    this.#closing ??= this.#closeNow(this.#doors)
    return this.#closing
  }

  async #closeNow(doors: Doors): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
      if (this.#active === 0) resolve()
    })
    await doors.end()
  }

  #within<T>(purpose: Purpose, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#working(() => this.#through(purpose, work))
  }

  #through<T>(purpose: Purpose, work: (session: Session) => Promise<T>): Promise<T> {
    this.#doors ??= this.#openDoors()
    const door = purpose === 'reading' ? this.#doors.readers : this.#doors.writers
    return door.within(purpose, this.#settings, this.#options.connectTimeoutMs, work)
  }

  /** What closing waits for. */
  async #working<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) {
      throw new StoreError('CLOSED', 'the store is closed', { backend: 'postgresql' })
    }
    this.#active++
    try {
      return await work()
    } finally {
      this.#active--
      if (this.#active === 0) this.#onIdle()
    }
  }

  #openDoors(): Doors {
    const { lent, max, min, connectTimeoutMs } = this.#options
    if (lent !== undefined) {
      const door = borrow(lent)
      return { readers: door, writers: door, end: async () => giveBack(lent) }
    }
    const end = async (...pools: readonly OwnPool[]) => {
      await Promise.all(pools.map((each) => each.end(connectTimeoutMs)))
    }
    if (!this.isSerializable) {
      const own = ownPool(this.#options, { max, min }, [])
      const door = new PoolDoor(own.pool, true)
      return { readers: door, writers: door, end: () => end(own) }
    }
    const readersMax = Math.max(1, Math.floor(max * READERS_SHARE))
    const readersMin = Math.floor((min * readersMax) / max)
    const bounds = sessionParameters(this.#options)
    const readers = ownPool(this.#options, { max: readersMax, min: readersMin }, bounds)
    const serializable = [...bounds, 'default_transaction_isolation=serializable', STEP_INTO_INDEXES]
    const writersSize = { max: max - readersMax, min: min - readersMin }
    const writers = ownPool(this.#options, writersSize, serializable)
    return {
      readers: new PoolDoor(readers.pool, true),
      writers: new PoolDoor(writers.pool, false),
      end: () => end(readers, writers),
    }
  }
}

/**
 * A serializable transaction that reads a small table from end to end is in conflict with everybody who writes
 * to it. Every question names a tenant, so an index can always answer. Measured with four writers of distinct
 * records in a table of one page: one transaction in five had to be repeated, and with this one in 200.
 */
const STEP_INTO_INDEXES = 'enable_seqscan=off'

/** What a session of our own has set from its beginning. */
function sessionParameters(options: ResolvedOptions): readonly string[] {
  return [
    `statement_timeout=${options.statementTimeoutMs}`,
    `lock_timeout=${options.lockTimeoutMs}`,
    `idle_in_transaction_session_timeout=${options.statementTimeoutMs}`,
    ...(options.durability === 'process' ? ['synchronous_commit=off'] : []),
  ]
}

/** Sessions that are not ours alone are bounded transaction by transaction. */
function boundsCommand(options: ResolvedOptions): Command {
  const settings = [...sessionParameters(options), STEP_INTO_INDEXES].map((each) => `SET LOCAL ${each}`)
  return { text: settings.join('; ') }
}
