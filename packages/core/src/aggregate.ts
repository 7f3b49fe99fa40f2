/** What a caller asks to be measured, checked and turned into what a backend is asked; and the answer, read. */

import type { AggregateRow, Aggregation, GroupTerm, Measure } from './aggregation.ts'
import { invalid, StoreError } from './errors.ts'
import type { Reading } from './executor.ts'
import { DESCRIPTIONS, NAME } from './field.ts'
import { type Filter, type FilterScope, findField, isPlainObject, parseFilter } from './filter.ts'
import type { FieldType } from './layout.ts'
import { compareValues } from './order.ts'
import type { Scalar } from './predicate.ts'
import { checkOptionNames, visibilityOf } from './query.ts'

/**
 * What records are grouped by: the value of a field, or the span of time that a timestamp falls into. Spans are
 * `everyMs` long, 1 to 31,536,000,000,000 (1,000 years), and begin at multiples of it since 1970 (UTC).
 */
export type GroupBy<F extends string = string> = F | { readonly field: F; readonly everyMs: number }

/**
 * What is measured of each group. Records whose field is absent or null count for nothing.
 *
 * - `'count'`: how many records there are; `{ count }`: how many of them have the field
 * - `{ sum }`: of a field of integers or numbers, 0 of no value. It is the sum of the numbers as JSON writes them,
 *   rounded once: 0.1 and 0.2 are 0.3, in whatever order
 * - `{ avg }`: that sum divided by the number of values, null of no value
 * - `{ min }` and `{ max }`: by the order in which `find` sorts, null of no value
 */
export type MeasureBy<F extends string = string> =
  | 'count'
  | { readonly count: F }
  | { readonly sum: F }
  | { readonly avg: F }
  | { readonly min: F }
  | { readonly max: F }

/** What `aggregate` takes. */
export interface AggregateOptions<
  F extends string = string,
  G extends readonly GroupBy<F>[] = readonly GroupBy<F>[],
  M extends Readonly<Record<string, MeasureBy<F>>> = Readonly<Record<string, MeasureBy<F>>>,
> extends Reading {
  /** Default: every record. */
  readonly where?: Filter<F> | undefined
  /** At most 8 terms, each of another field. Default: none, which makes one group of all records. */
  readonly by?: G | undefined
  /** 1 to 32 measures, by names of the caller's. `group` is no name. */
  readonly measures: M
  /** Whether soft-deleted records are measured too. Default: false. */
  readonly includeDeleted?: boolean | undefined
}

/** A value of a group, or a least or greatest one. Timestamps are `Date`s. */
export type AggregateValue = string | number | boolean | Date | null

/** What a measure answers. */
export type Measured<M> = M extends 'count' | { readonly count: string } | { readonly sum: string }
  ? number
  : M extends { readonly avg: string }
    ? number | null
    : AggregateValue

/** One group of an answer: what its records have in common, and each measure by its name. */
export type AggregateGroup<G extends readonly GroupBy[], M> = {
  readonly group: { readonly [K in NameOf<G[number]>]: AggregateValue }
} & { readonly [K in keyof M]: Measured<M[K]> }

type NameOf<G extends GroupBy> = G extends { readonly field: infer N extends string } ? N : G & string

/** The most groups of one answer: bounds what an engine and a caller must hold. */
export const MAX_GROUPS = 10_000
const MAX_TERMS = 8
const MAX_MEASURES = 32
const MAX_EVERY_MS = 31_536_000_000_000

const OPTIONS = ['where', 'by', 'measures', 'includeDeleted', 'consistency', 'signal']

/** An aggregation for the backend, and how its answer is read. */
export interface ParsedAggregation {
  readonly aggregation: Aggregation
  /**
   * Makes the groups of the backend's rows, in order.
   *
   * @throws StoreError `LIMIT_EXCEEDED` for too many groups, or a sum that no number can hold
   */
  readonly read: (rows: readonly AggregateRow[]) => Record<string, unknown>[]
}

/** Reads the options of `aggregate`. Anything unknown or out of bounds is refused by name. */
export function parseAggregate(
  options: AggregateOptions,
  scope: FilterScope,
  tenant: string,
): ParsedAggregation {
  const where = `${scope.name}: aggregate`
  checkOptionNames(options, OPTIONS, where)
  const terms = parseTerms(options.by, scope, where)
  const measures: Measure[] = []
  const readers = parseMeasures(options.measures, scope, where, (measure) => {
    const known = measures.findIndex((each) => each.type === measure.type && each.field === measure.field)
    return known === -1 ? measures.push(measure) - 1 : known
  })
  return {
    aggregation: {
      tenant,
      where: options.where === undefined ? undefined : parseFilter(options.where, scope),
      visibility: visibilityOf(options, scope.name),
      by: terms,
      measures,
      limit: MAX_GROUPS + 1,
    },
    read: (rows) => {
      if (rows.length > MAX_GROUPS) throw tooManyGroups(where)
      return rows
        .toSorted((left, right) => compareGroups(left.group, right.group))
        .map(({ group, measures: values }) => ({
          group: Object.fromEntries(
            terms.map(({ name, type }, position) => [name, outside(group[position], type)]),
          ),
          ...Object.fromEntries(readers.map(([name, read]) => [name, read(values)])),
        }))
    },
  }
}

/** A term with the name and the type of its field. */
interface NamedTerm extends GroupTerm {
  readonly name: string
  readonly type: FieldType
}

