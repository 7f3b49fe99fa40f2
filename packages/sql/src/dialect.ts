/**
 * What differs between SQL engines, as one record of values and functions. The shared code asks the record
 * and never which engine it is.
 */

import type { FieldType, FieldValue } from '@coffer/core/backend'
import type { SchemaObject } from './schema.ts'
import type { Parameter, ParameterList } from './statement.ts'
import type { Table } from './table.ts'

/** A column, with its name already quoted. */
export interface ColumnSpec {
  readonly column: string
  readonly type: FieldType
  readonly nullable: boolean
}

/** A `texts` field in a predicate. */
export interface TextsOperand {
  readonly table: Table
  /** Position of the field in the layout. */
  readonly field: number
  readonly tenant: string
  readonly parameters: ParameterList
}

/** One SQL engine. */
export interface Dialect {
  readonly name: string
  /**
   * Quotes a name. An engine that bounds the length of names shortens longer ones so that they stay
   * distinct.
   */
  quote(name: string): string
  /** The placeholder of the n-th parameter, counted from 1. */
  placeholder(position: number): string
  /** How a field's value becomes a parameter. */
  readonly encode: Readonly<Record<FieldType, (value: FieldValue) => Parameter>>
  /** How what the driver answers becomes a field's value. */
  readonly decode: Readonly<Record<FieldType, (value: unknown) => FieldValue>>
  /** Written behind an order term so that null comes first ascending and last descending. */
  readonly nulls: { readonly asc: string; readonly desc: string }
  readonly constants: { readonly true: string; readonly false: string }
  /** A column in a condition that must not decide which index is used. */
  unindexed(column: string): string
  /** True when the expression is in a list, which is one parameter however long it is. */
  isOneOf(expression: string, type: FieldType, values: readonly FieldValue[], list: ParameterList): string
  /** True when the field has every value. There is at least one, and none twice. Never unknown. */
  hasAll(operand: TextsOperand, values: readonly string[]): string
  /** True when the field has any of the values. There is at least one, and none twice. Never unknown. */
  hasAny(operand: TextsOperand, values: readonly string[]): string
  /**
   * Joins parts of an answer. Each is ordered and limited, and everything in a part comes before
   * everything in the next. The engine must not read a part that the limit does not reach.
   *
   * @param order the order terms of the whole answer, without `ORDER BY`
   * @param limit the text of the whole answer's limit, made after the parts
   */
  joinSegments(segments: readonly string[], order: string, limit: () => string): string
  readonly schema: SchemaDialect
}

/** How an engine makes tables and what stands around them. */
export interface SchemaDialect {
  /** The definition of a typed column. */
  column(spec: ColumnSpec): string
  /** The definition of a column that shows a member of the document, or `undefined` where that can't be. */
  documentColumn(member: string): string | undefined
  /** The empty value of a `texts` column, as a literal. */
  readonly noTexts: string
  /** Written behind the columns of every table. */
  readonly tableOptions: string
  /** What makes `has`, `hasAll` and `hasAny` on a `texts` field use an index. */
  textsObjects(table: Table, field: number): readonly SchemaObject[]
  /** What makes the engine itself refuse to change or remove a row. */
  appendOnlyObjects(table: Table): readonly SchemaObject[]
  /** The statement that removes an object. */
  drop(object: Pick<SchemaObject, 'kind' | 'name'>): string
}
