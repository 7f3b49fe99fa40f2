/** What faults in the rules of questions are made of. */

import {
  compareValues,
  type FieldValue,
  ID_FIELD,
  matches,
  type OrderTerm,
  type Predicate,
  type Sortable,
} from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { byRules, type Rules } from './requery.ts'
import { alter } from './seams.ts'

/** A fault that is nothing but a wrong rule. */
export function ruleFault(id: string, clause: string, title: string, rules: Rules): Fault {
  return { id, clause, title, plant: (backend) => alter(backend, byRules(rules)) }
}

/** A meaning of filters with some kinds of condition replaced; the others, and their nesting, stay right. */
export function meaning(
  replaced: (row: Sortable, predicate: Predicate, value: FieldValue) => boolean | undefined,
): Rules {
  const meets = (row: Sortable, predicate: Predicate): boolean => {
    if (predicate.type === 'and') return predicate.terms.every((term) => meets(row, term))
    if (predicate.type === 'or') return predicate.terms.some((term) => meets(row, term))
    if (predicate.type === 'not') return !meets(row, predicate.term)
    return replaced(row, predicate, fieldValueOf(row, predicate.field)) ?? matches(row, predicate)
  }
  return { matches: meets }
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
