/** Relations of a repository: which records of other collections belong to a record. */

import { type BaseStore, type CollectionDefinition, type GetOptions, StoreError } from '@coffer/core'

/** The most records that one page of a repository brings along in one relation. */
const MAX_RELATED = 10_000
const PAGE_RECORDS = 1_000

/** How related records are read. */
export type RelationReading = Pick<GetOptions, 'consistency' | 'signal'>

/** How records of one kind find what belongs to them. Made by `hasMany` and `belongsTo`. `T` is what each gets. */
export interface Relation<T> {
  /** The member of the records themselves that the relation reads; `undefined` where it reads their key. */
  readonly member: string | undefined
  /** Loads for all records of a page at once. @returns an answer for each, in their order */
  load(
    store: BaseStore,
    records: readonly unknown[],
    key: string,
    reading: RelationReading,
  ): Promise<readonly T[]>
}

/**
 * The records of another collection whose `member` names this record's key, by their own key. The member must
 * be a declared field there. A page of records costs one query for every 1,000 related records.
 *
 * @throws `INVALID_ARGUMENT` for a member that is no field; when loaded, `LIMIT_EXCEEDED` where one page of
 *   records has more than 10,000 related ones: ask for smaller pages
 */
export function hasMany<R, F extends string>(
  definition: CollectionDefinition<R, F>,
  member: F & keyof R & string,
): Relation<readonly R[]> {
  if (!definition.fields.some((field) => field.name === member)) {
    throw refusal(definition.name, `'${member}' is no declared field, so hasMany can't ask for it`)
  }
  const load: Relation<readonly R[]>['load'] = async (store, records, key, reading) => {
    const children = new Map<unknown, R[]>(records.map((record) => [memberOf(record, key), []]))
    const where = { [member]: { in: [...children.keys()] } } as object
    let loaded = 0
    for await (const child of store.collection(definition).iterate({
      where,
      limit: PAGE_RECORDS,
      ...reading,
    })) {
      if (++loaded > MAX_RELATED) throw tooMany(definition.name)
      children.get(memberOf(child, member))?.push(child)
    }
    return records.map((record) => children.get(memberOf(record, key)) ?? [])
  }
  return { member: undefined, load }
}

/**
 * The record of another collection whose key this record's `member` names; `undefined` where the member is
 * absent or there is no such record. A page of records costs one read.
 */
export function belongsTo<R, F extends string>(
  definition: CollectionDefinition<R, F>,
  member: string,
): Relation<R | undefined> {
  const load: Relation<R | undefined>['load'] = async (store, records, _key, reading) => {
    const keys = [...new Set(records.map((record) => memberOf(record, member)))].filter(isText)
    const parents = await store.collection(definition).getMany(keys, reading)
    const byKey = new Map<unknown, R | undefined>(keys.map((key, place) => [key, parents[place]]))
    return records.map((record) => byKey.get(memberOf(record, member)))
  }
  return { member, load }
}

function memberOf(record: unknown, member: string): unknown {
  return (record as Readonly<Record<string, unknown>>)[member]
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function refusal(collection: string, problem: string): StoreError {
  return new StoreError('INVALID_ARGUMENT', `${collection}: ${problem}`, { collection })
}

function tooMany(collection: string): StoreError {
  return new StoreError(
    'LIMIT_EXCEEDED',
    `${collection}: one page has more than ${MAX_RELATED} related records; ask for smaller pages`,
    { collection },
  )
}
