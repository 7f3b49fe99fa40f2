/** What faults in the rules of questions are made of. */

import { compareValues, type FieldValue, ID_FIELD, type OrderTerm, type Sortable } from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { byRules, type Rules } from './requery.ts'
import { alter } from './seams.ts'

/** A fault that is nothing but a wrong rule. */
export function ruleFault(id: string, clause: string, title: string, rules: Rules): Fault {
  return { id, clause, title, plant: (backend) => alter(backend, byRules(rules)) }
}

/** What a row is compared by: its id, or a field that is null where the row has none. */
export function fieldValueOf(row: Sortable, field: number): FieldValue {
  return field === ID_FIELD ? row.id : (row.fields[field] ?? null)
}

/** Compares texts as JavaScript does. */
export function compareUtf16(left: FieldValue, right: FieldValue): number {
  if (typeof left !== 'string' || typeof right !== 'string') return compareValues(left, right)
  return left < right ? -1 : left > right ? 1 : 0
}

/** The order without its tie-breaking id, where it has other terms. */
export function withoutId(order: readonly OrderTerm[]): readonly OrderTerm[] {
  return order.length > 1 ? order.filter((term) => term.field !== ID_FIELD) : order
}
