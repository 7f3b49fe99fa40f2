/**
 * What differs between SQL engines, as one record of values and functions. The shared code asks the record
 * and never which engine it is.
 */

import type { FieldType, FieldValue } from '@coffer/core/backend'
import type { Guards, SchemaObject } from './schema.ts'
import type { Parameter, ParameterList } from './statement.ts'
import type { Table } from './table.ts'

/** The type of a column: that of a field, or of the document. */
export type ColumnType = FieldType | 'document'

/** A column, with its name already quoted. */
export interface ColumnSpec {
  readonly column: string
  readonly type: ColumnType
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
  /** A name as the engine can hold it: one that bounds their length shortens longer ones, which stay distinct. */
  identifier(name: string): string
  /** Makes an identifier of a name and quotes it. */
  quote(name: string): string
  /** As `quote`, with the schema before it where the engine has schemas: for tables, indexes and functions. */
  qualify(name: string): string
  /** The placeholder of the n-th parameter, counted from 1. */
  placeholder(position: number): string
  /** The engine's own types. */
  readonly types: Readonly<Record<ColumnType, string>>
  /** How a field's value becomes a parameter. */
  readonly encode: Readonly<Record<FieldType, (value: FieldValue) => Parameter>>
  /** How what the driver answers for `read` becomes a field's value. Never asked of null. */
  readonly decode: Readonly<Record<FieldType, (value: unknown) => FieldValue>>
  /** The expression that reads a column, whatever the settings of the connection are. */
  read(column: string, type: ColumnType): string
  /**
   * Written behind an order term so that null comes first ascending and last descending; behind a column of
   * an index the text is that of an ascending term.
   */
  readonly nulls: { readonly asc: string; readonly desc: string }
  readonly constants: { readonly true: string; readonly false: string }
  /** A column in a condition that must not decide which index is used. */
  unindexed(column: string): string
  /** True when the column is in a list, which is one parameter however long it is. */
  isOneOf(column: string, type: FieldType, values: readonly FieldValue[], list: ParameterList): string
  /** True when the field has every value. There is at least one, and none twice. Unknown only for null. */
  hasAll(operand: TextsOperand, values: readonly string[]): string
  /** True when the field has any of the values. There is at least one, and none twice. Unknown only for null. */
  hasAny(operand: TextsOperand, values: readonly string[]): string
  readonly aggregates: AggregateDialect
  readonly schema: SchemaDialect
}

/** How an engine measures groups. Columns come with their names quoted. */
export interface AggregateDialect {
  /** Where rows are read from, with whatever it takes that `sum` of numbers is exact. */
  source(table: string, sumsNumbers: boolean): string
  /** A parameter that is a number of milliseconds. */
  milliseconds(parameter: string): string
  /** The exact sum of integers or numbers as decimal text, or null of nothing: that of their shortest decimal forms. */
  sum(column: string, type: FieldType): string
  /** The least value, of the column's own type; null of nothing. */
  min(column: string, type: FieldType): string
  max(column: string, type: FieldType): string
}

/** How an engine makes tables and what stands around them. */
export interface SchemaDialect {
  /** What stands in a required column until its row is written anew, where a table may be used before all are filled. */
  readonly neutralValues?: Readonly<Record<ColumnType, string>>
  /** The definition of a typed column. */
  column(spec: ColumnSpec): string
  /** The definition of a column that shows a member of the document, or `undefined` where there is none. */
  documentColumn(member: string): string | undefined
  /** Written behind the columns of every table. */
  readonly tableOptions: string
  /** What makes `has`, `hasAll` and `hasAny` on a `texts` field use an index. */
  textsObjects(table: Table, field: number): readonly SchemaObject[]
  /** What makes the engine itself refuse to change or remove a row. */
  guards(table: Table): Guards
  /**
   * The statements that change the table of `before`, with all that stands around it, into `table`. Rows stay.
   * A column that was not there, or had another type, holds its type's neutral value, or null, until the rows
   * are written anew. They belong into one transaction.
   */
  change(table: Table, before: Table): readonly string[]
}
