/** What a caller asks of a collection, checked and turned into what a backend is asked. */

import { openCursor, type QueryIdentity } from './cursor.ts'
import { invalid } from './errors.ts'
import type { Reading } from './executor.ts'
import { type Filter, type FilterScope, findField, isPlainObject, parseFilter } from './filter.ts'
import { ID_FIELD } from './layout.ts'
import { type OrderTerm, totalOrder } from './order.ts'
import type { Query } from './predicate.ts'
import type { Visibility } from './row.ts'

/** The most records of one page. */
export const MAX_LIMIT = 1_000
const DEFAULT_LIMIT = 100

/** The order of an answer: one field, a field with a direction, or several of them, the first deciding first. */
export type OrderBy<F extends string = string> =
  | F
  | { readonly [K in F]?: 'asc' | 'desc' }
  | readonly (F | { readonly [K in F]?: 'asc' | 'desc' })[]

/** What `find` takes. */
export interface FindOptions<F extends string = string> extends Reading {
  /** Default: every record. */
  readonly where?: Filter<F> | undefined
  /** Default: by key. Ties are always broken by key. */
  readonly orderBy?: OrderBy<F> | undefined
  /** Records of a page, 1 to 1,000. Default: 100. */
  readonly limit?: number | undefined
  /** The `next` of the page before. It belongs to this query alone. */
  readonly cursor?: string | undefined
  /** Records to pass over. Costs as much as reading them; a cursor does not. */
  readonly offset?: number | undefined
  /** Whether soft-deleted records are answered too. Default: false. */
  readonly includeDeleted?: boolean | undefined
}

const OPTIONS = ['where', 'orderBy', 'limit', 'cursor', 'offset', 'includeDeleted', 'consistency', 'signal']

/** A query for the backend, and what its cursors are tied to. */
export interface ParsedQuery {
  readonly query: Query
  readonly identity: QueryIdentity
}

/** Reads the options of `find`. Anything unknown or out of bounds is refused by name. */
export function parseQuery(options: FindOptions, scope: FilterScope, tenant: string): ParsedQuery {
  checkOptionNames(options, OPTIONS, `${scope.name}: find`)
  const where = options.where === undefined ? undefined : parseFilter(options.where, scope)
  const order = totalOrder(parseOrder(options.orderBy, scope))
  const visibility = visibilityOf(options, scope.name)
  const identity = { collection: scope.name, tenant, where, order, visibility }
  return {
    identity,
    query: {
      tenant,
      where,
      order,
      after: options.cursor === undefined ? undefined : openCursor(options.cursor, identity),
      offset: bounded(
        options.offset === undefined ? 0 : options.offset,
        0,
        Number.MAX_SAFE_INTEGER,
        'offset',
        scope.name,
      ),
      limit: bounded(
        options.limit === undefined ? DEFAULT_LIMIT : options.limit,
        1,
        MAX_LIMIT,
        'limit',
        scope.name,
      ),
      visibility,
      withFields: false,
    },
  }
}

/** Which records a read means: live ones, and soft-deleted ones where they are asked for. */
export function visibilityOf(
  { includeDeleted = false }: { readonly includeDeleted?: boolean | undefined },
  collection: string,
): Visibility {
  if (typeof includeDeleted !== 'boolean') throw invalid(`${collection}: includeDeleted takes true or false`)
  return includeDeleted ? 'kept' : 'live'
}

/** Refuses a consistency that is not known, or that can't be had in the place at hand. */
export function checkConsistency({ consistency }: Reading, transactional: boolean, collection: string): void {
  if (consistency === undefined || consistency === 'strong') return
  if (consistency !== 'eventual') throw invalid(`${collection}: consistency is 'strong' or 'eventual'`)
  if (transactional) {
    throw invalid(
      `${collection}: consistency 'eventual' is not for a transaction, which reads its own snapshot`,
    )
  }
}

/** Refuses an option that is not known in this place. */
export function checkOptionNames(options: object, known: readonly string[], where: string): void {
  if (typeof options !== 'object' || options === null) throw invalid(`${where}: options are an object`)
  for (const name of Object.keys(options)) {
    if (!known.includes(name))
      throw invalid(`${where}: unknown option '${name}'; known are ${known.join(', ')}`)
  }
}

function bounded(value: number, least: number, most: number, name: string, collection: string): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw invalid(`${collection}: ${name} is an integer from ${least} to ${most}`)
}

function parseOrder(orderBy: OrderBy | undefined, scope: FilterScope): OrderTerm[] {
  if (orderBy === undefined) return []
  const parts = Array.isArray(orderBy) ? orderBy : [orderBy]
  const terms = parts.flatMap((part: unknown) => {
    if (typeof part !== 'string' && !isPlainObject(part)) {
      throw invalid(
        `${scope.name}: orderBy takes a field's name, { field: 'asc' | 'desc' }, or an array of these`,
      )
    }
    const entries = typeof part === 'string' ? [[part, 'asc']] : Object.entries(part)
    return entries.map(([name, direction]) => parseTerm(String(name), direction, scope))
  })
  if (new Set(terms.map((term) => term.field)).size !== terms.length) {
    throw invalid(`${scope.name}: orderBy names a field twice`)
  }
  // What stands behind the key can't decide anything: keys are unique.
  const key = terms.findIndex((term) => term.field === ID_FIELD)
  return key === -1 ? terms : terms.slice(0, key + 1)
}

function parseTerm(name: string, direction: unknown, scope: FilterScope): OrderTerm {
  const { position, type } = findField(name, scope)
  if (type === 'texts') throw invalid(`${scope.name}: '${name}' holds many texts and can't order records`)
  if (direction !== 'asc' && direction !== 'desc') {
    throw invalid(`${scope.name}: orderBy '${name}' takes 'asc' or 'desc'`)
  }
  return { field: position, direction }
}