function parseTerms(by: unknown, scope: FilterScope, where: string): readonly NamedTerm[] {
  if (by === undefined) return []
  if (!Array.isArray(by) || by.length > MAX_TERMS) {
    throw invalid(`${where}: 'by' takes an array of at most ${MAX_TERMS} fields`)
  }
  const terms = by.map((each) => parseTerm(each, scope, where))
  const repeated = terms.find(
    (term, position) => terms.findIndex(({ name }) => name === term.name) < position,
  )
  if (repeated !== undefined) throw invalid(`${where}: 'by' names '${repeated.name}' twice`)
  return terms
}

function parseTerm(asked: unknown, scope: FilterScope, where: string): NamedTerm {
  if (typeof asked === 'string') return { ...scalarField(asked, scope, where), everyMs: undefined }
  if (!isPlainObject(asked) || typeof asked.field !== 'string') {
    throw invalid(`${where}: 'by' takes names of fields and { field, everyMs }`)
  }
  checkOptionNames(asked, ['field', 'everyMs'], `${where}: by`)
  const term = scalarField(asked.field, scope, where)
  const { everyMs } = asked
  if (term.type !== 'timestamp') {
    throw invalid(`${where}: 'everyMs' needs a field of timestamps, and '${term.name}' is none`)
  }
  if (!Number.isSafeInteger(everyMs) || Number(everyMs) < 1 || Number(everyMs) > MAX_EVERY_MS) {
    throw invalid(`${where}: 'everyMs' takes an integer from 1 to ${MAX_EVERY_MS} (1,000 years)`)
  }
  return { ...term, everyMs: Number(everyMs) }
}

/** Reads a measure's value out of those of a group. */
type Reader = (values: AggregateRow['measures']) => unknown

function parseMeasures(
  asked: unknown,
  scope: FilterScope,
  where: string,
  add: (measure: Measure) => number,
): readonly (readonly [name: string, read: Reader])[] {
  if (!isPlainObject(asked)) {
    throw invalid(`${where}: 'measures' takes an object of names and measures: { n: 'count' }`)
  }
  const entries = Object.entries(asked)
  if (entries.length === 0 || entries.length > MAX_MEASURES) {
    throw invalid(`${where}: 'measures' takes 1 to ${MAX_MEASURES} measures`)
  }
  return entries.map(([name, measure]) => {
    if (!NAME.test(name) || name === 'group') {
      throw invalid(
        `${where}: a measure needs a name of letters, digits and _, beginning with a letter, and not 'group'`,
      )
    }
    return [name, parseMeasure(measure, scope, `${where}: measure '${name}'`, add)]
  })
}

const KINDS = ['count', 'sum', 'avg', 'min', 'max']

function parseMeasure(
  asked: unknown,
  scope: FilterScope,
  where: string,
  add: (measure: Measure) => number,
): Reader {
  if (asked === 'count') return plain(add({ type: 'count', field: undefined }))
  const [entry, ...others] = isPlainObject(asked) ? Object.entries(asked) : []
  const [kind, name] = entry ?? []
  if (kind === undefined || !KINDS.includes(kind) || typeof name !== 'string' || others.length > 0) {
    throw invalid(`${where} is 'count', or one of ${KINDS.join(', ')} with the name of a field`)
  }
  if (kind === 'count') return plain(add({ type: 'count', field: findField(name, scope).position }))
  const { field, type } = scalarField(name, scope, where)
  if (kind === 'min' || kind === 'max') {
    const position = add({ type: kind, field })
    return (values) => outside(values[position], type)
  }
  if (type !== 'integer' && type !== 'number') {
    throw invalid(`${where}: '${kind}' needs a field of integers or numbers, and '${name}' is none`)
  }
  const sum = add({ type: 'sum', field })
  if (kind === 'sum') return (values) => readSum(values[sum], type, where)
  const count = add({ type: 'count', field })
  return (values) =>
    values[count] === 0 ? null : readSum(values[sum], 'number', where) / Number(values[count])
}

function plain(position: number): Reader {
  return (values) => values[position]
}

/** A field that has one value at most. */
function scalarField(name: string, scope: FilterScope, where: string): Omit<NamedTerm, 'everyMs'> {
  const { position, type } = findField(name, scope)
  if (type === 'texts') {
    throw invalid(
      `${where}: '${name}' is ${DESCRIPTIONS.texts}, which can only be counted: { count: '${name}' }`,
    )
  }
  return { field: position, name, type }
}

/** A value as users see it. */
function outside(value: Scalar | null | undefined, type: FieldType): AggregateValue {
  if (value === undefined || value === null) return null
  return type === 'timestamp' ? new Date(Number(value)) : value
}

/** The number nearest to an exact sum. */
function readSum(text: Scalar | null | undefined, type: 'integer' | 'number', where: string): number {
  // A sum between 0 and the least number is 0, never -0.
  const sum = Number(text) + 0
  if (type === 'integer' ? Number.isSafeInteger(sum) : Number.isFinite(sum)) return sum
  throw new StoreError(
    'LIMIT_EXCEEDED',
    `${where}: the sum is beyond what ${DESCRIPTIONS[type]} can be; ask for smaller groups`,
  )
}

function compareGroups(left: AggregateRow['group'], right: AggregateRow['group']): number {
  for (const [position, value] of left.entries()) {
    const difference = compareValues(value, right[position] ?? null)
    if (difference !== 0) return difference
  }
  return 0
}

function tooManyGroups(where: string): StoreError {
  return new StoreError(
    'LIMIT_EXCEEDED',
    `${where}: there are more than ${MAX_GROUPS} groups; ask for fewer by a filter, longer spans or other fields`,
  )
}
