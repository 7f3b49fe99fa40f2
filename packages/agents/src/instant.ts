/** Instants, as arguments name them. */

import { isoTimestamp } from '@coffer/core'

/** The instant that a `Date` or an ISO 8601 timestamp with an offset names; `undefined` for what names none. */
export function instantOf(value: unknown): Date | undefined {
  const isDate = value instanceof Date && !Number.isNaN(value.getTime())
  const parsed = isoTimestamp.safeParse(isDate ? value.toISOString() : value)
  return parsed.success ? new Date(parsed.data) : undefined
}
