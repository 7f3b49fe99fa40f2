/** Seams that rewrite what goes in or comes out, for faults that can be said in one expression. */

import type {
  CountQuestion,
  DeleteOperation,
  Group,
  Layout,
  Operation,
  Outcome,
  PutOperation,
  Query,
  ReferenceCheck,
  StoredRow,
} from '@coffer/core/backend'
import { isHistory } from './requery.ts'
import type { Seams } from './seams.ts'

/** Changes every row that is answered, by key or by question, but for history. */
export function onRows(change: (row: StoredRow, layout: Layout) => StoredRow): Seams {
  const changed = (row: StoredRow, layout: Layout) => (isHistory(layout) ? row : change(row, layout))
  return {
    read: async (door, layout, keys) =>
      (await door.read(layout, keys)).map((row) => row && changed(row, layout)),
    query: async (door, layout, query, at) => {
      const page = await door.query(layout, query, at)
      return { ...page, rows: page.rows.map((row) => changed(row, layout)) }
    },
  }
}

/** Changes every operation. */
export function onOperations(change: (operation: Operation) => Operation): Seams {
  return {
    write: (door, group, at) => door.write({ ...group, operations: group.operations.map(change) }, at),
  }
}

/** Changes every put. */
export function onPuts(change: (put: PutOperation) => PutOperation): Seams {
  return onOperations((operation) => (operation.type === 'put' ? change(operation) : operation))
}

/** Changes every removal. */
export function onDeletes(change: (removal: DeleteOperation) => DeleteOperation): Seams {
  return onOperations((operation) => (operation.type === 'delete' ? change(operation) : operation))
}

/** Changes every document on its way in. */
export function onDocuments(change: (document: string) => string): Seams {
  return onPuts((put) => ({ ...put, document: change(put.document) }))
}

/** Changes every value in every document on its way in. */
export function onValues(change: (value: unknown) => unknown): Seams {
  return onDocuments((document) => JSON.stringify(JSON.parse(document, (_member, value) => change(value))))
}

/** Changes every question, for rows and for numbers alike. */
export function onQuestions(change: <Q extends CountQuestion>(question: Q, layout: Layout) => Q): Seams {
  return {
    query: (door, layout, query, at) => door.query(layout, change(query, layout), at),
    count: (door, layout, question, at) => door.count(layout, change(question, layout), at),
    aggregate: (door, layout, aggregation, at) => door.aggregate(layout, change(aggregation, layout), at),
  }
}

/** Changes every query, but those of history. */
export function onQueries(change: (query: Query) => Query): Seams {
  return {
    query: (door, layout, query, at) => door.query(layout, isHistory(layout) ? query : change(query), at),
  }
}

/** Leaves checks out. */
export function onChecks(keep: (check: ReferenceCheck) => boolean): Seams {
  return { write: (door, group, at) => door.write({ ...group, checks: group.checks.filter(keep) }, at) }
}

/** Changes the outcome of every group. */
export function onOutcomes(change: (outcome: Outcome, group: Group) => Outcome): Seams {
  return { write: async (door, group, at) => change(await door.write(group, at), group) }
}

/** Changes the versions that an accepted group answers. */
export function onApplied(change: (version: number, position: number) => number): Seams {
  return onOutcomes((outcome) =>
    outcome.ok
      ? {
          ok: true,
          applied: outcome.applied.map((each, position) => ({
            ...each,
            version: change(each.version, position),
          })),
        }
      : outcome,
  )
}

/** Changes ids wherever they go in: two that become the same name the same row. */
export function onIds(change: (id: string) => string): Seams {
  return {
    read: (door, layout, keys) =>
      door.read(
        layout,
        keys.map((key) => ({ ...key, id: change(key.id) })),
      ),
    write: (door, group, at) =>
      door.write(
        { ...group, operations: group.operations.map((each) => ({ ...each, id: change(each.id) })) },
        at,
      ),
  }
}
