/** The SQLite backend: who takes turns, and what runs on which connection. */

import {
  type Backend,
  type BackendTransaction,
  type Capabilities,
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
import { type Connection, commit, rollback, tryBegin } from './connection.ts'
import { MEMORY_PATH } from './database-file.ts'
import { errorCode } from './error-code.ts'
import { applyGroup, applyUndoable } from './groups.ts'
import { layoutStatements, type StatementsOf } from './layout-statements.ts'
import { reindexRows, sweepRows } from './maintenance.ts'
import { mutex } from './mutex.ts'
import { closePlace, openPlace, type Place, type ResolvedOptions, resolveOptions, whenFree } from './place.ts'
import { countRows, readDocuments, readKeys, readPage, tenantsOf } from './reads.ts'
import { changeSchema, type Schema, schema, schemaDifference } from './schema.ts'
import { readOnlyError, runTransaction } from './transaction.ts'

/**
 * A backend on an SQLite database file, or in memory with the path `:memory:`. Nothing is touched before
 * the store is opened.
 *
 * Several processes may use one file. The database is in WAL mode; beside the file stand `-wal` and `-shm`
 * while it is open. No program may copy or replace these files while a store is open.
 *
 * @throws `INVALID_ARGUMENT` for options that are unknown or not valid
 */
export function sqlite(options: SqliteOptions): Backend {
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
  return new SqliteBackend(resolved)
}

class SqliteBackend implements Backend {
  readonly name = 'sqlite'
  readonly capabilities: Capabilities
  readonly errorCode = errorCode
  readonly #options: ResolvedOptions
  readonly #schema: Schema
  readonly #statementsOf: StatementsOf
  /** Turns at the writer; in memory at the only connection. */
  readonly #turn = mutex()
  readonly #isMemory: boolean
  #place: Place | undefined

  constructor(options: ResolvedOptions) {
    const prefix = options.tablePrefix ?? ''
    this.#options = options
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
    })
  }

  async open(layouts: readonly Layout[]): Promise<readonly string[]> {
    return this.#inTurn(async () => {
      this.#place ??= await openPlace(this.#options, this.#schema)
      const { writer } = this.#place
      const { busyTimeoutMs, readOnly } = this.#options
      const { changed, stale } = await whenFree(
        () => schemaDifference(writer, this.#schema, layouts),
        busyTimeoutMs,
      )
      if (readOnly) return checkReadable([...changed.map((layout) => layout.name), ...stale])
      if (changed.length === 0) return stale
      return this.#immediate(writer, () => changeSchema(writer, this.#schema, layouts))
    })
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      const place = this.#place
      this.#place = undefined
      if (place !== undefined) closePlace(place, this.#options.readOnly)
    })
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

  tenants(layout: Layout) {
    return this.#reading((reader) => tenantsOf(reader, this.#statementsOf, layout))
  }

  write(groups: readonly Group[], at: number): Promise<readonly Outcome[]> {
    return this.#writing((writer) => {
      const work = batch(writer, this.#statementsOf, this.#schema.own, at)
      const [only] = groups
      if (groups.length !== 1 || only === undefined) return groups.map((group) => applyUndoable(work, group))
      const outcome = applyGroup(work, only)
      // The transaction itself is the undo of a group that is alone in it.
      if (!outcome.ok) rollback(writer)
      return [outcome]
    })
  }

  async transaction<T>(work: (transaction: BackendTransaction) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      const connection = this.#writer()
      const { readOnly } = this.#options
      const waiting = this.#begin(connection)
      if (waiting !== undefined) await waiting
      const place = { connection, statementsOf: this.#statementsOf, own: this.#schema.own, readOnly }
      return runTransaction(place, work)
    })
  }

  sweep(layout: Layout, sweep: Sweep, limit: number, at: number) {
    return this.#writing(() => sweepRows(this.#maintenance(), layout, sweep, limit, at))
  }

  async reindex(layout: Layout, rows: readonly Reindexed[], finished: boolean): Promise<void> {
    await this.#writing(() => reindexRows(this.#maintenance(), layout, rows, finished))
  }

  #maintenance() {
    return { connection: this.#writer(), statementsOf: this.#statementsOf, own: this.#schema.own }
  }

  #opened(): Place {
    if (this.#place !== undefined) return this.#place
    throw new StoreError('CLOSED', 'the database is not open', { backend: 'sqlite' })
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
  async #writing<T>(work: (writer: Connection) => T): Promise<T> {
    if (this.#options.readOnly) throw readOnlyError()
    const turn = this.#turn.acquire()
    if (turn !== undefined) await turn
    try {
      const writer = this.#writer()
      const waiting = this.#begin(writer)
      if (waiting !== undefined) await waiting
      return finish(writer, () => work(writer))
    } finally {
      this.#turn.release()
    }
  }

  /** As `#writing`, by a caller who has the turn. */
  async #immediate<T>(writer: Connection, work: () => T): Promise<T> {
    const waiting = this.#begin(writer)
    if (waiting !== undefined) await waiting
    return finish(writer, work)
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

/** Ends the open transaction as its work ends, unless the work has ended it. */
function finish<T>(connection: Connection, work: () => T): T {
  try {
    const result = work()
    if (connection.inTransaction) commit(connection)
    return result
  } finally {
    rollback(connection)
  }
}

function checkReadable(names: readonly string[]): readonly string[] {
  if (names.length === 0) return []
  throw new StoreError(
    'UNSUPPORTED',
    `the database has no table, or one of another form, for ${names.join(', ')}: ` +
      'open it once without readOnly, so that it can be made',
    { backend: 'sqlite' },
  )
}
