/** Pages and counts as SQL. The text depends on the shape of the question alone, never on a value in it. */

import { type CountQuestion, ID_FIELD, type Query } from '@coffer/core/backend'
import { type Segment, segmentsBehind } from './keyset.ts'
import { predicateSql, visibilitySql } from './predicate-sql.ts'
import { documentColumn, extraFields, rowColumns } from './row-codec.ts'
import { type ParameterList, parameterList, type Statement } from './statement.ts'
import { fieldAt, type Table } from './table.ts'

/** One page and one row more, which says whether there is a next page. The rows are read by `pageOf`. */
export function queryStatement(table: Table, query: Query, at: number): Statement {
  return pageStatement(table, query, at, rowSelection(table, query))
}

function pageStatement(table: Table, query: Query, at: number, columns: string): Statement {
  const parameters = parameterList(table.dialect.placeholder)
  const select = `SELECT ${columns} FROM ${table.name}`
  const order = orderSql(table, query)
  const segments = query.after === undefined ? [] : segmentsBehind(table, query.order, query.after)
  const single = segments.length <= 1
  const part = (segment: Segment | undefined) => {
    const where = whereSql(table, query, at, parameters, segment)
    const limit = single
      ? limitSql(query, parameters)
      : `LIMIT ${parameters.add(query.offset + query.limit + 1)}`
    return `${select} WHERE ${where} ORDER BY ${order} ${limit}`
  }
  const text = single
    ? part(segments[0])
    : table.dialect.joinSegments(segments.map(part), order, () => limitSql(query, parameters))
  return { text, parameters: parameters.values }
}

/**
 * The page of `queryStatement` in parts, for an engine that answers without a round trip: the rows of the
 * parts one after the other are the page, and a part is needed only where those before it were too few.
 * Each part is made for the number of rows still wanted. The parts must be read from one snapshot.
 *
 * @returns one part for most pages, and always one where the query has an offset
 */
export function queryParts(table: Table, query: Query, at: number): readonly PagePart[] {
  return pageParts(table, query, at, rowSelection(table, query))
}

/** As `queryParts`, for documents alone. The values of the one column are read by `documentPageOf`. */
export function documentParts(table: Table, query: Query, at: number): readonly PagePart[] {
  return pageParts(table, query, at, documentColumn(table))
}

/** A part of a page, made for the number of rows still wanted. */
export type PagePart = (wanted: number) => Statement

function pageParts(table: Table, query: Query, at: number, columns: string): readonly PagePart[] {
  const segments =
    query.after === undefined || query.offset > 0 ? [] : segmentsBehind(table, query.order, query.after)
  if (segments.length <= 1) return [() => pageStatement(table, query, at, columns)]
  return segments.map((segment) => (wanted) => {
    const parameters = parameterList(table.dialect.placeholder)
    const where = whereSql(table, query, at, parameters, segment)
    const text =
      `SELECT ${columns} FROM ${table.name} WHERE ${where} ` +
      `ORDER BY ${orderSql(table, query)} LIMIT ${parameters.add(wanted)}`
    return { text, parameters: parameters.values }
  })
}

/** The number of rows that match. */
export function countStatement(table: Table, question: CountQuestion, at: number): Statement {
  const parameters = parameterList(table.dialect.placeholder)
  const where = whereSql(table, question, at, parameters, undefined)
  return { text: `SELECT count(*) FROM ${table.name} WHERE ${where}`, parameters: parameters.values }
}

function rowSelection(table: Table, query: Query): string {
  const extras = extraFields(table, query).map((field) => fieldAt(table, field).column)
  return [...rowColumns(table), ...extras].join(', ')
}

function whereSql(
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

function limitSql(query: Query, parameters: ParameterList): string {
  const limit = `LIMIT ${parameters.add(query.limit + 1)}`
  return query.offset === 0 ? limit : `${limit} OFFSET ${parameters.add(query.offset)}`
}
