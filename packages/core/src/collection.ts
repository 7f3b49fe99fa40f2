/** A collection of records, bound to a tenant and to a store or a transaction. */

import {
  type AggregateGroup,
  type AggregateOptions,
  type GroupBy,
  type MeasureBy,
  parseAggregate,
} from './aggregate.ts'
import { currentDocument, decodeRow, positionOfDocument } from './codec.ts'
import { sealCursor } from './cursor.ts'
import type { CollectionDefinition } from './definition.ts'
import type { Engine } from './engine.ts'
import { type Entry, type HistoryEntry, type RecordPage, toEntry } from './entry.ts'
import { invalid } from './errors.ts'
import type { Abortable, Executor, Reading } from './executor.ts'
import type { Filter } from './filter.ts'
import { parseFilter } from './filter.ts'
import type { JsonObject } from './json.ts'
import { type HistoryOptions, historyOf, recordAt } from './past.ts'
import {
  checkConsistency,
  checkOptionNames,
  type FindOptions,
  type ParsedQuery,
  parseQuery,
  visibilityOf,
} from './query.ts'
import { type DeleteTarget, Remover } from './remover.ts'
import { isVisible, type StoredRow } from './row.ts'
import { checkKey } from './text.ts'
import { checkVerifyOptions, type VerifyOptions, type VerifyReport, verifyRecords } from './verify.ts'
import type { DeleteOptions, WriteOptions } from './write-options.ts'
import { type Change, Writer } from './writer.ts'

/** What reads by key take. */
export interface GetOptions extends Reading {
  /** Whether a soft-deleted record is answered too. Default: false. */
  readonly includeDeleted?: boolean | undefined
}

/** What `count` and `exists` take beside the filter. */
export interface CountOptions extends Reading {
  readonly includeDeleted?: boolean | undefined
}

const GET_OPTIONS = ['includeDeleted', 'consistency', 'signal']

/**
 * Records of one kind and one tenant. Got from `store.collection(definition)`; cheap to make, holds nothing.
 *
 * Every method may fail with `CLOSED`, `TIMEOUT`, `UNAVAILABLE`, `BUSY`, `ABORTED` and, in a transaction,
 * `TRANSACTION_CLOSED`; arguments that can't be accepted fail with `INVALID_ARGUMENT` before any I/O.
 */
export class Collection<R, F extends string = string> {
  readonly definition: CollectionDefinition<R, F>
  readonly tenant: string
  readonly #engine: Engine
  readonly #executor: Executor
  readonly #writer: Writer<R>
  readonly #remover: Remover

  constructor(definition: CollectionDefinition<R, F>, engine: Engine, executor: Executor, tenant: string) {
    this.definition = definition
    this.tenant = tenant
    this.#engine = engine
    this.#executor = executor
    this.#writer = new Writer(definition, engine, executor, tenant)
    this.#remover = new Remover(definition, engine, executor, tenant)
  }

  get name(): string {
    return this.definition.name
  }

  // Reading

