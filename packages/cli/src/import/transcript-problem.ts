/** Why a value is no run, in a person's words. Of what it holds nothing is shown but a role. */

import type * as z from 'zod'

/** A role that is shown is no longer than this. */
const MAX_ROLE = 40

const WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

/** What is wrong first, and where: `messages[0].role is 'robot'; it must be …`. */
export function reasonOf(error: z.ZodError, run: unknown): string {
  const [issue] = error.issues
  if (issue === undefined) return 'the run is not valid'
  const place = issue.path.length === 0 ? 'the run' : placeOf(issue.path)
  const value = valueAt(run, issue.path)
  if (value === undefined) return `${place} is missing${demandOf(issue)}`
  if (issue.code === 'too_small' && issue.origin !== 'number') return `${place} is empty`
  return `${place} is ${issue.path.at(-1) === 'role' ? shownRole(value) : kindOf(value)}${demandOf(issue)}`
}

function placeOf(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .slice(1)
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (part, step) => (typeof part === 'object' && part !== null ? Reflect.get(part, step) : undefined),
    value,
  )
}

function demandOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `; it must be one of ${issue.values.join(', ')}`
  if (issue.code === 'invalid_type') return `; it must be ${WORDS[issue.expected] ?? issue.expected}`
  // All else that a run is refused for is a time.
  return '; it must be ISO 8601 with an offset, or seconds since 1970'
}

function shownRole(role: unknown): string {
  return typeof role === 'string' && role.length <= MAX_ROLE ? `'${role}'` : kindOf(role)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return WORDS[Array.isArray(value) ? 'array' : typeof value] ?? 'not valid'
}
