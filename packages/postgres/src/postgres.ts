/** The PostgreSQL backend: what runs on which connection, and what is tried again. */

import { setTimeout as pause } from 'node:timers/promises'
import {
  type Aggregation,
  type Backend,
  type BackendTransaction,
  type Capabilities,
  type ChangedKey,
  type ConnectionStatistics,
  type Contents,
  type Counting,
  type CountQuestion,
  type Group,
  type Inspection,
  isStoreError,
  type Key,
  type Layout,
  type Outcome,
  type PostgresOptions,
  type Query,
  type ReadOptions,
  type Reindexed,
  type Sweep,
} from '@coffer/core/backend'
import { writeBatch } from './batch.ts'
import { confined, unconfined } from './confine.ts'
import { connections } from './connections.ts'
import { contentsOf } from './contents.ts'
import { errorCode } from './error-code.ts'
import { Floors } from './floors.ts'
import { inspectPlace } from './inspecting.ts'
import { layoutStatements } from './layout-statements.ts'
import { Listener } from './listener.ts'
import { listeningClients } from './listening-client.ts'
import { reindexRows, sweepRows } from './maintenance.ts'
import { Notifications } from './notifications.ts'
import { openSchema } from './opening.ts'
import { type ResolvedOptions, resolveOptions } from './options.ts'
import type { Place } from './place.ts'
import { aggregateRows, countRows, readDocuments, readKeys, readPage, tenantsOf } from './reads.ts'
import { Replica } from './replica.ts'
import { schema } from './schema.ts'
import type { Session } from './session.ts'
import { readOnlyError, runTransaction } from './transaction.ts'

/**
 * A backend on a PostgreSQL database, version 14 or later. Nothing is connected before the store is opened.
 *
 * Any number of processes may use one database. What Coffer stores is in a schema of its own, one table for
 * each collection, made when it is missing.
 *
 * @throws `INVALID_ARGUMENT` for options that are unknown or not valid
 */
export function postgres(options: PostgresOptions = {}): Backend {
  return new PostgresBackend(resolveOptions(options))
}

/** How often a batch is tried when it conflicts with transactions of others. */
const MAX_ATTEMPTS = 20
/** The longest pause before the second try, in milliseconds; it doubles with every further one up to the bound. */
const FIRST_PAUSE_MS = 2
const LONGEST_PAUSE_MS = 100

class PostgresBackend implements Backend {
  readonly name = 'postgresql'
  readonly readOnly: boolean
  readonly capabilities: Capabilities
  readonly contents: Contents
  readonly errorCode = errorCode
  readonly #options: ResolvedOptions
  readonly #place: Place
  /** For reads that may lag behind. */
  readonly #replica: Replica | undefined
  #listener: Listener | undefined
  #isReady = false

  constructor(options: ResolvedOptions) {
    this.#options = options
    this.readOnly = options.readOnly
    const own = schema(options.schema)
    const place: Place = {
      connections: connections(options),
      schema: own,
      statementsOf: layoutStatements(own),
      floors: new Floors(own.floors),
      confinement: options.rowLevelSecurity ? confined : unconfined,
      notifications: new Notifications(own.name, options.notify === true),
      isReadOnly: options.readOnly,
    }
    this.#place = place
    this.#replica = options.replica && new Replica({ ...place, connections: connections(options.replica) })
    this.capabilities = Object.freeze({
      durability: options.durability,
      persistent: true,
      sharing: 'processes',
      readsBesideTransaction: place.connections.max > 1,
      joinReads: true,
      savepoints: true,
      lanes: 2,
      contents: true,
    })
    this.contents = contentsOf(place, options, {
      reading: (work) => this.#reading(undefined, (_place, session) => work(session)),
      writing: (work) => this.#writing(work),
    })
  }

