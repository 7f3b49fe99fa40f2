/** The order of values and rows: the same on every backend, to the byte. */

import { ID_FIELD } from './layout.ts'
import type { FieldValue } from './row.ts'

/**
 * Compares two texts by code point, which is the order of their UTF-8 bytes. JavaScript's own `<` compares
 * UTF-16 code units and puts U+1F600 before U+FFFD.
 */
export function compareText(left: string, right: string): number {
  const shared = Math.min(left.length, right.length)
  for (let position = 0; position < shared; position++) {
    const a = left.charCodeAt(position)
    const b = right.charCodeAt(position)
    if (a !== b) return codePointRank(a) - codePointRank(b)
  }
  return left.length - right.length
}

/** Distinct texts in the order of `compareText`, so that equal sets are equal arrays. */
export function sortedTexts(texts: Iterable<string>): readonly string[] {
  return [...new Set(texts)].sort(compareText)
}

/** Moves surrogates above the rest of the basic plane, as the code points that they encode are. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

/** Compares two values of one field: null first, then false before true, numbers, text by code point. */
export function compareValues(left: FieldValue, right: FieldValue): number {
  if (left === right) return 0
  if (left === null) return -1
  if (right === null) return 1
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right)
  return Number(left) - Number(right)
}

/** One sort criterion: a field by its position in the layout, or `ID_FIELD`. Never a `texts` field. */
export interface OrderTerm {
  readonly field: number
  readonly direction: 'asc' | 'desc'
}

/** A place between two rows of an ordered answer: the order terms' values of the row before it. */
export interface Position {
  readonly values: readonly FieldValue[]
  readonly id: string
}

/**
 * Completes an order so that it is total: the id comes last, in the direction of the last term, so that
 * the reverse of every term is the exact reverse of the answer.
 */
export function totalOrder(order: readonly OrderTerm[]): readonly OrderTerm[] {
  if (order.some((term) => term.field === ID_FIELD)) return order
  return [...order, { field: ID_FIELD, direction: order.at(-1)?.direction ?? 'asc' }]
}

/** What is compared of a row: its id and its fields. */
export interface Sortable {
  readonly id: string
  readonly fields: readonly FieldValue[]
}

/** Compares two rows by a total order. */
export function compareRows(left: Sortable, right: Sortable, order: readonly OrderTerm[]): number {
  for (const { field, direction } of order) {
    const difference =
      field === ID_FIELD
        ? compareText(left.id, right.id)
        : compareValues(left.fields[field] ?? null, right.fields[field] ?? null)
    if (difference !== 0) return direction === 'asc' ? difference : -difference
  }
  return 0
}

/** Compares a row with a position in the same total order. The position's values follow the terms without the id. */
export function comparePosition(row: Sortable, position: Position, order: readonly OrderTerm[]): number {
  let next = 0
  for (const { field, direction } of order) {
    const difference =
      field === ID_FIELD
        ? compareText(row.id, position.id)
        : compareValues(row.fields[field] ?? null, position.values[next++] ?? null)
    if (difference !== 0) return direction === 'asc' ? difference : -difference
  }
  return 0
}

/** The position just behind a row in a total order. */
export function positionOf(row: Sortable, order: readonly OrderTerm[]): Position {
  const terms = order.filter((term) => term.field !== ID_FIELD)
  return { values: terms.map((term) => row.fields[term.field] ?? null), id: row.id }
}
