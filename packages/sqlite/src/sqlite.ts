/** The SQLite backend: who takes turns, and what runs on which connection. */

import {
  type Aggregation,
  type Backend,
  type BackendTransaction,
  type Capabilities,
  type Contents,
  type Counting,
  type CountQuestion,
  type Group,
  type Key,
  type Layout,
  type Outcome,
  type Query,
  type Reindexed,
  type SqliteOptions,
  StoreError,
  type Sweep,
} from '@coffer/core/backend'
import { batch } from './batch.ts'
import { retryWhileBusy } from './busy.ts'
import { checkStructure } from './check.ts'
import { checkpoint } from './checkpoint.ts'
import { type Connection, finalFailureError, finish, rollback, tryBegin } from './connection.ts'
import { type ContentsDoor, contentsOf, type Work } from './contents.ts'
import { isDatabaseFile, MEMORY_PATH } from './database-file.ts'
import { effectOf, PAGES_OF_OPERATION, pagesOf } from './effect.ts'
import { errorCode } from './error-code.ts'
import { applyGroup, applyUndoable } from './groups.ts'
import { inspect } from './inspection.ts'
import { layoutStatements, type StatementsOf } from './layout-statements.ts'
import { reindexRows, sweepRows } from './maintenance.ts'
import { mutex } from './mutex.ts'
import {
  closePlace,
  openPlace,
  openSnapshot,
  type Place,
  type ResolvedOptions,
  resolveOptions,
  whenFree,
} from './place.ts'
import { aggregateRows, countRows, readDocuments, readKeys, readPage, tenantsOf } from './reads.ts'
import type { Room } from './room.ts'
import { changeSchema, checkUsable, schemaDifference } from './schema.ts'
import { sortingOnDisk } from './sorting.ts'
import { formatOf, type Schema, schema } from './stored-schema.ts'
import { readOnlyError, runTransaction } from './transaction.ts'
import { TransactionRoom } from './transaction-room.ts'

/** A backend that can be asked about its file. */
export interface SqliteBackend extends Backend {
  /**
   * Lets SQLite check the whole database: its pages, that each index has what its table has, and the types of
   * columns. What a record says is `verify`'s to check. Reads everything, and blocks the thread while it does.
   *
   * @returns what is wrong, in SQLite's words, at most 100; empty when nothing is
   */
  check(): Promise<readonly string[]>
}

/**
 * A backend on an SQLite database file, or in memory with the path `:memory:`. Nothing is touched before
 * the store is opened.
 *
 * Several processes may use one file. The database is in WAL mode; beside the file stand `-wal` and `-shm`
 * while it is open. No program may copy or replace these files while a store is open.
 *
 * @throws `INVALID_ARGUMENT` for options that are unknown or not valid
 */
export function sqlite(options: SqliteOptions): SqliteBackend {
  const resolved = resolveOptions(options)
  if (resolved.readOnly && resolved.path === MEMORY_PATH) {
    throw new StoreError(
      'INVALID_ARGUMENT',
      'sqlite: a database in memory is empty and has nothing to read',
      {
        backend: 'sqlite',
      },
    )
  }
  return new OwnBackend(resolved)
}

class OwnBackend implements SqliteBackend {
  readonly name = 'sqlite'
  readonly readOnly: boolean
  readonly capabilities: Capabilities
  readonly errorCode = errorCode
  readonly contents: Contents
  readonly #options: ResolvedOptions
  readonly #schema: Schema
  readonly #statementsOf: StatementsOf
  /** Turns at the writer; in memory at the only connection. */
  readonly #turn = mutex()
  readonly #isMemory: boolean
  /** Whoever works beside the writer on a connection of its own. */
  readonly #beside = new Set<Promise<unknown>>()
  #place: Place | undefined