  async open(layouts: readonly Layout[]): Promise<readonly string[]> {
    const awaiting = await openSchema(this.#place, this.#options, layouts, !this.#isReady)
    this.#isReady = true
    return awaiting
  }

  async close(): Promise<void> {
    await Promise.all([this.#place.connections.close(), this.#replica?.close(), this.#listener?.close()])
  }

  /** Listens on the primary, and from now on tells others, too: whoever has a cache expects it of them. */
  watch(onChange: (changed: readonly ChangedKey[] | undefined) => void): void {
    const { notify, rowLevelSecurity, connectTimeoutMs } = this.#options
    const makeClient = (notify ?? !rowLevelSecurity) ? listeningClients(this.#options) : undefined
    if (makeClient === undefined) return
    const { notifications } = this.#place
    notifications.isOn = true
    this.#listener = new Listener({
      makeClient,
      channel: notifications.channel,
      timeoutMs: connectTimeoutMs,
      onText: (text) => {
        const hint = notifications.read(text)
        if (hint === undefined) return
        // Whoever has replaced everything has taken the floors away, too.
        if (hint.changed === undefined) this.#place.floors.forget()
        onChange(hint.changed)
      },
      onGap: () => {
        this.#place.floors.forget()
        onChange(undefined)
      },
    })
  }

  read(layout: Layout, keys: readonly Key[], options?: ReadOptions) {
    return this.#reading(options, (place, session) => readKeys(place, session, layout, keys))
  }

  query(layout: Layout, query: Query, at: number, options?: ReadOptions) {
    return this.#reading(options, (place, session) => readPage(place, session, layout, query, at))
  }

  documents(layout: Layout, query: Query, at: number, options?: ReadOptions) {
    return this.#reading(options, (place, session) => readDocuments(place, session, layout, query, at))
  }

  count(layout: Layout, question: CountQuestion, at: number, options?: ReadOptions) {
    return this.#reading(options, (place, session) => countRows(place, session, layout, question, at))
  }

  aggregate(layout: Layout, aggregation: Aggregation, at: number, options?: ReadOptions) {
    return this.#reading(options, (place, session) => aggregateRows(place, session, layout, aggregation, at))
  }

  tenants(layout: Layout) {
    return this.#reading(undefined, (place, session) => tenantsOf(place, session, layout))
  }

  write(groups: readonly Group[], at: number): Promise<readonly Outcome[]> {
    return this.#writing((session) => writeBatch(this.#place, session, groups, at))
  }

  transaction<T>(work: (transaction: BackendTransaction) => Promise<T>): Promise<T> {
    return this.#place.connections.transacting((session) => runTransaction(this.#place, session, work))
  }

  sweep(layout: Layout, sweep: Sweep, limit: number, at: number) {
    return this.#writing((session) => sweepRows(this.#place, session, layout, sweep, limit, at))
  }

  async reindex(layout: Layout, rows: readonly Reindexed[], finished: boolean): Promise<void> {
    await this.#writing((session) => reindexRows(this.#place, session, layout, rows, finished))
  }

  /** On a session that writes, for it is the one whose settings count. */
  inspect(counting?: Counting): Promise<Inspection> {
    const { connections } = this.#place
    return connections.writing((session) => inspectPlace(this.#place, session, this.#options, counting))
  }

  connectionStatistics(): ConnectionStatistics {
    return this.#place.connections.statistics
  }

  /** A read may be repeated: one that lost its connection is asked once more, on another. */
  async #reading<T>(
    options: ReadOptions | undefined,
    work: (place: Place, session: Session) => Promise<T>,
  ): Promise<T> {
    const answer = options?.consistency === 'eventual' ? await this.#replica?.read(work) : undefined
    if (answer !== undefined) return answer.value
    const read = () => this.#place.connections.reading((session) => work(this.#place, session))
    try {
      return await read()
    } catch (error) {
      if (!isStoreError(error, 'UNAVAILABLE')) throw error
      return read()
    }
  }

  /** Writes, again as a whole while it conflicts with others: nothing of a conflicting attempt has happened. */
  async #writing<T>(work: (session: Session) => Promise<T>): Promise<T> {
    if (this.#options.readOnly) throw readOnlyError()
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#place.connections.writing(work)
      } catch (error) {
        if (!isStoreError(error, 'CONFLICT') || attempt >= MAX_ATTEMPTS) throw error
        await pause(Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt))
      }
    }
  }
}
