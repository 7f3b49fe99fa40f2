/** Answers questions anew from the rows of a healthy backend, with one rule or another replaced by a wrong one. */

import {
  type AggregateRow,
  type Aggregation,
  aggregateRows,
  type CountQuestion,
  comparePosition,
  compareRows,
  type FieldValue,
  ID_FIELD,
  isVisible,
  type Layout,
  matches,
  type OrderTerm,
  type Page,
  type Position,
  type Predicate,
  positionOf,
  type Query,
  type Sortable,
  type StoredRow,
  type Visibility,
} from '@coffer/core/backend'
import type { Door, Seams } from './seams.ts'

/** The rules of a question. Those that a fault leaves out are the right ones. */
export interface Rules {
  readonly matches?: (row: Sortable, predicate: Predicate) => boolean
  readonly isVisible?: (row: StoredRow, visibility: Visibility, at: number) => boolean
  readonly compare?: (left: Sortable, right: Sortable, order: readonly OrderTerm[]) => number
}

type FullRow = StoredRow & Sortable

/** Seams that answer every question of layouts that are not histories by the rules. */
export function byRules(rules: Rules): Seams {
  return {
    query: (door, layout, query, at) =>
      isHistory(layout) ? door.query(layout, query, at) : requery(door, layout, query, at, rules),
    count: (door, layout, question, at) =>
      isHistory(layout) ? door.count(layout, question, at) : recount(door, layout, question, at, rules),
    aggregate: (door, layout, aggregation, at) => reaggregate(door, layout, aggregation, at, rules),
  }
}

/** Counts rows that the rule calls visible, and finds the right ones. */
export function countedBy(shows: (row: StoredRow, at: number) => boolean): Seams {
  const { count } = byRules({ isVisible: (row, _visibility, at) => shows(row, at) })
  return { ...(count && { count }) }
}

/** One page by the rules. */
export async function requery(
  door: Door,
  layout: Layout,
  query: Query,
  at: number,
  rules: Rules,
): Promise<Page> {
  const { order, after, offset, limit } = query
  const compare = rules.compare ?? compareRows
  const rows = await visibleRows(door, layout, query, at, rules)
  rows.sort((left, right) => compare(left, right, order))
  const behind = rows.filter((row) => after === undefined || isBehind(row, after, order, rules))
  const page = behind.slice(offset, offset + limit)
  const last = page.at(-1)
  return {
    rows: page,
    next: last !== undefined && behind.length > offset + limit ? positionOf(last, order) : undefined,
  }
}

async function recount(
  door: Door,
  layout: Layout,
  question: CountQuestion,
  at: number,
  rules: Rules,
): Promise<number> {
  return (await visibleRows(door, layout, question, at, rules)).length
}

/** The groups by the rules, of rows that are changed before they are measured. */
export async function reaggregate(
  door: Door,
  layout: Layout,
  aggregation: Aggregation,
  at: number,
  rules: Rules,
  measured: (rows: Sortable[]) => readonly Sortable[] = (rows) => rows,
): Promise<readonly AggregateRow[]> {
  return aggregateRows(measured(await visibleRows(door, layout, aggregation, at, rules)), aggregation)
}

async function visibleRows(
  door: Door,
  layout: Layout,
  { tenant, where, visibility }: CountQuestion,
  at: number,
  rules: Rules,
): Promise<FullRow[]> {
  const meets = rules.matches ?? matches
  const shows = rules.isVisible ?? isVisible
  const rows = await allRows(door, layout, tenant, at)
  return rows.filter((row) => (where === undefined || meets(row, where)) && shows(row, visibility, at))
}

/** Every row of a tenant, by key, with its fields. */
export async function allRows(door: Door, layout: Layout, tenant: string, at: number): Promise<FullRow[]> {
  const rows: FullRow[] = []
  let after: Position | undefined
  do {
    const page: Page = await door.query(
      layout,
      {
        tenant,
        where: undefined,
        order: [{ field: ID_FIELD, direction: 'asc' }],
        after,
        offset: 0,
        limit: 1_000,
        visibility: 'any',
        withFields: true,
      },
      at,
    )
    rows.push(...page.rows.map((row) => ({ ...row, fields: row.fields ?? [] })))
    after = page.next
  } while (after !== undefined)
  return rows
}

function isBehind(row: Sortable, after: Position, order: readonly OrderTerm[], rules: Rules): boolean {
  if (rules.compare === undefined) return comparePosition(row, after, order) > 0
  return rules.compare(row, placed(after, order), order) > 0
}

/** A row that stands where the position does. */
function placed(position: Position, order: readonly OrderTerm[]): Sortable {
  const fields: FieldValue[] = []
  let next = 0
  for (const term of order) {
    if (term.field !== ID_FIELD) fields[term.field] = position.values[next++] ?? null
  }
  return { id: position.id, fields }
}

export function isHistory(layout: Layout): boolean {
  return layout.name.endsWith('__history')
}
