/** Copies of what a caller hands over, for what is encoded only later. */

import { isPlainObject } from './filter.ts'
import { MAX_DEPTH } from './json.ts'

/**
 * The same value, which the caller can't change any more: plain objects, arrays and `Date`s are copied, all else
 * is left as it is. What is nested deeper than a document may be is not followed, and refused later.
 */
export function isolated<T>(value: T): T {
  return copyOf(value, 1) as T
}

function copyOf(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value
  if (Array.isArray(value)) return value.map((member) => copyOf(member, depth + 1))
  if (value instanceof Date) return new Date(value)
  if (!isPlainObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copyOf(member, depth + 1)]))
}
