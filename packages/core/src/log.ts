/** A log: append-only streams of entries, each stream one chain of hashes. */

import type { AggregateGroup, AggregateOptions, GroupBy, MeasureBy } from './aggregate.ts'
import type { Append, LogHead, StreamAddress } from './append.ts'
import { appendAll, readHead } from './append.ts'
import { decodeRow } from './codec.ts'
import { Collection, type GetOptions } from './collection.ts'
import type { Engine } from './engine.ts'
import type { RecordPage } from './entry.ts'
import { invalid } from './errors.ts'
import type { Abortable, Executor } from './executor.ts'
import { throwIfAborted } from './failure.ts'
import type { Filter } from './filter.ts'
import { isolated } from './isolate.ts'
import type { LogDefinition } from './log-definition.ts'
import { type StreamPage, type StreamsOptions, streamPage } from './log-streams.ts'
import {
  type EntryReport,
  type LogReport,
  type VerifyLogOptions,
  verifyEntry,
  verifyStream,
} from './log-verify.ts'
import { checkOptionNames, type FindOptions } from './query.ts'
import type { StoredRow } from './row.ts'
import { checkKey } from './text.ts'

/** What `append` takes beside the entries. */
export interface AppendOptions extends Abortable {
  /**
   * What an entry means whose key is there already: `refuse` (the default) fails with `ALREADY_EXISTS`,
   * `skip` passes over one that says the same, so that a delivery can be repeated.
   */
  readonly onDuplicate?: 'refuse' | 'skip' | undefined
}

/** What `read` takes. */
export interface ReadOptions extends Abortable {
  /** Only entries behind this place. Default: 0, from the start. */
  readonly afterSequence?: number | undefined
  /** Newest first. Default: false. */
  readonly reverse?: boolean | undefined
  /** Entries of a page, 1 to 1,000. Default: 100. */
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

/** The entries of one kind and one tenant. Got from `store.log(definition)`. Fails as a collection does. */
export class Log<R, A, F extends string = string> {
  readonly definition: LogDefinition<R, A, F>
  readonly tenant: string
  readonly #engine: Engine
  readonly #executor: Executor
  readonly #entries: Collection<R, F>

  constructor(definition: LogDefinition<R, A, F>, engine: Engine, executor: Executor, tenant: string) {
    this.definition = definition
    this.tenant = tenant
    this.#engine = engine
    this.#executor = executor
    this.#entries = new Collection(definition.entries, engine, executor, tenant)
  }

  get name(): string {
    return this.definition.name
  }

