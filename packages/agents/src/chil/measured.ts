/** Values of aggregations as the records of measures show them. */

import type { AggregateValue } from '@coffer/core'

/** A least or greatest number; null of no value. */
export function measuredNumber(value: AggregateValue): number | null {
  return typeof value === 'number' ? value : null
}

/** The beginning of a period as an ISO 8601 timestamp; null where none were asked for. */
export function periodStart(value: AggregateValue | undefined): string | null {
  return value instanceof Date ? value.toISOString() : null
}
