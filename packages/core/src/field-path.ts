/** Where the values of a field stand in an encoded record: names of members, and `*` for the members of an array. */

/** The steps of a path: `capabilities.*.type` has three. */
export type FieldPath = readonly string[]

/** The step that goes over the members of an array. */
export const EVERY = '*'

/** What stands in the place of an array where `valuesAt` meets something else. */
export const NO_ARRAY: unique symbol = Symbol('no array')

/** True for a path that leads to many values. */
export function isManyValued(path: FieldPath): boolean {
  return path.includes(EVERY)
}

/** The value at the end of a path without `*`; `undefined` where a member on the way is missing. */
export function valueAt(encoded: unknown, path: FieldPath): unknown {
  let value = encoded
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string, unknown>)[step]
  }
  return value
}

/**
 * The values at the ends of a path, in the record's order; missing members and nulls are passed over, and what
 * is no array in the place of one is told as `NO_ARRAY`. `undefined` where nothing stands at the path, or at its
 * part before the first `*`.
 */
export function valuesAt(encoded: unknown, path: FieldPath): readonly unknown[] | undefined {
  const first = path.indexOf(EVERY)
  const value = valueAt(encoded, first === -1 ? path : path.slice(0, first))
  if (value === undefined || value === null) return undefined
  if (first === -1) return [value]
  if (!Array.isArray(value)) return [NO_ARRAY]
  const rest = path.slice(first + 1)
  return value.flatMap((member) => valuesAt(member, rest) ?? [])
}
