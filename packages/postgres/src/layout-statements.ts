/** The statements of one layout, made when they are first asked for and kept as long as the layout is used. */

import type { Key, Layout } from '@coffer/core/backend'
import { readRow, rowColumns, type Statement, type Table, type Template, tableOf } from '@coffer/sql'
import { type ChangeKind, changeStatement } from './change-statements.ts'
import { lonePutText } from './lone-put.ts'
import { type PutKind, putStatement } from './put-statements.ts'
import type { Schema } from './schema.ts'
import type { SetStatement } from './set-statement.ts'

/** What a statement of writes does. */
export type StatementKind = PutKind | ChangeKind

/** Statements by what they do. */
export interface LayoutStatements {
  readonly table: Table
  readonly history: Table | undefined
  readonly read: Template<[key: Key]>
  /**
   * Reads rows by key, each followed by the place of its key, counted from 1. A step in the primary key for
   * each: a list of ids may be sought in whatever other index the planner takes for better.
   */
  readMany(keys: readonly Key[]): Statement
  write(kind: StatementKind, isStrict: boolean): SetStatement
  /** The statement of a put that is alone; `undefined` where a history has to be written too. See `lonePutText`. */
  lonePut(kind: PutKind, isTold: boolean): string | undefined
}

/** Answers the statements of a layout. */
export type StatementsOf = (layout: Layout) => LayoutStatements

const CHANGES: ReadonlySet<StatementKind> = new Set(['soft', 'hard', 'erase', 'erase-live', 'restore'])

/** Makes the statements of each layout when it is first asked for. */
export function layoutStatements(schema: Schema): StatementsOf {
  const known = new WeakMap<Layout, LayoutStatements>()
  return (layout) => {
    const found = known.get(layout)
    if (found !== undefined) return found
    const made = statementsOf(layout, schema)
    known.set(layout, made)
    return made
  }
}

function statementsOf(layout: Layout, { dialect, floors }: Schema): LayoutStatements {
  const table = tableOf(dialect, layout)
  const history = layout.history && tableOf(dialect, layout.history)
  const place = { table, history, floors }
  const writes = new Map<string, SetStatement>()
  const lonePuts = new Map<string, string>()
  const many =
    'SELECT found.*, wanted.place FROM unnest($1::text[], $2::text[]) WITH ORDINALITY ' +
    'AS wanted(tenant, id, place) CROSS JOIN LATERAL ' +
    `(SELECT ${rowColumns(table).join(', ')} FROM ${table.name} ` +
    `WHERE ${table.meta._tenant} = wanted.tenant AND ${table.meta._id} = wanted.id OFFSET 0) AS found`
  return {
    table,
    history,
    read: readRow(table),
    readMany: (keys) => ({
      text: many,
      parameters: [keys.map(({ tenant }) => tenant), keys.map(({ id }) => id)],
    }),
    write: (kind, isStrict) => {
      const name = `${kind} ${isStrict}`
      const known = writes.get(name)
      if (known !== undefined) return known
      const made = isChange(kind)
        ? changeStatement(place, kind, isStrict)
        : putStatement(place, kind, isStrict)
      writes.set(name, made)
      return made
    },
    lonePut: (kind, isTold) => {
      if (history !== undefined) return undefined
      const name = `${kind} ${isTold}`
      const text = lonePuts.get(name) ?? lonePutText(place, kind, isTold)
      lonePuts.set(name, text)
      return text
    },
  }
}

function isChange(kind: StatementKind): kind is ChangeKind {
  return CHANGES.has(kind)
}
