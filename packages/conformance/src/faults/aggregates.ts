/** Faults in groups and their measures. */

import {
  type AggregateRow,
  type Aggregation,
  aggregateRows,
  compareValues,
  type FieldValue,
  type Layout,
  type Measure,
  type Scalar,
  type Sortable,
} from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import type { Fault } from './fault.ts'
import { compareUtf16, fieldValueOf } from './question-rules.ts'
import { type Rules, reaggregate } from './requery.ts'
import { alter, type Door } from './seams.ts'
import { transactionFault } from './transaction-fault.ts'

/** A fault in what the healthy backend answers, or is asked. */
function aggregateFault(
  id: string,
  title: string,
  aggregate: (
    door: Door,
    layout: Layout,
    aggregation: Aggregation,
    at: number,
  ) => Promise<readonly AggregateRow[]>,
): Fault {
  return { id: `aggregate-${id}`, clause: 'R6', title, plant: (backend) => alter(backend, { aggregate }) }
}

/** A fault in the rows that are measured. */
function rowsFault(
  id: string,
  title: string,
  measured: (rows: Sortable[], aggregation: Aggregation) => readonly Sortable[],
  rules: Rules = {},
): Fault {
  return aggregateFault(id, title, (door, layout, aggregation, at) =>
    reaggregate(door, layout, aggregation, at, rules, (rows) => measured(rows, aggregation)),
  )
}

/** A fault in one kind of measure: it is taken anew from the values of each group, nulls included. */
function measureFault(
  id: string,
  title: string,
  measured: (measure: Measure, values: readonly FieldValue[]) => Scalar | null | undefined,
): Fault {
  return aggregateFault(id, title, async (door, layout, aggregation, at) => {
    const members = new Map<string, Sortable[]>()
    const { by, measures } = aggregation
    const right = await reaggregate(door, layout, aggregation, at, {}, (rows) => {
      for (const row of rows) {
        const [own] = aggregateRows([row], { by, measures: [], limit: 1 })
        const group = JSON.stringify(own?.group)
        const others = members.get(group)
        if (others === undefined) members.set(group, [row])
        else others.push(row)
      }
      return rows
    })
    return right.map((row) => {
      const own = members.get(JSON.stringify(row.group)) ?? []
      return {
        group: row.group,
        measures: measures.map((measure, position) => {
          const { field } = measure
          const values = own.map((each) => (field === undefined ? null : fieldValueOf(each, field)))
          const wrong = measured(measure, values)
          return wrong === undefined ? (row.measures[position] ?? null) : wrong
        }),
      }
    })
  })
}

/** Rows with the timestamps that are grouped by spans put elsewhere. */
function withSpans(
  rows: readonly Sortable[],
  { by }: Aggregation,
  move: (at: number, everyMs: number) => number,
): readonly Sortable[] {
  return rows.map((row) => {
    const fields = [...row.fields]
    for (const { field, everyMs } of by) {
      const value = fields[field]
      if (everyMs !== undefined && typeof value === 'number') fields[field] = move(value, everyMs)
    }
    return { ...row, fields }
  })
}

function present(values: readonly FieldValue[]): readonly (string | number | boolean)[] {
  return values.filter((value) => value !== null && typeof value !== 'object')
}

