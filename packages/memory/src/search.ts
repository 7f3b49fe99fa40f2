/** Answers reads, queries and counts over one table. */

import {
  type AggregateRow,
  type Aggregation,
  aggregateRows,
  type CountQuestion,
  comparePosition,
  compareRows,
  isVisible,
  type Key,
  matches,
  type Page,
  positionOf,
  type Query,
  type StoredRow,
} from '@coffer/core/backend'
import { constraintsOf } from './constraints.ts'
import { type OrderedPlan, type Plan, planCandidates, planOrdered } from './plan.ts'
import { walk } from './sorted-tree.ts'
import type { Row, Table } from './table.ts'

/** So many candidates are always worth collecting and sorting, however short a walk might be. */
const FEW_ROWS = 1_000

/** Reads by key: one answer per key, in their order. */
export function readRows(table: Table, keys: readonly Key[]): readonly (StoredRow | undefined)[] {
  return keys.map((key) => {
    const row = table.get(key)
    return row === undefined ? undefined : withoutFields(row)
  })
}

/** Answers one page. */
export function searchPage(table: Table, query: Query, at: number): Page {
  const rows = searchRows(table, query, query.limit + 1, at)
  const more = rows.length > query.limit
  if (more) rows.pop()
  const last = rows.at(-1)
  return {
    rows: rows.map((row) => (query.withFields ? row : withoutFields(row))),
    next: more && last !== undefined ? positionOf(last, query.order) : undefined,
  }
}

/** The rows of a query in its order, from its offset on, at most `limit` of them. */
export function searchRows(table: Table, query: Query, limit: number, at: number): Row[] {
  const constraints = constraintsOf(query.where)
  const candidates = planCandidates(table, query.tenant, constraints)
  const ordered = planOrdered(table, query.tenant, constraints, query.order, query.after)
  if (ordered === undefined) return sortRows(collect(candidates), query, limit, at)
  if (candidates.score > ordered.score) {
    const most = worthCollecting(table.rows.size, limit + query.offset)
    const few = collect(candidates, most + 1)
    if (few.length <= most) return sortRows(few, query, limit, at)
  }
  return walkRows(ordered, query, limit, at)
}

/** Counts the rows that match. */
export function countRows(table: Table, question: CountQuestion, at: number): number {
  let count = 0
  for (const _row of answersTo(table, question, at)) count++
  return count
}

/** Groups and measures the rows that match. */
export function aggregateTable(table: Table, aggregation: Aggregation, at: number): readonly AggregateRow[] {
  return aggregateRows(answersTo(table, aggregation, at), aggregation)
}

/** The rows that match, in no order. */
export function* answersTo(table: Table, question: CountQuestion, at: number): Generator<Row> {
  const plan = planCandidates(table, question.tenant, constraintsOf(question.where))
  for (const row of candidatesOf(plan)) if (isAnswer(row, question, at)) yield row
}

/** A row as it is answered where the index fields were not asked for. */
export function withoutFields(row: Row): StoredRow {
  return {
    tenant: row.tenant,
    id: row.id,
    version: row.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    expiresAt: row.expiresAt,
    deletedAt: row.deletedAt,
    document: row.document,
    schemaVersion: row.schemaVersion,
    hash: row.hash,
  }
}

/**
 * The most candidates that are cheaper to sort than to meet on a walk in the order asked for. Among `size`
 * rows, `candidates` of them evenly spread, a walk looks at `wanted * size / candidates`.
 */
function worthCollecting(size: number, wanted: number): number {
  return Math.max(FEW_ROWS, Math.floor(Math.sqrt(size * wanted)))
}

function walkRows(plan: OrderedPlan, query: Query, limit: number, at: number): Row[] {
  const rows: Row[] = []
  let passed = 0
  for (const range of plan.ranges) {
    for (const row of walk(plan.tree, range, plan.reverse)) {
      if (!isBehind(row, query) || !isAnswer(row, query, at) || passed++ < query.offset) continue
      rows.push(row)
      if (rows.length >= limit) return rows
    }
  }
  return rows
}

function sortRows(candidates: readonly Row[], query: Query, limit: number, at: number): Row[] {
  return candidates
    .filter((row) => isBehind(row, query) && isAnswer(row, query, at))
    .sort((left, right) => compareRows(left, right, query.order))
    .slice(query.offset, query.offset + limit)
}

function collect(plan: Plan, limit = Number.POSITIVE_INFINITY): Row[] {
  const rows: Row[] = []
  for (const row of candidatesOf(plan)) {
    rows.push(row)
    if (rows.length >= limit) break
  }
  return rows
}

function* candidatesOf(plan: Plan): Generator<Row> {
  const seen = new Set<Row>()
  for (const range of plan.ranges) {
    for (const row of walk(plan.tree, range)) {
      if (plan.repeats) {
        if (seen.has(row)) continue
        seen.add(row)
      }
      yield row
    }
  }
}

function isBehind(row: Row, query: Query): boolean {
  return query.after === undefined || comparePosition(row, query.after, query.order) > 0
}

function isAnswer(row: Row, question: CountQuestion, at: number): boolean {
  return (
    isVisible(row, question.visibility, at) && (question.where === undefined || matches(row, question.where))
  )
}
