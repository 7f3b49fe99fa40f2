/**
 * One attempt of a serializable transaction over the engine. It reads and writes a fork, notes what it was
 * told, and at the end checks that all of it would be told again.
 */

import {
  type AggregateRow,
  type Aggregation,
  type BackendTransaction,
  type CountQuestion,
  type Group,
  type Key,
  type Layout,
  type Outcome,
  type Page,
  type Query,
  type StoredRow,
  StoreError,
} from '@coffer/core/backend'
import { referrers } from './apply-group.ts'
import type { Engine } from './engine.ts'
import { type Fork, forkOf } from './fork.ts'
import { aggregateTable, answersTo, countRows, readRows, searchPage, searchRows } from './search.ts'
import type { Table } from './table.ts'
import type { Tables } from './tables.ts'

/** A question of the transaction that can be put to another state: whether two tables answer it alike. */
interface Question {
  readonly layout: string
  readonly tenant: string
  readonly alike: (left: Table, right: Table) => boolean
}

/** A key that the transaction read or wrote. */
interface Touched extends Key {
  readonly layout: string
}

/**
 * A backend's transaction on a fork of its own: it reads one state and its own writes, and nothing of it is
 * published. `conclude` checks it and answers the fork for `Engine.publish`; to abandon it, drop it.
 */
export class EngineTransaction implements BackendTransaction {
  readonly #backend: string
  readonly #base: Tables
  readonly #fork: Fork
  readonly #touched: Touched[] = []
  readonly #questions: Question[] = []

  /** @param backend the name that a conflict is told with */
  constructor(engine: Engine, backend: string) {
    this.#backend = backend
    const fork = engine.fork()
    this.#base = fork.tables
    this.#fork = forkOf(fork.tables, fork.revision)
  }

  async read(layout: Layout, keys: readonly Key[]): Promise<readonly (StoredRow | undefined)[]> {
    for (const key of keys) this.#touch(layout, key)
    return readRows(this.#fork.tables.table(layout.name), keys)
  }

  async query(layout: Layout, query: Query, at: number): Promise<Page> {
    this.#ask(layout, query.tenant, this.#likePages(query, at))
    return searchPage(this.#fork.tables.table(layout.name), query, at)
  }

  async count(layout: Layout, question: CountQuestion, at: number): Promise<number> {
    this.#ask(layout, question.tenant, likeCounts(question, at))
    return countRows(this.#fork.tables.table(layout.name), question, at)
  }

  async aggregate(layout: Layout, aggregation: Aggregation, at: number): Promise<readonly AggregateRow[]> {
    this.#ask(layout, aggregation.tenant, likeRows(aggregation, at))
    return aggregateTable(this.#fork.tables.table(layout.name), aggregation, at)
  }

  async write(group: Group, at: number): Promise<Outcome> {
    for (const operation of group.operations) this.#touch(operation.layout, operation)
    for (const check of group.checks) {
      if (check.type === 'live') this.#touch(check.layout, check)
      else this.#ask(check.layout, check.tenant, likeCounts(referrers(check), at))
    }
    return this.#fork.write(group, at)
  }

  async savepoint<T>(run: () => Promise<T>): Promise<T> {
    const mark = this.#fork.mark()
    try {
      return await run()
    } catch (error) {
      this.#fork.undoTo(mark)
      throw error
    }
  }

  /**
   * Checks the transaction against what is published now and answers its fork, to be published before
   * anything else is. One that changed nothing saw a single state and needs no check.
   *
   * @throws StoreError `CONFLICT` when it read what has changed since
   */
  conclude(engine: Engine): Fork {
    const { changes, revision } = this.#fork
    if (changes.length === 0 || revision === engine.revision) return this.#fork
    if (engine.reformedSince(revision)) throw this.#conflict()
    for (const touched of this.#touched) {
      if (engine.changedSince(revision, touched.layout, touched.tenant)) this.#checkKey(engine, touched)
    }
    for (const { layout, tenant, alike } of this.#questions) {
      if (!engine.changedSince(revision, layout, tenant)) continue
      if (!alike(this.#base.table(layout), engine.table(layout))) throw this.#conflict(layout)
    }
    return this.#fork
  }

  #touch(layout: Layout, { tenant, id }: Key): void {
    this.#touched.push({ layout: layout.name, tenant, id })
  }

  #ask(layout: Layout, tenant: string, alike: Question['alike']): void {
    this.#questions.push({ layout: layout.name, tenant, alike })
  }

  /**
   * A row that is the same object has not changed. A key that was free may have been taken and freed again
   * meanwhile, by versions that the new row has now; a risen floor gives that away.
   */
  #checkKey(engine: Engine, touched: Touched): void {
    const base = this.#base.table(touched.layout)
    const published = engine.table(touched.layout)
    const row = base.get(touched)
    if (row !== published.get(touched)) throw this.#conflict(touched.layout)
    if (row !== undefined || this.#fork.tables.table(touched.layout).get(touched) === undefined) return
    if (published.floor(touched.tenant) > base.floor(touched.tenant)) throw this.#conflict(touched.layout)
  }

  /**
   * The transaction's own changes can move rows into and out of its page. As many rows more as it has made
   * changes so far, and one for `next`, hold all that its answer came from.
   */
  #likePages(query: Query, at: number): Question['alike'] {
    const limit = query.offset + query.limit + this.#fork.changes.length + 1
    const whole = { ...query, offset: 0 }
    return (left, right) => {
      const before = searchRows(left, whole, limit, at)
      const now = searchRows(right, whole, limit, at)
      return before.length === now.length && before.every((row, position) => row === now[position])
    }
  }

  #conflict(layout?: string): StoreError {
    return new StoreError('CONFLICT', 'another transaction changed what this one read', {
      backend: this.#backend,
      collection: layout,
    })
  }
}

/** Own changes count the same on top of both, because their rows are checked to be the same in both. */
function likeCounts(question: CountQuestion, at: number): Question['alike'] {
  return (left, right) => countRows(left, question, at) === countRows(right, question, at)
}

/**
 * The very rows, not what is measured of them: a least value that is the same in both may be another row's, which
 * the transaction's own changes have taken away.
 */
function likeRows(question: CountQuestion, at: number): Question['alike'] {
  return (left, right) => {
    const before = new Set(answersTo(left, question, at))
    let met = 0
    for (const row of answersTo(right, question, at)) {
      if (!before.has(row)) return false
      met++
    }
    return met === before.size
  }
}
