/** Pages and counts as SQL. The text depends on the shape of the question alone, never on a value in it. */

import { type CountQuestion, ID_FIELD, type Query } from '@coffer/core/backend'
import { anyOf, type Segment, segmentsBehind } from './keyset.ts'
import { predicateSql, visibilitySql } from './predicate-sql.ts'
import { documentColumn, extraFields, fieldColumns, rowColumns } from './row-codec.ts'
import { type ParameterList, parameterList, type Statement } from './statement.ts'
import { fieldAt, type Table } from './table.ts'

/**
 * One page and one row more, which says whether there is a next page, in parts: the rows of the parts one
 * after the other are the page, and a part is needed only where those before it were too few. Each part is
 * made for the number of rows still wanted. The parts must be read from one snapshot. `pageOf` reads the rows.
 *
 * @returns one part for most pages, and always one where the query has an offset
 */
export function queryParts(table: Table, query: Query, at: number): readonly PagePart[] {
  const columns = [...rowColumns(table), ...fieldColumns(table, extraFields(table, query))]
  return pageParts(table, query, at, columns.join(', '))
}

/** As `queryParts`, for documents alone. The values of the one column are read by `documentPageOf`. */
export function documentParts(table: Table, query: Query, at: number): readonly PagePart[] {
  return pageParts(table, query, at, documentColumn(table))
}

/** A part of a page, made for the number of rows still wanted. */
export type PagePart = (wanted: number) => Statement

function pageParts(table: Table, query: Query, at: number, columns: string): readonly PagePart[] {
  const select = `SELECT ${columns} FROM ${table.name}`
  const order = orderSql(table, query)
  return segmentsOf(table, query).map((segment) => (wanted) => {
    const parameters = parameterList(table.dialect.placeholder)
    const where = whereSql(table, query, at, parameters, segment)
    const limit = `LIMIT ${parameters.add(wanted)}`
    const offset = query.offset === 0 ? '' : ` OFFSET ${parameters.add(query.offset)}`
    return {
      text: `${select} WHERE ${where} ORDER BY ${order} ${limit}${offset}`,
      parameters: parameters.values,
    }
  })
}

/** An offset counts over all segments, so they become one; it costs reading what is passed over anyway. */
function segmentsOf(table: Table, query: Query): readonly (Segment | undefined)[] {
  if (query.after === undefined) return [undefined]
  const segments = segmentsBehind(table, query.order, query.after)
  return query.offset === 0 ? segments : [anyOf(segments)]
}

/** The number of rows that match. */
export function countStatement(table: Table, question: CountQuestion, at: number): Statement {
  const parameters = parameterList(table.dialect.placeholder)
  const where = whereSql(table, question, at, parameters, undefined)
  return { text: `SELECT count(*) FROM ${table.name} WHERE ${where}`, parameters: parameters.values }
}

/** The conditions of a question; a segment stands behind the tenant, where an index expects it. */
export function whereSql(
  table: Table,
  question: CountQuestion,
  at: number,
  parameters: ParameterList,
  segment: Segment | undefined,
): string {
  const { tenant, where, visibility } = question
  const conditions = [`${table.meta._tenant} = ${parameters.add(tenant)}`]
  if (segment !== undefined) conditions.push(segment(parameters))
  if (where !== undefined) conditions.push(predicateSql(where, { table, tenant, parameters }))
  const visible = visibilitySql(visibility, at, { table, parameters })
  if (visible !== undefined) conditions.push(visible)
  return conditions.join(' AND ')
}

function orderSql(table: Table, { order }: Query): string {
  return order
    .map(({ field, direction }) => {
      const { column, nullable } = fieldAt(table, field)
      const nulls = nullable && field !== ID_FIELD ? table.dialect.nulls[direction] : ''
      return `${column} ${direction === 'asc' ? 'ASC' : 'DESC'}${nulls}`
    })
    .join(', ')
}