export const aggregateFaults: readonly Fault[] = [
  measureFault('null-counted', 'a count of a field counts records without it', (measure, values) =>
    measure.type === 'count' ? values.length : undefined,
  ),
  measureFault('null-is-least', 'an absent value is the least one', (measure, values) =>
    measure.type === 'min' && values.includes(null) ? null : undefined,
  ),
  measureFault(
    'float-sum',
    'numbers are added as binary fractions, one after the other',
    (measure, values) =>
      measure.type === 'sum'
        ? String(present(values).reduce<number>((sum, each) => sum + Number(each), 0))
        : undefined,
  ),
  measureFault('rounded-parts', 'numbers are added with fifteen digits each', (measure, values) =>
    measure.type === 'sum' && present(values).length === 1
      ? Number(present(values)[0]).toPrecision(15)
      : undefined,
  ),
  measureFault('distinct-sum', 'equal numbers are added once', (measure, values) =>
    measure.type === 'sum' && new Set(values).size < values.length
      ? String(present([...new Set(values)]).reduce<number>((sum, each) => sum + Number(each), 0))
      : undefined,
  ),
  measureFault('utf-16-least', 'the least text is that by UTF-16 code units', (measure, values) =>
    measure.type === 'min' && typeof present(values)[0] === 'string'
      ? (present(values).toSorted(compareUtf16)[0] ?? null)
      : undefined,
  ),
  measureFault('text-extremes', 'numbers are compared as texts', (measure, values) =>
    measure.type === 'max' && typeof present(values)[0] === 'number'
      ? (present(values)
          .toSorted((left, right) => compareValues(String(left), String(right)))
          .at(-1) ?? null)
      : undefined,
  ),
  measureFault('no-least-boolean', 'booleans have no least value', (measure, values) =>
    measure.type === 'min' && typeof present(values)[0] === 'boolean' ? null : undefined,
  ),
  aggregateFault('nothing-without-rows', 'no row is answered of no record', async (door, ...question) => {
    const rows = await door.aggregate(...question)
    const counted = await door.count(question[0], question[1], question[2])
    return counted === 0 ? [] : rows
  }),
  aggregateFault('null-group-lost', 'records without the field are in no group', async (door, ...question) =>
    (await door.aggregate(...question)).filter(({ group }) => !group.includes(null)),
  ),
  aggregateFault('filter-ignored', 'all records are measured', (door, layout, aggregation, at) =>
    door.aggregate(layout, { ...aggregation, where: undefined }, at),
  ),
  aggregateFault('deleted-measured', 'soft-deleted records are measured', (door, layout, aggregation, at) =>
    door.aggregate(layout, { ...aggregation, visibility: 'kept' }, at),
  ),
  rowsFault('expired-measured', 'expired records are measured', (rows) => rows, {
    isVisible: (row, visibility) => visibility === 'kept' || row.deletedAt === null,
  }),
  {
    id: 'aggregate-all-tenants',
    clause: 'N1',
    title: 'the records of all tenants are measured',
    plant: (backend) =>
      alter(backend, {
        aggregate: async (door, layout, aggregation, at) => {
          const rows: Sortable[] = []
          for (const tenant of await backend.tenants(layout)) {
            await reaggregate(door, layout, { ...aggregation, tenant }, at, {}, (own) => {
              rows.push(...own)
              return own
            })
          }
          return aggregateRows(rows, aggregation)
        },
      }),
  },
  rowsFault('span-towards-zero', 'a span before 1970 begins at its end', (rows, aggregation) =>
    withSpans(rows, aggregation, (at, everyMs) => (at < 0 ? at + everyMs - 1 : at)),
  ),
  rowsFault('span-in-seconds', 'spans are made of whole seconds', (rows, aggregation) =>
    withSpans(rows, aggregation, (at) => Math.floor(at / 1_000) * 1_000),
  ),
  rowsFault(
    'span-by-days',
    'a span longer than a day begins at the days of a calendar',
    (rows, aggregation) =>
      withSpans(rows, aggregation, (at, everyMs) => (everyMs > 86_400_000 ? at + 345_600_000 : at)),
  ),
  rowsFault('groups-without-case', 'groups that differ in case are one', (rows, { by }) =>
    rows.map((row) => {
      const fields = [...row.fields]
      for (const { field } of by) {
        const value = fields[field]
        if (typeof value === 'string') fields[field] = value.toLowerCase()
      }
      return { ...row, fields }
    }),
  ),
  aggregateFault('first-term-alone', 'only the first of several terms counts', async (door, ...question) => {
    const [layout, aggregation, at] = question
    const by = aggregation.by.slice(0, 1)
    const rows = await door.aggregate(layout, { ...aggregation, by }, at)
    return rows.map((row) => ({
      ...row,
      group: aggregation.by.map((_, position) => row.group[position] ?? null),
    }))
  }),
  aggregateFault(
    'groups-cut',
    'of too many groups ten thousand are answered',
    (door, layout, aggregation, at) =>
      door.aggregate(layout, { ...aggregation, limit: aggregation.limit - 1 }, at),
  ),
  aggregateFault('measures-swapped', 'measures are answered in another order', async (door, ...question) =>
    (await door.aggregate(...question)).map((row) => ({ ...row, measures: row.measures.toReversed() })),
  ),
  transactionFault(
    'aggregate-own-writes-unseen',
    'X2',
    'groups inside a transaction leave out what it wrote itself',
    (backend) => ({
      transaction: (run) =>
        backend.transaction((transaction) =>
          run(
            overridden(transaction, {
              aggregate: (layout, aggregation, at) => backend.aggregate(layout, aggregation, at),
            }),
          ),
        ),
    }),
  ),
  transactionFault(
    'aggregate-unprotected',
    'X1',
    'what a transaction measured before it wrote may be changed by others until it commits',
    (backend) => ({
      transaction: (run) =>
        backend.transaction((transaction) => {
          let hasWritten = false
          return run(
            overridden(transaction, {
              aggregate: (layout, aggregation, at) =>
                (hasWritten ? transaction : backend).aggregate(layout, aggregation, at),
              write: (group, at) => {
                hasWritten = true
                return transaction.write(group, at)
              },
            }),
          )
        }),
    }),
  ),
]
