/** How the agent stores answer lists: arrays that can also be paged. */

import {
  type Collection,
  type Filter,
  type FindOptions,
  type OrderBy,
  type RecordPage,
  StoreError,
} from '@coffer/core'

/** Where a list begins and how long it is, beside its filter. */
export interface Paging {
  /** Records of an answer, 1 to 1,000. Default: 100. */
  readonly limit?: number | undefined
  /** Records to pass over. Costs as much as reading them; a cursor does not. */
  readonly offset?: number | undefined
  /** The `next` of the page before. It belongs to this list alone. */
  readonly cursor?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** The names of `Paging`, for lists that check their options by name. */
export const PAGING_NAMES: readonly string[] = ['limit', 'offset', 'cursor', 'signal']

/** A filter on declared fields with the paging beside it, in one object. */
export type ListOptions<F extends string> = Filter<F> & Paging

/** Which end of a list comes first: the newest, `'desc'`, which is the default, or the oldest. */
export interface Ordered {
  readonly order?: 'asc' | 'desc' | undefined
}

/** The direction that a list asks for, and the rest of what it asks. */
export function splitOrder<O extends Ordered>(options: O, where: string) {
  checkListOptions(options)
  const { order = 'desc', ...rest } = options
  if (order === 'asc' || order === 'desc') return { order, rest }
  throw new StoreError('INVALID_ARGUMENT', `${where}: order is 'asc' or 'desc'`)
}

/** Refuses what can't be taken apart as the options of a list. */
export function checkListOptions(options: unknown): void {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return
  throw new StoreError('INVALID_ARGUMENT', 'a list takes an object of fields and paging')
}

/** The three forms of one list. */
export interface Lists<R, F extends string> {
  readonly array: (options?: ListOptions<F>) => Promise<R[]>
  readonly page: (options?: ListOptions<F>) => Promise<RecordPage<R>>
  readonly iterate: (options?: ListOptions<F>) => AsyncGenerator<R, void, undefined>
}

/** The lists of a collection in one order. */
export function listsOf<R, F extends string>(
  collection: Pick<Collection<R, F>, 'find' | 'iterate'>,
  orderBy: OrderBy<F>,
): Lists<R, F> {
  const page = (options: ListOptions<F> = {} as ListOptions<F>) => findListed(collection, options, orderBy)
  return {
    array: async (options) => (await page(options)).records,
    page,
    iterate: (options = {} as ListOptions<F>) => iterateListed(collection, options, orderBy),
  }
}

/** One page of what a list asks for. A field that can't be asked is refused by name. */
export async function findListed<R, F extends string>(
  collection: Pick<Collection<R, F>, 'find'>,
  options: ListOptions<F>,
  orderBy: OrderBy<F>,
): Promise<RecordPage<R>> {
  return collection.find(findOptions(options, orderBy))
}

/** Every record that a list asks for, page by page. */
export async function* iterateListed<R, F extends string>(
  collection: Pick<Collection<R, F>, 'iterate'>,
  options: ListOptions<F>,
  orderBy: OrderBy<F>,
): AsyncGenerator<R, void, undefined> {
  yield* collection.iterate(findOptions(options, orderBy))
}

function findOptions<F extends string>(options: ListOptions<F>, orderBy: OrderBy<F>): FindOptions<F> {
  checkListOptions(options)
  const { limit, offset, cursor, signal, ...where } = options
  return { limit, offset, cursor, signal, orderBy, where: where as Filter<F> }
}
