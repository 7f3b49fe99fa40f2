/** How the agent stores answer lists: arrays that can also be paged. */

import type { Collection, Filter, FindOptions, OrderBy, RecordPage } from '@coffer/core'

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

/** A filter on declared fields with the paging beside it, in one object. */
export type ListOptions<F extends string> = Filter<F> & Paging

/** One page of what a list asks for. A field that can't be asked is refused by name. */
export function findListed<R, F extends string>(
  collection: Pick<Collection<R, F>, 'find'>,
  options: ListOptions<F>,
  orderBy: OrderBy<F>,
): Promise<RecordPage<R>> {
  return collection.find(findOptions(options, orderBy))
}

/** Every record that a list asks for, page by page. */
export function iterateListed<R, F extends string>(
  collection: Pick<Collection<R, F>, 'iterate'>,
  options: ListOptions<F>,
  orderBy: OrderBy<F>,
): AsyncGenerator<R, void, undefined> {
  return collection.iterate(findOptions(options, orderBy))
}

function findOptions<F extends string>(options: ListOptions<F>, orderBy: OrderBy<F>): FindOptions<F> {
  const { limit, offset, cursor, signal, ...where } = options
  return { limit, offset, cursor, signal, orderBy, where: where as Filter<F> }
}
