/** Arguments that are records, checked when a method is called and kept from later changes by the caller. */

import { isStoreError, StoreError, toDocument } from '@coffer/core'
import * as z from 'zod'

/**
 * A copy of a record that fits its schema, as JSON gives it back. A method that does more than one thing
 * checks and copies what it is given at once, as the writes of a collection do: nothing is asked of the
 * backend for what does not fit, and what the caller changes afterwards is not stored.
 *
 * @throws `INVALID_ARGUMENT`, which names the members and never a value
 */
export function checkedRecord<S extends z.ZodObject>(
  schema: S,
  record: unknown,
  where: string,
  index?: number,
): z.output<S> {
  if (Object.values(Object(record)).some((member) => Object.hasOwn(Object(member), '__proto__'))) {
    // Zod's records drop such a member and say nothing.
    throw refusal(`${where}: no member can be called __proto__`, index)
  }
  const encoded = fitting(() => z.encode(schema, record as z.output<S>), where, index)
  const copy = copyOf(encoded, where, index)
  return present(fitting(() => z.decode(schema, copy as z.input<S>), where, index))
}

/** What a schema makes of a record, or the refusal that says why it makes nothing of it. */
function fitting<T>(run: () => T, where: string, index: number | undefined): T {
  try {
    return run()
  } catch (error) {
    // A codec that throws, as for an invalid Date, may carry the value in its message.
    const issues = error instanceof z.core.$ZodError ? error.issues : [UNKNOWN_ISSUE]
    const problems = issues.slice(0, 3).map((issue) => {
      const path = issue.path.map(String).join('.')
      return `${path === '' ? 'the record' : path}: ${issue.message}`
    })
    throw refusal(`${where}: ${problems.join('; ')}`, index)
  }
}

const UNKNOWN_ISSUE: z.core.$ZodIssue = {
  code: 'custom',
  path: [],
  message: "it can't be encoded by its schema",
}

function copyOf(data: object, where: string, index: number | undefined): unknown {
  // A member that takes anything may be undefined, but has to be named.
  const named = Object.fromEntries(Object.keys(data).map((name) => [name, undefined]))
  try {
    return { ...named, ...JSON.parse(toDocument(data, Infinity, where)) }
  } catch (error) {
    if (!isStoreError(error)) throw error
    throw refusal(error.message, index)
  }
}

function present<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, member]) => member !== undefined)) as T
}

function refusal(problem: string, index: number | undefined): StoreError {
  const item = index === undefined ? '' : ` (item ${index})`
  return new StoreError('INVALID_ARGUMENT', `${problem}${item}`, { index })
}
