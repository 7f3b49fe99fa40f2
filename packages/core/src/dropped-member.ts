/**
 * Members named `__proto__`. Zod leaves them out of records and of objects that take further members, and says
 * nothing; a store would keep less than it was given. So they are refused where that would happen.
 */

import type * as z from 'zod'
import { MAX_DEPTH } from './json.ts'
import { definitionOf } from './schema-type.ts'

const DROPPED = '__proto__'

/** True when somewhere in the schema a member of that name would be left out. */
export function dropsMembers(schema: z.ZodType, seen = new Set<z.ZodType>()): boolean {
  if (seen.has(schema)) return false
  seen.add(schema)
  const definition = definitionOf(schema)
  const { type, shape = {}, catchall, items = [], options = [], rest } = definition
  if (type === 'record' || type === 'lazy') return true
  if (catchall !== undefined && definitionOf(catchall).type !== 'never') return true
  const { element, innerType, keyType, valueType, left, right, in: input, out } = definition
  const parts = [element, innerType, keyType, valueType, left, right, input, out, rest]
  return [...Object.values(shape), ...items, ...options, ...parts].some(
    (part) => part !== undefined && part !== null && dropsMembers(part, seen),
  )
}

/** The place of the first such member in a value: `metadata.__proto__`. What is nested too deep is refused elsewhere. */
export function findDroppedMember(value: unknown): string | undefined {
  return findWithin(value, 0, new Set())
}

/** Every record of a loose schema comes by here, so a place is only spelled out on the way back. */
function findWithin(value: unknown, depth: number, seen: Set<object>): string | undefined {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH || seen.has(value)) return undefined
  seen.add(value)
  if (Array.isArray(value)) {
    for (let position = 0; position < value.length; position++) {
      const found = findWithin(value[position], depth + 1, seen)
      if (found !== undefined) return `${position}.${found}`
    }
    return undefined
  }
  for (const name of Object.keys(value)) {
    if (name === DROPPED) return name
    const found = findWithin((value as Record<string, unknown>)[name], depth + 1, seen)
    if (found !== undefined) return `${name}.${found}`
  }
  return undefined
}