  /** The record with this key, or `undefined`. */
  get(key: string, options: GetOptions = {}): Promise<R | undefined> {
    return this.#observed('get', async () => {
      const row = await this.#row(key, options)
      return row && decodeRow(this.definition, row)
    })
  }

  /** As `get`, with the record's version and times. */
  getEntry(key: string, options: GetOptions = {}): Promise<Entry<R> | undefined> {
    return this.#observed('getEntry', async () => {
      const row = await this.#row(key, options)
      return row && toEntry(this.definition, row)
    })
  }

  /** One answer per key, in their order; repeated keys are answered repeatedly. */
  getMany(keys: readonly string[], options: GetOptions = {}): Promise<(R | undefined)[]> {
    return this.#observed('getMany', async () => {
      const rows = await this.#rows(keys, options)
      return rows.map((row) => row && decodeRow(this.definition, row))
    })
  }

  /** True when there is a record with this key. */
  has(key: string, options: GetOptions = {}): Promise<boolean> {
    return this.#observed('has', async () => (await this.#row(key, options)) !== undefined)
  }

  /** One page of the records that match, in order. */
  find(options: FindOptions<F> = {}): Promise<RecordPage<R>> {
    return this.#observed('find', () => this.#find(options))
  }

  /** As `find`, with versions and times. */
  findEntries(options: FindOptions<F> = {}): Promise<RecordPage<Entry<R>>> {
    return this.#observed('findEntries', () => this.#page(options, (row) => toEntry(this.definition, row)))
  }

  /** The first record that matches, or `undefined`. */
  async findOne(options: Omit<FindOptions<F>, 'limit' | 'cursor'> = {}): Promise<R | undefined> {
    return (await this.find({ ...options, limit: 1 })).records[0]
  }

  /** Every record that matches, page by page; `limit` is the size of a page. Holds nothing open between pages. */
  async *iterate(options: FindOptions<F> = {}): AsyncGenerator<R, void, undefined> {
    let cursor = options.cursor
    do {
      const page: RecordPage<R> = await this.find(
        cursor === undefined ? options : { ...options, offset: 0, cursor },
      )
      yield* page.records
      cursor = page.next
    } while (cursor !== undefined)
  }

  /** Every live record as it is stored, by key: for exports and copies, which must not decode. */
  async *iterateDocuments(): AsyncGenerator<{ readonly document: JsonObject; readonly version: number }> {
    let cursor: string | undefined
    do {
      const page = await this.#observed('iterateDocuments', () =>
        this.#page({ limit: 1_000, ...(cursor !== undefined && { cursor }) } as FindOptions<F>, (row) => ({
          document: currentDocument(this.definition, row),
          version: row.version,
        })),
      )
      yield* page.records
      cursor = page.next
    } while (cursor !== undefined)
  }

  /** How many records match. */
  count(where: Filter<F> = {}, options: CountOptions = {}): Promise<number> {
    return this.#observed('count', async () => {
      this.#checkReading(options, 'count')
      const visibility = visibilityOf(options, this.name)
      const question = {
        tenant: this.tenant,
        where: parseFilter(where, this.definition),
        visibility,
      } as const
      return this.#executor.count(this.definition, question, options)
    })
  }

  /**
   * Puts the records that match into groups and measures each group. Groups come in their order, null first;
   * without `by` there is exactly one, also where no record matches. The answer is the same on every backend, to
   * the bit. It costs the engine reading every record that matches, through an index where one serves.
   *
   * @throws StoreError `LIMIT_EXCEEDED` for more than 10,000 groups, or a sum that is no finite number, or beyond
   *   the safe integers where the field is one of integers
   */
  aggregate<
    const G extends readonly GroupBy<F>[] = readonly [],
    const M extends Readonly<Record<string, MeasureBy<F>>> = Readonly<Record<string, MeasureBy<F>>>,
  >(options: AggregateOptions<F, G, M>): Promise<readonly AggregateGroup<G, M>[]> {
    return this.#observed('aggregate', async () => {
      const { aggregation, read } = parseAggregate(options, this.definition, this.tenant)
      checkConsistency(options, this.#executor.transactional, this.name)
      const rows = await this.#executor.aggregate(this.definition, aggregation, options)
      return read(rows) as AggregateGroup<G, M>[]
    })
  }

  /** True when a record matches. */
  exists(where: Filter<F> = {}, options: CountOptions = {}): Promise<boolean> {
    return this.#observed('exists', async () => {
      this.#checkReading(options, 'exists')
      const page = await this.#page({ ...options, where, limit: 1 } as FindOptions<F>, (row) => row.id)
      return page.records.length > 0
    })
  }

  // Writing

  /** Stores the record over whatever is there. @returns its version */
  put(record: R, options: WriteOptions = {}): Promise<number> {
    return this.#observed('put', () => this.#writer.store(record, { type: 'none' }, options))
  }

  /** Stores all records or none; of two with one key the later wins. @returns their versions, in order */
  putMany(records: readonly R[], options: WriteOptions = {}): Promise<number[]> {
    return this.#observed('putMany', () => this.#writer.storeAll(records, { type: 'none' }, options))
  }

  /** Stores a record that must not be there yet, else `ALREADY_EXISTS`. @returns its version */
  insert(record: R, options: WriteOptions = {}): Promise<number> {
    return this.#observed('insert', () => this.#writer.store(record, { type: 'absent' }, options))
  }

  /** Inserts all records or none. @returns their versions, in order */
  insertMany(records: readonly R[], options: WriteOptions = {}): Promise<number[]> {
    return this.#observed('insertMany', () => this.#writer.storeAll(records, { type: 'absent' }, options))
  }

  /**
   * Changes a record that must be there, else `NOT_FOUND`: by members to replace (`undefined` takes one
   * away), or by a function from the present record to the new one, which may be called again when others
   * write at the same time. The deadline stays unless the options say otherwise.
   *
   * @returns the new version
   */
  update(key: string, change: Change<R>, options: WriteOptions = {}): Promise<number> {
    return this.#observed('update', () => this.#writer.update(key, change, options))
  }

  /** Removes a record. @returns true when a live one went */
  delete(key: string, options: DeleteOptions = {}): Promise<boolean> {
    return this.#observed('delete', () => this.#remover.delete(key, options))
  }

  /**
   * Removes the records with these keys, or all that match a filter; all of it or nothing. Every record is
   * meant only by `{ all: true }`.
   *
   * @returns how many live records went
   */
  deleteMany(target: DeleteTarget<F>, options: DeleteOptions = {}): Promise<number> {
    return this.#observed('deleteMany', () => this.#remover.deleteMany(target, options))
  }

  /** Makes a soft-deleted record live again, else `NOT_FOUND`. @returns its new version */
  restore(key: string, options: Abortable = {}): Promise<number> {
    return this.#observed('restore', () => this.#writer.restore(key, options))
  }

  /**
   * Removes everything of this tenant for good: live, expired and soft-deleted records and their history.
   *
   * @returns how many records went, in whatever state
   */
  clear(options: Abortable = {}): Promise<number> {
    return this.#observed('clear', () => this.#remover.clear(options))
  }

  // The past, and proof

  /** One page of a record's past, newest first. Needs `history: true`. */
  history(key: string, options: HistoryOptions = {}): Promise<RecordPage<HistoryEntry<R>>> {
    return this.#observed('history', async () =>
      historyOf(this.#executor, this.definition, this.tenant, this.#key(key), options),
    )
  }

  /** The record as it was at an instant, or as a version: `undefined` when it was not there. Needs `history: true`. */
  getAt(key: string, when: Date | { readonly version: number }): Promise<R | undefined> {
    return this.#observed('getAt', async () =>
      recordAt(this.#executor, this.definition, this.tenant, this.#key(key), when),
    )
  }

  /**
   * Checks stored records against their hashes, keys and index fields, and where asked for what they refer to: one
   * record, by its key, or all of the tenant. Damage is reported, never thrown.
   */
  verify(what: string | VerifyOptions = {}): Promise<VerifyReport> {
    return this.#observed('verify', async () => {
      const options = typeof what === 'string' ? { key: what } : what
      checkVerifyOptions(options, this.name)
      if (options.key !== undefined) this.#key(options.key)
      const { clock, definitions } = this.#engine
      const [executor, tenant] = [this.#executor, this.tenant]
      const now = () => clock.now()
      return verifyRecords({ executor, definitions, definition: this.definition, tenant, now }, options)
    })
  }

  #observed<T>(operation: string, run: () => Promise<T>): Promise<T> {
    return this.#executor.operate(this.name, operation, run)
  }

  #key(key: string): string {
    return checkKey(key, this.name)
  }

  #checkReading(options: Reading, method: string): void {
    checkOptionNames(options, GET_OPTIONS, `${this.name}: ${method}`)
    checkConsistency(options, this.#executor.transactional, this.name)
  }

  #parse(options: FindOptions<F>): ParsedQuery {
    const parsed = parseQuery(options, this.definition, this.tenant)
    checkConsistency(options, this.#executor.transactional, this.name)
    return parsed
  }

  async #row(key: string, options: GetOptions): Promise<StoredRow | undefined> {
    this.#checkReading(options, 'get')
    const wanted = { tenant: this.tenant, id: this.#key(key) }
    const [row] = await this.#executor.read(this.definition, [wanted], options)
    return this.#visible(row, options)
  }

  async #rows(keys: readonly string[], options: GetOptions): Promise<(StoredRow | undefined)[]> {
    this.#checkReading(options, 'getMany')
    if (!Array.isArray(keys)) throw invalid(`${this.name}: getMany takes an array of keys`)
    const wanted = keys.map((key) => ({ tenant: this.tenant, id: this.#key(key) }))
    if (wanted.length === 0) return []
    const rows = await this.#executor.read(this.definition, wanted, options)
    return rows.map((row) => this.#visible(row, options))
  }

  #visible(row: StoredRow | undefined, options: GetOptions): StoredRow | undefined {
    if (row === undefined) return undefined
    const visibility = visibilityOf(options, this.name)
    return isVisible(row, visibility, this.#engine.clock.now()) ? row : undefined
  }

  /** Reads documents alone where the backend has a cheaper way for them. */
  async #find(options: FindOptions<F>): Promise<RecordPage<R>> {
    const parsed = this.#parse(options)
    const { query, identity } = parsed
    const page = await this.#executor.documents(this.definition, query, options)
    const last = page?.documents.at(-1)
    // Fields of another version's documents were taken out by other rules; only the engine knows them.
    if (page === undefined || (last !== undefined && last.schemaVersion !== this.definition.version)) {
      return this.#rowsOf(parsed, options, (row) => decodeRow(this.definition, row))
    }
    const records = page.documents.map((document) => decodeRow(this.definition, document))
    if (!page.more || last === undefined) return { records, next: undefined }
    return { records, next: sealCursor(positionOfDocument(this.definition, last, query.order), identity) }
  }

  async #page<T>(options: FindOptions<F>, read: (row: StoredRow) => T): Promise<RecordPage<T>> {
    return this.#rowsOf(this.#parse(options), options, read)
  }

  async #rowsOf<T>(
    { query, identity }: ParsedQuery,
    options: Reading,
    read: (row: StoredRow) => T,
  ): Promise<RecordPage<T>> {
    const page = await this.#executor.query(this.definition, query, options)
    return {
      records: page.rows.map(read),
      next: page.next === undefined ? undefined : sealCursor(page.next, identity),
    }
  }
}