  constructor(options: ResolvedOptions) {
    const prefix = options.tablePrefix ?? ''
    this.#options = options
    this.readOnly = options.readOnly
    this.#isMemory = options.path === MEMORY_PATH
    this.#schema = schema(prefix)
    this.#statementsOf = layoutStatements(prefix)
    this.capabilities = Object.freeze({
      durability: this.#isMemory ? 'none' : options.durability,
      persistent: !this.#isMemory,
      sharing: this.#isMemory ? 'none' : 'processes',
      readsBesideTransaction: !this.#isMemory,
      // One read transaction for many keys: its locks cost as much as reading a row.
      joinReads: !this.#isMemory,
      savepoints: true,
      // One connection writes, and every call of it blocks the thread.
      lanes: 1,
      contents: true,
    })
    this.contents = contentsOf(this.#contentsDoor())
  }

  async isThere(): Promise<boolean> {
    if (this.#isMemory || this.#place !== undefined) return true
    if (!isDatabaseFile(this.#options.path)) return false
    // The database of another program, in which nothing is Coffer's yet, is left as it is.
    const place = await openPlace({ ...this.#options, readOnly: true }, this.#schema)
    try {
      return formatOf(place.reader, this.#schema) !== null
    } finally {
      closePlace(place, true)
    }
  }

  async open(layouts: readonly Layout[]): Promise<readonly string[]> {
    return this.#inTurn(async () => {
      const isFirst = this.#place === undefined
      this.#place ??= await openPlace(this.#options, this.#schema)
      try {
        return await this.#openLayouts(layouts)
      } catch (error) {
        const { finalFailure } = this.#place.writer
        if (finalFailure === undefined) throw error
        // Nobody has used it yet: the next attempt begins anew.
        if (isFirst) this.#close()
        throw finalFailureError(finalFailure)
      }
    })
  }

  async #openLayouts(layouts: readonly Layout[]): Promise<readonly string[]> {
    const writer = this.#writer()
    const { busyTimeoutMs, readOnly, migrate } = this.#options
    const compare = () => schemaDifference(writer, this.#schema, layouts)
    const difference = await whenFree(compare, busyTimeoutMs)
    if (readOnly || migrate === 'verify') return checkUsable(difference, readOnly)
    if (difference.changed.length === 0 && difference.lacking.length === 0) return difference.stale
    const run = () => changeSchema(writer, this.#schema, layouts)
    const change: Work<readonly string[]> = { run, effect: () => 'stores', pages: () => layouts.length }
    const work = () => this.#immediate(this.#opened(), change)
    return this.#isMemory ? work() : sortingOnDisk(writer, work)
  }

  async close(): Promise<void> {
    while (this.#beside.size > 0) await Promise.allSettled(this.#beside)
    await this.#inTurn(() => this.#close())
  }

  #close(): void {
    const place = this.#place
    this.#place = undefined
    if (place !== undefined) closePlace(place, this.#options.readOnly)
  }

  read(layout: Layout, keys: readonly Key[]) {
    return this.#reading((reader) => readKeys(reader, this.#statementsOf, layout, keys))
  }

  query(layout: Layout, query: Query, at: number) {
    return this.#reading((reader) => readPage(reader, this.#statementsOf, layout, query, at))
  }

  documents(layout: Layout, query: Query, at: number) {
    return this.#reading((reader) => readDocuments(reader, this.#statementsOf, layout, query, at))
  }

  count(layout: Layout, question: CountQuestion, at: number) {
    return this.#reading((reader) => countRows(reader, this.#statementsOf, layout, question, at))
  }

  aggregate(layout: Layout, aggregation: Aggregation, at: number) {
    return this.#reading((reader) => aggregateRows(reader, this.#statementsOf, layout, aggregation, at))
  }

  tenants(layout: Layout) {
    return this.#reading((reader) => tenantsOf(reader, this.#statementsOf, layout))
  }

  check() {
    return this.#reading(checkStructure)
  }

  async inspect(counting?: Counting) {
    const { path, writer } = this.#opened()
    const place = { path, writer, options: this.#options, schema: this.#schema, counting }
    return this.#reading((reader) => inspect({ ...place, reader }))
  }

  write(groups: readonly Group[], at: number): Promise<readonly Outcome[]> {
    const run = (writer: Connection): readonly Outcome[] => {
      const work = batch(writer, this.#statementsOf, this.#schema.own, at)
      const [only] = groups
      if (groups.length !== 1 || only === undefined) return groups.map((group) => applyUndoable(work, group))
      const outcome = applyGroup(work, only)
      // The transaction itself is the undo of a group that is alone in it.
      if (!outcome.ok) rollback(writer)
      return [outcome]
    }
    return this.#writing({ run, effect: () => effectOf(groups), pages: () => pagesOf(groups) })
  }

  async transaction<T>(work: (transaction: BackendTransaction) => Promise<T>): Promise<T> {
    const { readOnly } = this.#options
    return this.#inTransaction((connection, room) => {
      const place = { connection, statementsOf: this.#statementsOf, own: this.#schema.own, readOnly, room }
      return runTransaction(place, work)
    })
  }

  /** Gives work the turn at the writer and a transaction, which the work ends. */
  async #inTransaction<T>(
    work: (connection: Connection, room: TransactionRoom | undefined) => Promise<T>,
  ): Promise<T> {
    return this.#inTurn(() => this.#transaction(work))
  }

  async #transaction<T>(
    work: (connection: Connection, room: TransactionRoom | undefined) => Promise<T>,
  ): Promise<T> {
    const { room: disk } = this.#opened()
    const room = disk && new TransactionRoom(disk)
    let failure: unknown
    try {
      const connection = this.#writer()
      const waiting = this.#begin(connection)
      if (waiting !== undefined) await waiting
      return await work(connection, room)
    } catch (error) {
      failure = error
      throw error
    } finally {
      room?.end(failure)
    }
  }

  #contentsDoor(): ContentsDoor {
    return {
      schema: this.#schema,
      statementsOf: this.#statementsOf,
      reading: (work) => this.#reading(work),
      writing: (work) => this.#writing(work),
      beside: (work) => this.#workBeside(work),
      replacing: async (work) => {
        if (this.#options.readOnly) throw readOnlyError()
        if (this.#isMemory) return this.#inTransaction(work)
        const run = async (connection: Connection, room: TransactionRoom | undefined) => {
          const result = await work(connection, room)
          // The log is as large as all that was loaded.
          checkpoint(connection, 'TRUNCATE')
          return result
        }
        return this.#inTurn(() => sortingOnDisk(this.#writer(), () => this.#transaction(run)))
      },
    }
  }

  /** Works on a connection of its own that stays at one state; the store is not closed meanwhile. */
  async #workBeside<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const open = () => openSnapshot(this.#opened(), this.#options, this.#schema)
    const run = async () => {
      // What is in memory is copied between two transactions.
      const connection = await (this.#isMemory ? this.#inTurn(open) : open())
      try {
        return await work(connection)
      } finally {
        connection.close()
      }
    }
    const running = run()
    this.#beside.add(running)
    try {
      return await running
    } finally {
      this.#beside.delete(running)
    }
  }

  async sweep(layout: Layout, sweep: Sweep, limit: number, at: number) {
    for (let most = limit; ; most = Math.ceil(most / 2)) {
      try {
        const run = () => sweepRows(this.#maintenance(), layout, sweep, most, at)
        return await this.#writing({ run, effect: () => 'removes', pages: () => most })
      } catch (error) {
        // On a full disk there may be room for the removal of a few.
        if (errorCode(error) !== 'NO_SPACE' || most === 1) throw error
      }
    }
  }

  async reindex(layout: Layout, rows: readonly Reindexed[], finished: boolean): Promise<void> {
    const run = () => reindexRows(this.#maintenance(), layout, rows, finished)
    await this.#writing({ run, effect: () => 'stores', pages: () => rows.length * PAGES_OF_OPERATION })
  }

  #maintenance() {
    return { connection: this.#writer(), statementsOf: this.#statementsOf, own: this.#schema.own }
  }

  #opened(): Place {
    if (this.#place === undefined) {
      throw new StoreError('CLOSED', 'the database is not open', { backend: 'sqlite' })
    }
    const { finalFailure } = this.#place.writer
    if (finalFailure !== undefined) throw finalFailureError(finalFailure)
    return this.#place
  }

  #writer(): Connection {
    return this.#opened().writer
  }

  /** Reads beside the writer; in memory, in turn with it. */
  async #reading<T>(work: (reader: Connection) => T): Promise<T> {
    if (this.#isMemory) return this.#inTurn(() => work(this.#opened().reader))
    try {
      return work(this.#opened().reader)
    } catch (error) {
      if (errorCode(error) !== 'BUSY') throw error
    }
    return retryWhileBusy(() => work(this.#opened().reader), this.#options.busyTimeoutMs)
  }

  /** Runs synchronous work as one transaction of the writer, at once when nobody is in the way. */
  async #writing<T>(work: Work<T>): Promise<T> {
    if (this.#options.readOnly) throw readOnlyError()
    const turn = this.#turn.acquire()
    if (turn !== undefined) await turn
    try {
      return await this.#immediate(this.#opened(), work)
    } finally {
      this.#turn.release()
    }
  }

  /** As `#writing`, by a caller who has the turn. What meets a full disk is tried once more. */
  async #immediate<T>({ writer, room }: Place, { run, effect, pages }: Work<T>): Promise<T> {
    let result: T
    try {
      const waiting = this.#begin(writer)
      if (waiting !== undefined) await waiting
      result = finish(writer, run)
    } catch (error) {
      if (room === undefined || errorCode(error) !== 'NO_SPACE') throw error
      return this.#again(room, { run, effect })
    }
    room?.committed(pages())
    return result
  }

  async #again<T>(room: Room, { run, effect }: Pick<Work<T>, 'run' | 'effect'>): Promise<T> {
    room.prepare(effect())
    try {
      const writer = this.#writer()
      const waiting = this.#begin(writer)
      if (waiting !== undefined) await waiting
      return finish(writer, run, () => room.makeRoomForLog())
    } finally {
      room.restore()
    }
  }

  /** Begins a transaction at once and answers `undefined`, or answers a promise of its beginning. */
  #begin(connection: Connection): Promise<void> | undefined {
    const { readOnly, busyTimeoutMs } = this.#options
    const kind = readOnly ? 'BEGIN' : 'BEGIN IMMEDIATE'
    if (tryBegin(connection, kind)) return undefined
    return retryWhileBusy(() => void connection.run(kind, []), busyTimeoutMs)
  }

  async #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const turn = this.#turn.acquire()
    if (turn !== undefined) await turn
    try {
      return await work()
    } finally {
      this.#turn.release()
    }
  }
}
