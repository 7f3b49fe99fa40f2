/** Records on their way into collections, whatever the form of the file that they come from. */

import type { CollectionDefinition, LogDefinition } from '@coffer/core'
import * as z from 'zod'

/** A record that may be stored, by the line at which it begins. */
export interface Arrived {
  readonly line: number
  readonly definition: CollectionDefinition
  readonly record: Readonly<Record<string, unknown>>
  /** How much of the file it was: bounds what is held at once. */
  readonly characters: number
}

/** A record, why a line is none, or a line of a log, which takes entries only by appending. */
export type Incoming =
  | Arrived
  | { readonly line: number; readonly problem: string }
  | { readonly line: number; readonly log: LogDefinition }

/** Problems of one record that are told. */
const MAX_ISSUES = 3

/** Reads a stored document by its schema; what is wrong is told by its place, never by its value. */
export function arrive(
  definition: CollectionDefinition,
  document: unknown,
  line: number,
  characters: number,
): Incoming {
  let decoded: ReturnType<typeof z.safeDecode>
  try {
    decoded = z.safeDecode(definition.strictSchema, document)
  } catch {
    // A codec threw: its message may carry the value.
    return { line, problem: 'it can not be read by the schema of the collection' }
  }
  if (decoded.success) {
    return { line, definition, record: decoded.data as Arrived['record'], characters }
  }
  const problems = decoded.error.issues.slice(0, MAX_ISSUES).map(({ path, message }) => {
    return `${path.length === 0 ? 'the record' : path.map(String).join('.')}: ${message}`
  })
  return { line, problem: problems.join('; ') }
}
