/** Copies of what a caller hands over, for what is encoded only later. */

import { isPlainObject } from './filter.ts'
import { MAX_DEPTH } from './json.ts'

/**
 * The same value, which the caller can't change any more: plain objects, arrays and `Date`s are copied, all else
 * is left as it is. What is nested deeper than a document may be is not followed, and refused later. What stands
 * in several places is copied once: there may be more ways through a value than time to follow them.
 */
export function isolated<T>(value: T): T {
  return copyOf(value, 1, new Map()) as T
}

function copyOf(value: unknown, depth: number, copies: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value
  const known = copies.get(value)
  if (known !== undefined) return known
  if (value instanceof Date) return new Date(value)
  if (Array.isArray(value)) {
    const copy: unknown[] = []
    copies.set(value, copy)
    for (const member of value) copy.push(copyOf(member, depth + 1, copies))
    return copy
  }
  if (!isPlainObject(value)) return value
  const copy: Record<string, unknown> = {}
  copies.set(value, copy)
  for (const name of Object.keys(value)) {
    const member = copyOf(value[name], depth + 1, copies)
    // Assigned, a member of this name would be taken for the prototype.
    if (name === '__proto__') Object.defineProperty(copy, name, { value: member, enumerable: true })
    else copy[name] = member
  }
  return copy
}
