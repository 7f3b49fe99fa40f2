/** Aggregations as SQL. The meaning is that of `aggregateRows` in core, to the bit of a sum. */

import type { AggregateRow, Aggregation, GroupTerm, Measure, Scalar } from '@coffer/core/backend'
import { whereSql } from './query-sql.ts'
import type { RawRow } from './row-codec.ts'
import { type ParameterList, parameterList, type Statement } from './statement.ts'
import { fieldAt, type Table } from './table.ts'

/** The groups of an aggregation, a row each: their terms, then their measures. `aggregatedRow` reads them. */
export function aggregateStatement(table: Table, aggregation: Aggregation, at: number): Statement {
  const { by, measures, limit } = aggregation
  const parameters = parameterList(table.dialect.placeholder)
  const columns = [
    ...by.map((term) => termSql(table, term, parameters)),
    ...measures.map((measure) => measureSql(table, measure)),
  ]
  const where = whereSql(table, aggregation, at, parameters, undefined)
  const source = table.dialect.aggregates.source(table.name, sumsNumbers(table, measures))
  const select = `SELECT ${columns.join(', ')} FROM ${source} WHERE ${where}`
  const text =
    by.length === 0 ? select : `${select} GROUP BY ${groupSql(table, by)} LIMIT ${parameters.add(limit)}`
  return { text, parameters: parameters.values }
}

/** Reads a row of `aggregateStatement`. */
export function aggregatedRow(table: Table, { by, measures }: Aggregation, row: RawRow): AggregateRow {
  return {
    group: by.map(({ field }, position) => fieldValue(table, field, row[position])),
    measures: measures.map((measure, position) => measured(table, measure, row[by.length + position])),
  }
}

function termSql(table: Table, { field, everyMs }: GroupTerm, parameters: ParameterList): string {
  const { dialect } = table
  const { column, type } = fieldAt(table, field)
  const value = dialect.read(column, type)
  if (everyMs === undefined) return value
  const length = () => dialect.aggregates.milliseconds(parameters.add(everyMs))
  // The remainder has the sign of the instant, and a span begins at or before it.
  return `${value} - (${value} % ${length()} + ${length()}) % ${length()}`
}

/** A column where it is the group, so that an index can serve; a span by its place, for it has parameters. */
function groupSql(table: Table, by: readonly GroupTerm[]): string {
  return by
    .map(({ field, everyMs }, position) =>
      everyMs === undefined ? fieldAt(table, field).column : String(position + 1),
    )
    .join(', ')
}

function measureSql(table: Table, { type: kind, field }: Measure): string {
  if (field === undefined) return 'count(*)'
  const { read, aggregates } = table.dialect
  const { column, type } = fieldAt(table, field)
  switch (kind) {
    case 'count':
      return `count(${column})`
    case 'sum':
      return aggregates.sum(column, type)
    case 'min':
    case 'max':
      return read(aggregates[kind](column, type), type)
  }
}

function sumsNumbers(table: Table, measures: readonly Measure[]): boolean {
  return measures.some(({ type, field }) => type === 'sum' && fieldAt(table, field).type === 'number')
}

function measured(table: Table, { type, field }: Measure, value: unknown): Scalar | null {
  switch (type) {
    case 'count':
      return Number(value)
    case 'sum':
      return value === null ? '0' : String(value)
    case 'min':
    case 'max':
      return fieldValue(table, field, value)
  }
}

/** Aggregations are of fields that have one value. */
function fieldValue(table: Table, field: number, value: unknown): Scalar | null {
  if (value === null) return null
  return table.dialect.decode[fieldAt(table, field).type](value) as Scalar
}
