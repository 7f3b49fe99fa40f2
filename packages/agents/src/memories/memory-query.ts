/** What can be asked of memories, in the words of their document. */

import { type FieldFilter, type Filter, type FilterValue, StoreError } from '@coffer/core'
import type { Ordered, Paging } from '../listing.ts'
import { memoryEntries } from './memory-entry.ts'

/**
 * Which memories: a value or operators for each field, all of which must hold, and `and`, `or`, `not` around
 * more of the same. A time range is `timestamp: { gte, lt }`.
 */
export type MemoryFilter = {
  readonly [F in 'id' | 'type' | 'task_id' | 'step_id' | 'timestamp']?: FilterValue | null | FieldFilter
} & {
  /** Named as the single source event or as one of several; one of many with `in`. */
  readonly source_event_id?: string | { readonly in: readonly string[] }
  /** An array means all of them, none for an empty one; else `has`, `hasAll`, `hasAny` or `exists`. */
  readonly tags?: readonly string[] | FieldFilter
  /** Words anywhere in the content: `{ words: 'all of these' }` or `{ anyWord: 'one of these' }`. */
  readonly content_words?: FieldFilter
  readonly and?: readonly MemoryFilter[]
  readonly or?: readonly MemoryFilter[]
  readonly not?: MemoryFilter
}

/**
 * A filter with the paging beside it. Memories come by the `timestamp` of their provenance, ties by id; newest
 * first unless `order` is `'asc'`.
 */
export type MemoryQuery = MemoryFilter & Paging & Ordered

/** The names that the collection itself can be asked by. */
type StoredFilter = Filter<NonNullable<(typeof memoryEntries)['fieldNames']>>

/** Deeper filters are refused by the collection; here it only matters that the way down ends. */
const MAX_DEPTH = 64

/** The filter as the collection is asked. Anything unknown is left to it to refuse by name. */
export function storedFilter(filter: MemoryFilter, depth = 1): StoredFilter {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter) || depth > MAX_DEPTH) {
    return filter as StoredFilter
  }
  const inner = (each: unknown) => storedFilter(each as MemoryFilter, depth + 1)
  const terms = Object.entries(filter).flatMap(([name, asked]): [string, unknown][] => {
    if (name === 'source_event_id') return []
    if (name === 'not') return [[name, inner(asked)]]
    if (!Array.isArray(asked)) return [[name, asked]]
    if (name === 'and' || name === 'or') return [[name, asked.map(inner)]]
    if (name === 'tags') return asked.length === 0 ? [] : [[name, { hasAll: asked }]]
    return [[name, asked]]
  })
  const stored: StoredFilter = Object.fromEntries(terms)
  if (!Object.hasOwn(filter, 'source_event_id')) return stored
  return { and: [stored, sourceEventFilter(filter.source_event_id)] }
}

/** A source event stands in one of two members, and is asked for in both. */
function sourceEventFilter(asked: MemoryFilter['source_event_id']): StoredFilter {
  if (typeof asked === 'string') {
    return { or: [{ source_event_id: asked }, { source_event_ids: { has: asked } }] }
  }
  const { in: events, ...others } = asked ?? {}
  if (Array.isArray(events) && Object.keys(others).length === 0) {
    return { or: [{ source_event_id: { in: events } }, { source_event_ids: { hasAny: events } }] }
  }
  throw new StoreError(
    'INVALID_ARGUMENT',
    `${memoryEntries.name}: filter 'source_event_id' takes a text or { in: [texts] }`,
    { collection: memoryEntries.name },
  )
}
