/** Faults in the order of what a question finds. */

import { compareRows, compareText, compareValues, type FieldValue } from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { compareUtf16, fieldValueOf, ruleFault, withoutId } from './question-rules.ts'
import type { Rules } from './requery.ts'

/** A row order made from an order of values. */
function orderedBy(compare: (left: FieldValue, right: FieldValue) => number): Rules {
  return {
    compare: (left, right, order) => {
      for (const { field, direction } of order) {
        const difference = compare(fieldValueOf(left, field), fieldValueOf(right, field))
        if (difference !== 0) return direction === 'asc' ? difference : -difference
      }
      return 0
    },
  }
}

function withoutCase(left: FieldValue, right: FieldValue): number {
  if (typeof left !== 'string' || typeof right !== 'string') return compareValues(left, right)
  return compareText(left.toLowerCase(), right.toLowerCase()) || compareText(left, right)
}

function nullsLast(left: FieldValue, right: FieldValue): number {
  if (left === right) return 0
  if (left === null) return 1
  return right === null ? -1 : compareValues(left, right)
}

function asText(left: FieldValue, right: FieldValue): number {
  if (typeof left !== 'number' || typeof right !== 'number') return compareValues(left, right)
  return compareText(String(left), String(right))
}

export const orderFaults: readonly Fault[] = [
  ruleFault('order-utf-16', 'K2', 'text is ordered by UTF-16 code units', orderedBy(compareUtf16)),
  ruleFault('order-without-case', 'K2', 'text is ordered without regard to case', orderedBy(withoutCase)),
  ruleFault('order-nulls-last', 'V8', 'null comes last', orderedBy(nullsLast)),
  ruleFault('order-numbers-as-text', 'V8', 'numbers are ordered as text', orderedBy(asText)),
  ruleFault('order-nulls-first-both-ways', 'V8', 'null comes first also when the order is descending', {
    compare: (left, right, order) => {
      for (const term of order) {
        const a = fieldValueOf(left, term.field)
        const b = fieldValueOf(right, term.field)
        if ((a === null) !== (b === null)) return a === null ? -1 : 1
        const difference = compareRows(left, right, [term])
        if (difference !== 0) return difference
      }
      return 0
    },
  }),
  ruleFault('order-ties-ascending', 'V8', 'ties of a descending order are broken upwards', {
    compare: (left, right, order) =>
      compareRows(left, right, withoutId(order)) ||
      compareText(left.id, right.id) *
        (order.length > 1 ? 1 : compareRows(left, right, order) === compareText(left.id, right.id) ? 1 : -1),
  }),
  ruleFault('order-first-term-only', 'V8', 'only the first field of an order counts', {
    compare: (left, right, order) =>
      compareRows(left, right, order.slice(0, 1)) || compareRows(left, right, order.slice(-1)),
  }),
  ruleFault('order-ignored', 'V8', 'rows come by key, whatever the order asked for', {
    compare: (left, right) => compareText(left.id, right.id),
  }),
]
