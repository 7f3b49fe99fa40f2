/**
 * The meaning of a query, as one pure function. Memory runs it; a SQL engine compiles the same tree and
 * is tested against it. Logic has two values: a comparison with an absent or null field is false, and
 * `not` of it is true.
 */

import { ID_FIELD } from './layout.ts'
import { compareValues, type OrderTerm, type Position, type Sortable } from './order.ts'
import type { FieldValue, Visibility } from './row.ts'

/** How two single values are compared. */
export type Comparison = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte'

/** A single value, never null: absence is asked with `null`. */
export type Scalar = string | number | boolean

/**
 * A condition on rows. Fields are positions in the layout, or `ID_FIELD`; values already have the field's
 * type. `and` of nothing is true, `or` of nothing and `in` of nothing are false.
 */
export type Predicate =
  | { readonly type: 'and'; readonly terms: readonly Predicate[] }
  | { readonly type: 'or'; readonly terms: readonly Predicate[] }
  | { readonly type: 'not'; readonly term: Predicate }
  | {
      readonly type: 'compare'
      readonly field: number
      readonly comparison: Comparison
      readonly value: Scalar
    }
  | { readonly type: 'in'; readonly field: number; readonly values: readonly Scalar[] }
  | { readonly type: 'null'; readonly field: number }
  | { readonly type: 'prefix'; readonly field: number; readonly prefix: string }
  | { readonly type: 'hasAll'; readonly field: number; readonly values: readonly string[] }
  | { readonly type: 'hasAny'; readonly field: number; readonly values: readonly string[] }

/** One page of a question. */
export interface Query {
  readonly tenant: string
  readonly where: Predicate | undefined
  /** A total order: it has the id as a term (see `totalOrder`). Terms after the id do not occur. */
  readonly order: readonly OrderTerm[]
  /** Only rows strictly behind this position. */
  readonly after: Position | undefined
  /** Rows to pass over, 0 for none. */
  readonly offset: number
  /** The most rows to answer, from 1. */
  readonly limit: number
  readonly visibility: Visibility
  /** Whether the answer carries the index fields as the engine holds them. */
  readonly withFields: boolean
}

/** True when the row satisfies the predicate. */
export function matches(row: Sortable, predicate: Predicate): boolean {
  switch (predicate.type) {
    case 'and':
      return predicate.terms.every((term) => matches(row, term))
    case 'or':
      return predicate.terms.some((term) => matches(row, term))
    case 'not':
      return !matches(row, predicate.term)
    default:
      return matchesField(fieldOf(row, predicate.field), predicate)
  }
}

type FieldPredicate = Exclude<Predicate, { type: 'and' | 'or' | 'not' }>

function matchesField(value: FieldValue, predicate: FieldPredicate): boolean {
  if (predicate.type === 'null') return value === null
  if (value === null) return false
  switch (predicate.type) {
    case 'compare':
      return holds(predicate.comparison, compareValues(value, predicate.value))
    case 'in':
      return predicate.values.some((candidate) => candidate === value)
    case 'prefix':
      return (value as string).startsWith(predicate.prefix)
    case 'hasAll':
      return predicate.values.every(among(value as readonly string[], predicate.values.length))
    case 'hasAny':
      return predicate.values.some(among(value as readonly string[], predicate.values.length))
  }
}

/** How many questions cost more than a set of the texts that they are asked of. */
const FEW_QUESTIONS = 50

/** Tells whether a text is one of a field's, which may be 50,000, and is asked of so many. */
function among(texts: readonly string[], questions: number): (text: string) => boolean {
  if (questions <= FEW_QUESTIONS) return (text) => texts.includes(text)
  const set = new Set(texts)
  return (text) => set.has(text)
}

/** The value of a row's field, or its id where the position is `ID_FIELD`. */
export function fieldOf(row: Sortable, field: number): FieldValue {
  return field === ID_FIELD ? row.id : (row.fields[field] ?? null)
}

function holds(comparison: Comparison, difference: number): boolean {
  switch (comparison) {
    case 'eq':
      return difference === 0
    case 'ne':
      return difference !== 0
    case 'gt':
      return difference > 0
    case 'gte':
      return difference >= 0
    case 'lt':
      return difference < 0
    case 'lte':
      return difference <= 0
  }
}

/**
 * The first text that is greater than every text with this prefix, or `undefined` when there is none: the
 * upper end of a prefix as a range. Steps over the surrogates, which are not text.
 */
export function prefixSuccessor(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) as number)
  while (points.length > 0) {
    const last = points.pop() as number
    if (last < 0x10ffff) {
      const next = last === 0xd7ff ? 0xe000 : last + 1
      return String.fromCodePoint(...points, next)
    }
  }
  return undefined
}
