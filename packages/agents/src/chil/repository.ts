/**
 * Repositories: the plain operations on the records of one collection, with related records on demand, after
 * the base repository of BrahminyKite's persistence layer. What guards rules over several records stands in
 * the methods of a module, not here. Every operation is seen by who listens to core's diagnostics channels
 * (`coffer:operation`, `coffer:transaction`); a repository measures nothing itself.
 */

import {
  type BaseStore,
  type Change,
  type Collection,
  type CollectionDefinition,
  type DeleteOptions,
  type Filter,
  type FindOptions,
  type GetOptions,
  type RecordPage,
  StoreError,
  type WriteOptions,
} from '@coffer/core'
import type { Relation, RelationReading } from './relation.ts'

/** What a repository is made with. `L` are the related records by the name of their relation. */
export interface RepositoryOptions<L> {
  /** Relations by the name under which they are asked for: `{ results: hasMany(results, 'request_id') }`. */
  readonly relations?: { readonly [N in keyof L]: Relation<L[N]> }
}

/** One change of a bulk update. */
export interface KeyedChange<R> {
  readonly key: string
  /** Members to replace (`undefined` takes one away), or a function from the present record to the new one. */
  readonly change: Change<R>
}

/** Names of the relations to load. */
export interface WithRelated<N> {
  /** Each answered record gets a member of the relation's name. Default: none. */
  readonly with?: readonly N[] | undefined
}

/**
 * The records of one collection, `R`, with their fields `F` and related records `L`. Made by `repository`. All
 * methods fail with `INVALID_ARGUMENT`, before any I/O, for what does not fit, an unknown relation included.
 */
export interface Repository<R, F extends string = string, L = Record<never, never>> {
  /** Stores a record that must not be there yet, else `ALREADY_EXISTS`. @returns its version */
  create(record: R, options?: WriteOptions): Promise<number>
  /** The record with this key, or `undefined`. */
  get<N extends keyof L = never>(
    key: string,
    options?: GetOptions & WithRelated<N>,
  ): Promise<(R & Pick<L, N>) | undefined>
  /** Changes a record that must be there, else `NOT_FOUND`; as `update` of a collection. @returns its version */
  update(key: string, change: Change<R>, options?: WriteOptions): Promise<number>
  /** Removes a record, with what refers to it by `cascade`. @returns true when there was one */
  delete(key: string, options?: DeleteOptions): Promise<boolean>
  /** The records that match, by key unless `orderBy` says otherwise: an array of at most `limit`, 100 by default. */
  list<N extends keyof L = never>(options?: FindOptions<F> & WithRelated<N>): Promise<(R & Pick<L, N>)[]>
  /** As `list`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  page<N extends keyof L = never>(
    options?: FindOptions<F> & WithRelated<N>,
  ): Promise<RecordPage<R & Pick<L, N>>>
  /** As `list`, all of them, page by page; `limit` is the size of a page. */
  iterate<N extends keyof L = never>(
    options?: FindOptions<F> & WithRelated<N>,
  ): AsyncGenerator<R & Pick<L, N>, void, undefined>
  /** How many records match. Default: all. */
  count(where?: Filter<F>): Promise<number>
  /** Creates all records or none; a refusal names the index. @returns their versions, in order */
  bulkCreate(records: readonly R[]): Promise<number[]>
  /**
   * Changes all records or none, in order; a later change of one record sees the earlier.
   *
   * @returns their versions, in order
   * @throws `NOT_FOUND` with the index of a change whose record is not there
   */
  bulkUpdate(changes: readonly KeyedChange<R>[]): Promise<number[]>
  /**
   * Removes the records with these keys, or all that match a filter; all of it or nothing. Every record is
   * meant only by `{ all: true }`. @returns how many went
   */
  bulkDelete(target: readonly string[] | Filter<F> | { readonly all: true }): Promise<number>
}

/**
 * Makes a repository of a collection on a handle: a store, a tenant of it, or a transaction. It costs nothing
 * and holds nothing. Related records are read after the records they belong to: both are of one moment inside
 * a transaction only.
 *
 * @throws `INVALID_ARGUMENT` for options that are unknown, and for a relation that a record has no member for
 *   or whose name is a member of the records
 */
export function repository<R, F extends string, L = Record<never, never>>(
  store: BaseStore,
  definition: CollectionDefinition<R, F>,
  options: RepositoryOptions<L> = {},
): Repository<R, F, L> {
  const collection = store.collection(definition)
  const related = new RelatedRecords<R, L>(store, definition, options)
  const page = async <N extends keyof L = never>(asked: FindOptions<F> & WithRelated<N> = {}) => {
    const { names, rest } = related.asked(asked)
    const found = await collection.find(rest)
    return { records: await related.added(found.records, names, rest), next: found.next }
  }
  return {
    create: (record, writing) => collection.insert(record, writing),
    get: async <N extends keyof L = never>(key: string, asked: GetOptions & WithRelated<N> = {}) => {
      const { names, rest } = related.asked(asked)
      const record = await collection.get(key, rest)
      return record === undefined ? undefined : (await related.added([record], names, rest))[0]
    },
    update: (key, change, writing) => collection.update(key, change, writing),
    delete: (key, deletion) => collection.delete(key, deletion),
    list: async (asked) => (await page(asked)).records,
    page,
    iterate: async function* <N extends keyof L = never>(asked: FindOptions<F> & WithRelated<N> = {}) {
      let { cursor } = related.asked(asked).rest
      do {
        const next = cursor === undefined ? asked : { ...asked, offset: 0, cursor }
        const { records, next: following }: RecordPage<R & Pick<L, N>> = await page(next)
        yield* records
        cursor = following
      } while (cursor !== undefined)
    },
    count: (where) => collection.count(where),
    bulkCreate: (records) => collection.insertMany(records),
    bulkUpdate: (changes) => bulkUpdate(store, definition, changes),
    bulkDelete: (target) => collection.deleteMany(target),
  }
}

