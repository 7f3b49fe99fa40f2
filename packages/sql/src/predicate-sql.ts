/**
 * Predicates as SQL. The meaning is that of `matches` in core: logic has two values, a comparison with an
 * absent field is false and `not` of it true. SQL's third value, unknown, counts as false at the top, so a
 * bare comparison is enough there; under a `not` every comparison is made two-valued first.
 */

import type { Comparison, FieldType, Predicate, Scalar, Visibility } from '@coffer/core/backend'
import { prefixSuccessor } from '@coffer/core/backend'
import type { ParameterList } from './statement.ts'
import { fieldAt, type Table } from './table.ts'

/** Where a predicate is asked. */
export interface Scope {
  readonly table: Table
  readonly tenant: string
  readonly parameters: ParameterList
}

type FieldPredicate = Exclude<Predicate, { type: 'and' | 'or' | 'not' }>

const OPERATORS: Readonly<Record<Comparison, string>> = {
  eq: '=',
  ne: '<>',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
}

/** The most terms in one chain: engines bound the depth of an expression, and a chain is as deep as long. */
const CHAIN_LIMIT = 100

/** A predicate as a condition that can stand beside `AND` without further parentheses. */
export function predicateSql(predicate: Predicate, scope: Scope): string {
  return conditionOf(predicate, scope, false)
}

/** The condition of visibility at an instant, or `undefined` when every row is meant. */
export function visibilitySql(
  visibility: Visibility,
  at: number,
  { table, parameters }: Pick<Scope, 'table' | 'parameters'>,
): string | undefined {
  const { _deleted_at, _expires_at } = table.meta
  if (visibility === 'any') return undefined
  const instant = parameters.add(table.dialect.encode.timestamp(at))
  const unexpired = `(${_expires_at} IS NULL OR ${_expires_at} > ${instant})`
  return visibility === 'kept' ? unexpired : `${_deleted_at} IS NULL AND ${unexpired}`
}

function conditionOf(predicate: Predicate, scope: Scope, underNot: boolean): string {
  const { constants } = scope.table.dialect
  switch (predicate.type) {
    case 'and':
    case 'or': {
      const conditions = predicate.terms.map((term) => conditionOf(term, scope, underNot))
      const isAnd = predicate.type === 'and'
      return chain(conditions, isAnd ? ' AND ' : ' OR ') ?? (isAnd ? constants.true : constants.false)
    }
    case 'not':
      return `NOT ${conditionOf(predicate.term, scope, true)}`
    default:
      return fieldCondition(predicate, scope, underNot)
  }
}

function chain(conditions: readonly string[], operator: string): string | undefined {
  if (conditions.length <= 1) return conditions[0]
  if (conditions.length <= CHAIN_LIMIT) return `(${conditions.join(operator)})`
  const middle = conditions.length >> 1
  const halves = [conditions.slice(0, middle), conditions.slice(middle)]
  return `(${halves.map((half) => chain(half, operator)).join(operator)})`
}

function fieldCondition(predicate: FieldPredicate, scope: Scope, underNot: boolean): string {
  const { column, type, nullable } = fieldAt(scope.table, predicate.field)
  if (predicate.type === 'null') return `(${column} IS NULL)`
  const condition = comparisonOf(predicate, column, type, scope)
  const canBeUnknown = underNot && nullable
  return canBeUnknown ? `(${column} IS NOT NULL AND ${condition})` : `(${condition})`
}

function comparisonOf(
  predicate: Exclude<FieldPredicate, { type: 'null' }>,
  column: string,
  type: FieldType,
  scope: Scope,
): string {
  const { parameters, table } = scope
  const { dialect } = table
  const parameter = (value: Scalar) => parameters.add(dialect.encode[type](value))
  switch (predicate.type) {
    case 'compare':
      return `${column} ${OPERATORS[predicate.comparison]} ${parameter(predicate.value)}`
    case 'in': {
      const [only] = predicate.values
      if (predicate.values.length === 1 && only !== undefined) return `${column} = ${parameter(only)}`
      return dialect.isOneOf(column, type, predicate.values, parameters)
    }
    case 'prefix':
      return prefixRange(column, predicate.prefix, parameters)
    case 'hasAll':
    case 'hasAny':
      return membership(predicate, column, scope)
  }
}

/** A prefix as a range, which an index serves; a pattern would have its own ideas of case and wildcards. */
function prefixRange(column: string, prefix: string, parameters: ParameterList): string {
  const lower = `${column} >= ${parameters.add(prefix)}`
  const successor = prefixSuccessor(prefix)
  return successor === undefined ? lower : `${lower} AND ${column} < ${parameters.add(successor)}`
}

function membership(
  predicate: Extract<Predicate, { type: 'hasAll' | 'hasAny' }>,
  column: string,
  { table, tenant, parameters }: Scope,
): string {
  const values = [...new Set(predicate.values)]
  const operand = { table, field: predicate.field, tenant, parameters }
  if (values.length === 0) {
    return predicate.type === 'hasAll' ? `${column} IS NOT NULL` : table.dialect.constants.false
  }
  return predicate.type === 'hasAll'
    ? table.dialect.hasAll(operand, values)
    : table.dialect.hasAny(operand, values)
}
