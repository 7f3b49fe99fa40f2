/**
 * What lies behind a position, as conditions that an index serves.
 *
 * Where the tail of the order goes one way and can't meet a null, one row value does it:
 * `(f, _id) > (?, ?)`. Otherwise the rows behind are split into segments without overlap: first those that
 * equal the position in all terms but the last and lie behind in that one, then those equal in fewer terms.
 * Everything in a segment comes before everything in the next, so an engine that reads them one after the
 * other stops as soon as the page is full, however deep the position is.
 */

import { type FieldValue, ID_FIELD, type OrderTerm, type Position } from '@coffer/core/backend'
import type { ParameterList } from './statement.ts'
import { fieldAt, type Table } from './table.ts'

/** Writes the condition of one segment; its parameters go into the list. */
export type Segment = (parameters: ParameterList) => string

interface Term {
  readonly column: string
  readonly direction: 'asc' | 'desc'
  readonly nullable: boolean
  readonly value: FieldValue
  readonly add: (parameters: ParameterList) => string
}

/** The segments behind a position of a total order, in the order of the answer. */
export function segmentsBehind(
  table: Table,
  order: readonly OrderTerm[],
  position: Position,
): readonly Segment[] {
  const terms = termsOf(table, order, position)
  const tail = tailStart(terms)
  const segments: Segment[] = []
  for (let level = tail; level >= 0; level--) {
    const term = terms[level]
    if (term === undefined) continue
    const equal = terms.slice(0, level)
    const behind = level === tail ? rowValueBehind(terms.slice(tail)) : valueBehind(term)
    if (behind !== undefined) segments.push(conjunction(equal, behind))
    const nullsFollow = term.direction === 'desc' && term.nullable && term.value !== null
    if (nullsFollow) segments.push(conjunction(equal, () => `${term.column} IS NULL`))
  }
  return segments
}

/** One segment of all that is in any of them. */
export function anyOf(segments: readonly Segment[]): Segment {
  const [only] = segments
  if (segments.length === 1 && only !== undefined) return only
  return (parameters) => `(${segments.map((segment) => segment(parameters)).join(' OR ')})`
}

function termsOf(table: Table, order: readonly OrderTerm[], position: Position): readonly Term[] {
  let next = 0
  return order.map(({ field, direction }) => {
    const value = field === ID_FIELD ? position.id : (position.values[next++] ?? null)
    const { column, type, nullable } = fieldAt(table, field)
    const encoded = table.dialect.encode[type](value)
    return { column, direction, nullable, value, add: (parameters) => parameters.add(encoded) }
  })
}

/**
 * Where the part begins that one row value can compare. Comparing with a null is unknown, thus false:
 * right in ascending order, where nulls lie before the position, and wrong in descending order for all
 * terms but the first of the part, whose nulls get a segment of their own.
 */
function tailStart(terms: readonly Term[]): number {
  let start = terms.length - 1
  while (start > 0) {
    const current = terms[start]
    const before = terms[start - 1]
    if (before === undefined || current === undefined) break
    const nullsMissed = current.direction === 'desc' && current.nullable
    if (before.direction !== current.direction || before.value === null || nullsMissed) break
    start--
  }
  return start
}

function rowValueBehind(terms: readonly Term[]): Segment {
  const operator = terms[0]?.direction === 'desc' ? '<' : '>'
  return (parameters) => {
    const columns = terms.map((term) => term.column).join(', ')
    const values = terms.map((term) => term.add(parameters)).join(', ')
    return terms.length === 1 ? `${columns} ${operator} ${values}` : `(${columns}) ${operator} (${values})`
  }
}

/** What comes behind one value; nothing comes behind a null in descending order. */
function valueBehind(term: Term): Segment | undefined {
  if (term.value !== null) return rowValueBehind([term])
  return term.direction === 'asc' ? () => `${term.column} IS NOT NULL` : undefined
}

function conjunction(equal: readonly Term[], behind: Segment): Segment {
  return (parameters) =>
    [
      ...equal.map(({ column, value, add }) =>
        value === null ? `${column} IS NULL` : `${column} = ${add(parameters)}`,
      ),
      behind(parameters),
    ].join(' AND ')
}
