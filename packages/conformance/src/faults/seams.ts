/** Where a fault can be planted: the doors of a backend, alike outside and inside of a transaction. */

import type {
  AggregateRow,
  Aggregation,
  Backend,
  BackendTransaction,
  CountQuestion,
  Group,
  Key,
  Layout,
  Outcome,
  Page,
  Query,
  StoredRow,
  Sweep,
} from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'

/** What the healthy backend answers in the place at hand: in the transaction, or outside of it. */
export interface Door {
  read(layout: Layout, keys: readonly Key[]): Promise<readonly (StoredRow | undefined)[]>
  query(layout: Layout, query: Query, at: number): Promise<Page>
  count(layout: Layout, question: CountQuestion, at: number): Promise<number>
  aggregate(layout: Layout, aggregation: Aggregation, at: number): Promise<readonly AggregateRow[]>
  write(group: Group, at: number): Promise<Outcome>
}

/** Replacements for what a backend does. What is not replaced stays healthy. */
export interface Seams {
  readonly read?: (
    door: Door,
    layout: Layout,
    keys: readonly Key[],
  ) => Promise<readonly (StoredRow | undefined)[]>
  readonly query?: (door: Door, layout: Layout, query: Query, at: number) => Promise<Page>
  readonly count?: (door: Door, layout: Layout, question: CountQuestion, at: number) => Promise<number>
  readonly aggregate?: (
    door: Door,
    layout: Layout,
    aggregation: Aggregation,
    at: number,
  ) => Promise<readonly AggregateRow[]>
  /** One group, in or outside of a transaction. */
  readonly write?: (door: Door, group: Group, at: number) => Promise<Outcome>
  /** One whole batch, outside of transactions. `next` does it as it should be, with `write` applied. */
  readonly batch?: (
    next: Backend['write'],
    groups: readonly Group[],
    at: number,
  ) => Promise<readonly Outcome[]>
  readonly sweep?: (
    backend: Backend,
    layout: Layout,
    sweep: Sweep,
    limit: number,
    at: number,
  ) => Promise<{ removed: number; more: boolean }>
}

/** A backend with the seams in place of what it does. */
export function alter(backend: Backend, seams: Seams): Backend {
  const altered = alterDoor(doorOf(backend), seams)
  const write: Backend['write'] = seams.write === undefined ? backend.write.bind(backend) : oneByOne(altered)
  const { batch, sweep } = seams
  return overridden(backend, {
    read: altered.read,
    query: altered.query,
    count: altered.count,
    aggregate: altered.aggregate,
    write: batch === undefined ? write : (groups, at) => batch(write, groups, at),
    transaction: (run) => backend.transaction((inside) => run(alterTransaction(inside, seams))),
    ...(sweep && { sweep: (...parameters) => sweep(backend, ...parameters) }),
  })
}

/** The doors of a backend outside of any transaction. */
export function doorOf(backend: Backend): Door {
  return {
    read: (layout, keys) => backend.read(layout, keys),
    query: (layout, query, at) => backend.query(layout, query, at),
    count: (layout, question, at) => backend.count(layout, question, at),
    aggregate: (layout, aggregation, at) => backend.aggregate(layout, aggregation, at),
    write: async (group, at) => {
      const [outcome] = await backend.write([group], at)
      if (outcome === undefined) throw new Error('a group without an outcome')
      return outcome
    },
  }
}

/** A transaction with the doors replaced. */
export function alterTransaction(inside: BackendTransaction, seams: Seams): BackendTransaction {
  return { ...alterDoor(inside, seams), savepoint: (run) => inside.savepoint(run) }
}

function alterDoor(door: Door, seams: Seams): Door {
  return {
    read: (layout, keys) => (seams.read ? seams.read(door, layout, keys) : door.read(layout, keys)),
    query: (layout, query, at) =>
      seams.query ? seams.query(door, layout, query, at) : door.query(layout, query, at),
    count: (layout, question, at) =>
      seams.count ? seams.count(door, layout, question, at) : door.count(layout, question, at),
    aggregate: (layout, aggregation, at) =>
      seams.aggregate
        ? seams.aggregate(door, layout, aggregation, at)
        : door.aggregate(layout, aggregation, at),
    write: (group, at) => (seams.write ? seams.write(door, group, at) : door.write(group, at)),
  }
}

function oneByOne(door: Door): Backend['write'] {
  return async (groups, at) => {
    const outcomes: Outcome[] = []
    for (const group of groups) outcomes.push(await door.write(group, at))
    return outcomes
  }
}