/** Loads related records and puts them into the records that they belong to. */
class RelatedRecords<R, L> {
  readonly #store: BaseStore
  readonly #definition: Pick<CollectionDefinition, 'name' | 'key'>
  readonly #relations: ReadonlyMap<PropertyKey, Relation<unknown>>

  constructor(store: BaseStore, definition: CollectionDefinition<R>, options: RepositoryOptions<L>) {
    const { name } = definition
    const unknown = Object.keys(options).find((option) => option !== 'relations')
    if (unknown !== undefined) throw refusal(name, `unknown option '${unknown}'; known is relations`)
    this.#store = store
    this.#definition = definition
    this.#relations = new Map(Object.entries<Relation<unknown>>(options.relations ?? {}))
    const { shape } = definition.schema as unknown as { readonly shape: object }
    for (const [relation, { member }] of this.#relations) {
      if (Object.hasOwn(shape, relation)) {
        throw refusal(name, `the relation '${String(relation)}' has the name of a member of the records`)
      }
      if (member !== undefined && !Object.hasOwn(shape, member)) {
        throw refusal(name, `the relation '${String(relation)}' reads '${member}', which is no member`)
      }
    }
  }

  /** The options of a read without its relations, and these by name. Refuses those that are not known. */
  asked<O extends WithRelated<PropertyKey>>(options: O) {
    const { name } = this.#definition
    if (typeof options !== 'object' || options === null) throw refusal(name, 'options are an object')
    const { with: names, ...rest }: O = options
    if (names === undefined) return { names: undefined, rest }
    const known = [...this.#relations.keys()].map(String)
    if (!Array.isArray(names)) throw refusal(name, "'with' takes an array of relations")
    const unknown = names.find((each) => !this.#relations.has(each))
    if (unknown === undefined) return { names: names as O['with'], rest }
    throw refusal(
      name,
      `unknown relation '${String(unknown)}'; ${known.length === 0 ? 'there are none' : `known are ${known.join(', ')}`}`,
    )
  }

  async added<N extends keyof L>(
    records: readonly R[],
    names: readonly N[] | undefined,
    { consistency, signal }: RelationReading,
  ): Promise<(R & Pick<L, N>)[]> {
    const whole = records.map((record) => ({ ...record })) as Record<PropertyKey, unknown>[]
    for (const name of records.length === 0 ? [] : (names ?? [])) {
      const relation = this.#relations.get(name) as Relation<unknown>
      const loaded = await relation.load(this.#store, records, this.#definition.key, { consistency, signal })
      for (const [place, record] of whole.entries()) record[name] = loaded[place]
    }
    return whole as (R & Pick<L, N>)[]
  }
}

/** Two round trips for any number of records; serializable, so nobody writes between them. */
async function bulkUpdate<R, F extends string>(
  store: BaseStore,
  definition: CollectionDefinition<R, F>,
  changes: readonly KeyedChange<R>[],
): Promise<number[]> {
  checkChanges(definition.name, changes)
  if (changes.length === 0) return []
  return store.transaction(async (transaction) => {
    const collection: Collection<R, F> = transaction.collection(definition)
    const keys = [...new Set(changes.map(({ key }) => key))]
    const stored = await collection.getMany(keys)
    const present = new Map(keys.map((key, place) => [key, stored[place]]))
    const next: R[] = []
    for (const [index, { key, change }] of changes.entries()) {
      const before = present.get(key)
      if (before === undefined) throw missing(definition.name, key, index)
      const after = typeof change === 'function' ? await change(before) : { ...before, ...change }
      if (keyOf(definition, after) !== key) {
        throw refusal(definition.name, `an update can't change the key '${definition.key}'`, index)
      }
      present.set(key, after)
      next.push(after)
    }
    // A deadline that stands in the records needs no keeping.
    return collection.putMany(next, definition.expiresAt === undefined ? { expiresAt: 'keep' } : {})
  })
}

function checkChanges(collection: string, changes: readonly KeyedChange<unknown>[]): void {
  if (!Array.isArray(changes)) throw refusal(collection, 'bulkUpdate takes an array of { key, change }')
  for (const [index, each] of changes.entries()) {
    const { key, change } = (each ?? {}) as Partial<KeyedChange<unknown>>
    const isChange = typeof change === 'function' || (typeof change === 'object' && change !== null)
    const hasMore = Object.keys(each ?? {}).some((member) => member !== 'key' && member !== 'change')
    if (typeof key === 'string' && isChange && !hasMore) continue
    throw refusal(collection, 'a change is { key, change }: members to replace, or a function', index)
  }
}

function keyOf(definition: Pick<CollectionDefinition, 'key'>, record: unknown): unknown {
  return (record as Readonly<Record<string, unknown>> | null | undefined)?.[definition.key]
}

function refusal(collection: string, problem: string, index?: number): StoreError {
  return new StoreError('INVALID_ARGUMENT', `${collection}: ${problem}`, { collection, index })
}

function missing(collection: string, key: string, index: number): StoreError {
  const message = `${collection}: a record that is to be changed is not there (item ${index})`
  return new StoreError('NOT_FOUND', message, { collection, keys: [key], index })
}
