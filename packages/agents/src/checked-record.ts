/** Arguments that are records, checked when a method is called and kept from later changes by the caller. */

import { StoreError } from '@coffer/core'
import * as z from 'zod'

/** Deeper documents are refused by the store; so no copy has to go deeper. */
const MAX_DEPTH = 130

/**
 * A copy of a record that fits its schema. A method that does more than one thing checks and copies what it
 * is given at once, as the writes of a collection do: nothing is asked of the backend for what does not fit,
 * and what the caller changes afterwards is not stored.
 *
 * @throws `INVALID_ARGUMENT`, which names the members and never a value
 */
export function checkedRecord<S extends z.ZodObject>(
  schema: S,
  record: unknown,
  where: string,
  index?: number,
): z.output<S> {
  const encoded = encode(schema, record)
  if (encoded.success) return z.decode(schema, isolated(encoded.data) as z.input<S>)
  const problems = encoded.issues.slice(0, 3).map((issue) => {
    const path = issue.path.map(String).join('.')
    return `${path === '' ? 'the record' : path}: ${issue.message}`
  })
  const item = index === undefined ? '' : ` (item ${index})`
  throw new StoreError('INVALID_ARGUMENT', `${where}: ${problems.join('; ')}${item}`, { index })
}

type Encoded = { success: true; data: unknown } | { success: false; issues: readonly z.core.$ZodIssue[] }

function encode(schema: z.ZodObject, record: unknown): Encoded {
  try {
    return { success: true, data: z.encode(schema, record as Record<string, unknown>) }
  } catch (error) {
    // A codec that throws, as for an invalid Date, may carry the value in its message.
    const issues = error instanceof z.core.$ZodError ? error.issues : [UNKNOWN_ISSUE]
    return { success: false, issues }
  }
}

const UNKNOWN_ISSUE: z.core.$ZodIssue = {
  code: 'custom',
  path: [],
  message: "it can't be encoded by its schema",
}

/** A copy of what is plain data; anything else is left for the store to refuse. */
function isolated(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value
  if (Array.isArray(value)) return value.map((member) => isolated(member, depth + 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, isolated(member, depth + 1)]),
  )
}
