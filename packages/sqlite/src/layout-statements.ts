/** The statements of one layout, made once and kept as long as the layout is used. */

import type { Key, Layout, NewRow } from '@coffer/core/backend'
import {
  deleteRow,
  eraseHistory,
  insertHistory,
  insertRow,
  readRow,
  readState,
  sqliteDialect,
  type Table,
  type Template,
  tableOf,
  updateRow,
  updateState,
} from '@coffer/sql'

/** Statements by what they do. */
export interface LayoutStatements {
  readonly table: Table
  readonly read: Template<[key: Key]>
  readonly state: Template<[key: Key]>
  readonly insert: ReturnType<typeof insertRow>
  readonly update: ReturnType<typeof updateRow>
  readonly updateState: ReturnType<typeof updateState>
  readonly delete: Template<[key: Key]>
  /** Where the layout keeps a history. */
  readonly history:
    | { readonly insert: Template<[row: NewRow]>; readonly erase: Template<[key: Key]> }
    | undefined
}

/** Answers the statements of a layout. */
export type StatementsOf = (layout: Layout) => LayoutStatements

/** Makes the statements of each layout when it is first asked for. */
export function layoutStatements(prefix: string): StatementsOf {
  const known = new WeakMap<Layout, LayoutStatements>()
  return (layout) => {
    const found = known.get(layout)
    if (found !== undefined) return found
    const made = statementsOf(layout, prefix)
    known.set(layout, made)
    return made
  }
}

function statementsOf(layout: Layout, prefix: string): LayoutStatements {
  const table = tableOf(sqliteDialect, layout, prefix)
  const history = layout.history && tableOf(sqliteDialect, layout.history, prefix)
  return {
    table,
    read: readRow(table),
    state: readState(table),
    insert: insertRow(table),
    update: updateRow(table),
    updateState: updateState(table),
    delete: deleteRow(table),
    history: history && { insert: insertHistory(table, history), erase: eraseHistory(history) },
  }
}