  /**
   * Adds entries at the end of a stream, all or none, in their order. Each gets the next sequence and a hash
   * over the one before. An entry that brings a sequence, hash or previous hash of its own is checked
   * against its place: `VERSION_CONFLICT` names the sequence that comes next.
   *
   * @returns the entries as they are stored
   */
  append(stream: string, entries: readonly A[], options: AppendOptions = {}): Promise<R[]> {
    return this.#observed('append', async () => {
      checkOptionNames(options, ['onDuplicate', 'signal'], `${this.name}: append`)
      if (!Array.isArray(entries)) throw invalid(`${this.name}: append takes an array of entries`)
      const address = this.#address(stream)
      const { onDuplicate = 'refuse', signal } = options
      if (onDuplicate !== 'refuse' && onDuplicate !== 'skip') {
        throw invalid(`${this.name}: append: onDuplicate is 'refuse' or 'skip'`)
      }
      if (entries.length === 0) return []
      // Entries are encoded once their place is known; what the caller does meanwhile must not show.
      const kept = entries.map((entry) => isolated(entry))
      const rows = await this.#append(address, { entries: kept, onDuplicate, stored: new Map() }, signal)
      return rows.map((row) => decodeRow(this.definition.entries, row))
    })
  }

  async #append(
    address: StreamAddress,
    append: Append,
    signal: AbortSignal | undefined,
  ): Promise<readonly StoredRow[]> {
    if (!this.#executor.transactional) return this.#engine.append(address, append, signal)
    throwIfAborted(signal)
    // Appends of one transaction to one stream follow one another, whether or not the callback waits.
    return this.#executor.turns.run(
      JSON.stringify(['append', this.name, this.tenant, address.stream]),
      async () => {
        const { outcomes } = await appendAll(this.#engine, this.#executor, address, [append], undefined)
        const [outcome] = outcomes
        if (outcome === undefined || 'error' in outcome) throw outcome?.error
        return outcome.rows
      },
    )
  }

  /** One page of a stream, in its order. */
  read(stream: string, options: ReadOptions = {}): Promise<RecordPage<R>> {
    return this.#observed('read', async () => this.#entries.find(this.#streamQuery(stream, options)))
  }

  /** Every entry of a stream, page by page. */
  async *iterate(stream: string, options: ReadOptions = {}): AsyncGenerator<R, void, undefined> {
    yield* this.#entries.iterate(this.#streamQuery(stream, options))
  }

  #streamQuery(stream: string, options: ReadOptions): FindOptions<F> {
    checkOptionNames(options, ['afterSequence', 'reverse', 'limit', 'cursor', 'signal'], `${this.name}: read`)
    const { afterSequence, reverse = false, ...rest } = options
    const { chain } = this.definition
    const where: Record<string, unknown> = { [chain.stream]: this.#address(stream).stream }
    if (afterSequence !== undefined) where[chain.sequence] = { gt: afterSequence }
    return { ...rest, where, orderBy: { [chain.sequence]: reverse ? 'desc' : 'asc' } } as FindOptions<F>
  }

  /** The entry with this key, or `undefined`. */
  get(key: string, options: GetOptions = {}): Promise<R | undefined> {
    return this.#entries.get(key, options)
  }

  /** One page of the entries that match, over all streams. */
  find(options: FindOptions<F> = {}): Promise<RecordPage<R>> {
    return this.#entries.find(options)
  }

  /** How many entries match, over all streams. */
  count(where: Filter<F> = {}): Promise<number> {
    return this.#entries.count(where)
  }

  /** Groups and measures the entries that match, over all streams, as `Collection.aggregate` does. */
  aggregate<
    const G extends readonly GroupBy<F>[] = readonly [],
    const M extends Readonly<Record<string, MeasureBy<F>>> = Readonly<Record<string, MeasureBy<F>>>,
  >(options: AggregateOptions<F, G, M>): Promise<readonly AggregateGroup<G, M>[]> {
    return this.#entries.aggregate(options)
  }

  /**
   * The end of a stream, or `undefined` when it has no entry. Kept outside the store it proves later that
   * nothing was cut off or written anew.
   */
  head(stream: string): Promise<LogHead | undefined> {
    return this.#observed('head', async () => {
      const { sequence, hash } = await readHead(this.#executor, this.#address(stream))
      return sequence === 0 ? undefined : { sequence, hash }
    })
  }

  /**
   * The names of all streams in text order, also of those that have lost their head or their entries. Holds nothing
   * open between pages.
   */
  async *streams(options: StreamsOptions = {}): AsyncGenerator<string, void, undefined> {
    checkOptionNames(options, ['after', 'signal'], `${this.name}: streams`)
    const { signal } = options
    const source = { executor: this.#executor, log: this.definition, tenant: this.tenant, signal }
    // No stream has an empty name.
    let after: string | undefined = options.after === undefined ? '' : checkKey(options.after, this.name)
    while (after !== undefined) {
      const behind: string = after
      const page: StreamPage = await this.#observed('streams', () => streamPage(source, behind))
      yield* page.names
      after = page.next
    }
  }

  /**
   * Walks a stream and checks every entry: its place, its hash, the hash before, its index fields, and the
   * head at the end. Damage is reported, never thrown. Memory stays constant.
   */
  verify(stream: string, options: VerifyLogOptions = {}): Promise<LogReport> {
    return this.#observed('verify', async () => verifyStream(this.#executor, this.#address(stream), options))
  }

  /**
   * Checks the entry with this key: its hash and index fields, that it follows the entry before, and that
   * the one behind it, or the head, was chained to it. Damage is reported. `NOT_FOUND` without such an entry.
   */
  verifyEntry(key: string): Promise<EntryReport> {
    return this.#observed('verifyEntry', async () =>
      verifyEntry(this.#executor, this.definition, this.tenant, checkKey(key, this.name)),
    )
  }

  #address(stream: string): StreamAddress {
    return { log: this.definition, tenant: this.tenant, stream: checkKey(stream, this.name) }
  }

  #observed<T>(operation: string, run: () => Promise<T>): Promise<T> {
    return this.#executor.operate(this.name, operation, run)
  }
}
