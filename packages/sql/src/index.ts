/**
 * What SQL backends share: layouts as tables, questions and writes as statements. Not a backend; it knows
 * no driver, no connection and no transaction.
 */

export { aggregatedRow, aggregateStatement } from './aggregate-sql.ts'
export { addRow, putRow, readRows } from './contents-statements.ts'
export type {
  AggregateDialect,
  ColumnSpec,
  ColumnType,
  Dialect,
  SchemaDialect,
  TextsOperand,
} from './dialect.ts'
export { layoutText, parseLayout } from './layout-text.ts'
export { type OwnTables, ownTables } from './own-tables.ts'
export { postgresDialect } from './postgres-dialect.ts'
export { type Requirement, requirement } from './postgres-requirement.ts'
export { quickChange } from './postgres-schema.ts'
export { countStatement, documentParts, type PagePart, queryParts } from './query-sql.ts'
export {
  documentPageOf,
  newRows,
  pageOf,
  type RawRow,
  rowColumns,
  rowState,
  storedRow,
  versionedKey,
} from './row-codec.ts'
export {
  anyRow,
  countStates,
  deleteRow,
  eraseHistory,
  findReferrer,
  insertHistory,
  insertRow,
  type RowContent,
  readRow,
  readState,
  readTenants,
  reindexRow,
  sweptKeys,
  updateRow,
  updateState,
} from './row-statements.ts'
export { type Guards, type SchemaObject, schemaOf, type TableSchema } from './schema.ts'
export { SQLITE_EXACT_SUM, sqliteDialect } from './sqlite-dialect.ts'
export type { Parameter, Statement, Template } from './statement.ts'
export { columnsOf, indexName, sideTableName, type Table, tableOf, triggerName } from './table.ts'
