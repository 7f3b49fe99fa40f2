/**
 * The meaning of an aggregation, as one pure function. Memory runs it; a SQL engine compiles the same question
 * and is tested against it.
 */

import type { CountQuestion } from './backend.ts'
import { ExactSum } from './exact-sum.ts'
import { compareValues, type Sortable } from './order.ts'
import { fieldOf, type Scalar } from './predicate.ts'
import type { FieldValue } from './row.ts'

/** What rows are grouped by: a field's value, or the span of time that a timestamp falls into. Never a `texts` field. */
export interface GroupTerm {
  /** A position in the layout, or `ID_FIELD`. */
  readonly field: number
  /**
   * For a timestamp, the length of the spans in milliseconds, from 1 to 1,000 years. A span begins at a multiple
   * of it since 1970, before 1970 too, and stands for the group by its beginning.
   */
  readonly everyMs: number | undefined
}

/**
 * What is answered of a group. Rows whose field is null count for nothing.
 *
 * - `count`: the number of rows, or of those that have the field
 * - `sum`: of a field of integers or numbers, as decimal text that is exact; `0` of no value. What is added is the
 *   shortest decimal form of each number, the one that JSON has. Powers of ten as in `3e-1` are allowed
 * - `min` and `max`: in the order of `compareValues`, of any field but `texts`; null of no value
 */
export type Measure =
  | { readonly type: 'count'; readonly field: number | undefined }
  | { readonly type: 'sum' | 'min' | 'max'; readonly field: number }

/** Rows of a question, put into groups and measured. */
export interface Aggregation extends CountQuestion {
  /** Without terms all rows are one group, which is there even when no row is. */
  readonly by: readonly GroupTerm[]
  /** At least one. */
  readonly measures: readonly Measure[]
  /** The most groups to answer, from 1. Which ones are answered where there are more is not said. */
  readonly limit: number
}

/** One group: the values of the terms and of the measures, in their order. Timestamps are milliseconds. */
export interface AggregateRow {
  readonly group: readonly (Scalar | null)[]
  readonly measures: readonly (Scalar | null)[]
}

/** Answers an aggregation from the rows that its question means, in any order; so is the answer. */
export function aggregateRows(
  rows: Iterable<Sortable>,
  { by, measures, limit }: Pick<Aggregation, 'by' | 'measures' | 'limit'>,
): AggregateRow[] {
  const groups = new Map<string, { readonly group: readonly (Scalar | null)[]; readonly tallies: Tally[] }>()
  const tallies = () => measures.map(tallyOf)
  if (by.length === 0) groups.set('[]', { group: [], tallies: tallies() })
  for (const row of rows) {
    const group = by.map((term) => groupValue(row, term))
    const name = JSON.stringify(group)
    let found = groups.get(name)
    if (found === undefined) {
      if (groups.size >= limit) continue
      found = { group, tallies: tallies() }
      groups.set(name, found)
    }
    for (const tally of found.tallies) tally.add(row)
  }
  return [...groups.values()].map(({ group, tallies }) => ({
    group,
    measures: tallies.map((tally) => tally.value()),
  }))
}

function groupValue(row: Sortable, { field, everyMs }: GroupTerm): Scalar | null {
  const value = single(fieldOf(row, field))
  if (everyMs === undefined || value === null) return value
  return Math.floor(Number(value) / everyMs) * everyMs
}

/** What a measure has seen of its group so far. */
interface Tally {
  add(row: Sortable): void
  value(): Scalar | null
}

function tallyOf({ type, field }: Measure): Tally {
  switch (type) {
    case 'count':
      return countTally(field)
    case 'sum':
      return sumTally(field)
    case 'min':
      return extremeTally(field, -1)
    case 'max':
      return extremeTally(field, 1)
  }
}

function countTally(field: number | undefined): Tally {
  let count = 0
  return {
    add: (row) => {
      if (field === undefined || fieldOf(row, field) !== null) count++
    },
    value: () => count,
  }
}

function sumTally(field: number): Tally {
  const sum = new ExactSum()
  return {
    add: (row) => {
      const value = fieldOf(row, field)
      if (value !== null) sum.add(Number(value))
    },
    value: () => sum.toText(),
  }
}

/** The greatest value in a direction: 1 for the greatest, -1 for the least. */
function extremeTally(field: number, direction: 1 | -1): Tally {
  let extreme: Scalar | null = null
  return {
    add: (row) => {
      const value = single(fieldOf(row, field))
      if (value === null) return
      if (extreme === null || compareValues(value, extreme) * direction > 0) extreme = value
    },
    value: () => extreme,
  }
}

/** The value of a field that is not one of many texts. */
function single(value: FieldValue): Scalar | null {
  return value as Scalar | null
}
