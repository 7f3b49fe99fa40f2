/**
 * The engine: one published state of all tables, forks of it that nobody else sees, and the publishing of
 * what a fork changed. Everything here is synchronous and kept in memory; what a commit must survive is
 * the business of the backend built on it.
 */

import type {
  AggregateRow,
  Aggregation,
  CountQuestion,
  Group,
  Key,
  Layout,
  Merge,
  Outcome,
  Page,
  Query,
  Reindexed,
  StoredRow,
  Sweep,
} from '@coffer/core/backend'
import { applyGroup } from './apply-group.ts'
import { type Fork, forkOf } from './fork.ts'
import { mergeRows, reindexRows, sweepRows } from './maintenance.ts'
import { aggregateTable, countRows, readRows, searchPage } from './search.ts'
import { type Row, type Table, tenantsOf } from './table.ts'
import { type RowChange, Tables } from './tables.ts'
import { View } from './view.ts'

/**
 * Tables in memory: one published state, which calls read and write in place, and forks of it for those who
 * want to see nothing else. Every write is all or nothing, and a refused group leaves the others alone.
 * It knows nothing of turns: whoever calls it puts them in order.
 */
export class Engine {
  #tables = new Tables()
  #revision = 0
  /** The revision at which a layout last took another form while it had rows. */
  #reformed = 0
  /** The revision at which each tenant of each layout changed last. */
  readonly #changed = new Map<string, Map<string, number>>()

  /** Grows with every published change. */
  get revision(): number {
    return this.#revision
  }

  /**
   * Makes or changes tables, and names the layouts with rows that await `reindex`. A log may say that a layout went
   * back to an older form; what a program may open is for the backend to refuse.
   */
  open(layouts: readonly Layout[]): readonly string[] {
    for (const layout of layouts) {
      if (!this.#tables.open(layout)) continue
      this.#revision += 1
      if (this.#tables.table(layout.name).stale) this.#reformed = this.#revision
    }
    return layouts.map(({ name }) => name).filter((name) => this.#tables.table(name).stale)
  }

  /** The layout that is held under a name; `undefined` where none is. */
  layout(name: string): Layout | undefined {
    return this.#tables.layout(name)
  }

  /** The table of a layout, for reading. It changes with the next write. */
  table(layout: string): Table {
    return this.#tables.table(layout)
  }

  /** The tables there are, for reading. */
  tables(): Iterable<Table> {
    return this.#tables.all()
  }

  read(layout: Layout, keys: readonly Key[]): readonly (StoredRow | undefined)[] {
    return readRows(this.table(layout.name), keys)
  }

  query(layout: Layout, query: Query, at: number): Page {
    return searchPage(this.table(layout.name), query, at)
  }

  count(layout: Layout, question: CountQuestion, at: number): number {
    return countRows(this.table(layout.name), question, at)
  }

  aggregate(layout: Layout, aggregation: Aggregation, at: number): readonly AggregateRow[] {
    return aggregateTable(this.table(layout.name), aggregation, at)
  }

  /** The tenants that have rows in the layout, in text order. */
  tenants(layout: Layout): readonly string[] {
    return [...tenantsOf(this.table(layout.name).rows)]
  }

  /** A writable copy of the published state, in time that grows only with the number of layouts. */
  fork(): Fork {
    return forkOf(this.#tables, this.#revision)
  }

  /** The published state as it is now, in time that grows only with the number of layouts. */
  view(): View {
    return new View(this.#tables.share())
  }

  /** Publishes another state: an earlier one, or one that was filled aside. Whoever has forked before conflicts. */
  reset(view: View): void {
    this.#tables = view.share()
    this.#revision += 1
    this.#reformed = this.#revision
  }

  /** Applies groups to the published state itself. When it throws, nothing has happened. */
  write(groups: readonly Group[], at: number): readonly Outcome[] {
    return this.#inPlace((journal) => groups.map((group) => applyGroup(this.#tables, group, at, journal)))
  }

  sweep(layout: Layout, sweep: Sweep, limit: number, at: number): { removed: number; more: boolean } {
    return this.#inPlace((journal) => sweepRows(this.#tables, layout, sweep, limit, at, journal))
  }

  reindex(layout: Layout, rows: readonly Reindexed[], finished: boolean): void {
    this.#inPlace((journal) => reindexRows(this.#tables, layout, rows, journal))
    if (finished) this.#tables.writable(layout.name).stale = false
  }

  merge(layout: Layout, merge: Merge): void {
    this.#inPlace((journal) => mergeRows(this.#tables, layout, merge, journal))
  }

  /**
   * Publishes what a fork changed, and nothing that it merely saw: by taking its tables over when nothing
   * was published since it was made, else by doing its changes again. The caller has made sure that each
   * row is still the one the fork changed, and does not use the fork any more.
   */
  publish(fork: Fork): void {
    if (fork.changes.length === 0) return
    if (fork.revision === this.#revision) this.#tables = fork.tables
    else for (const change of netChanges(fork.changes)) this.#tables.replay(change)
    this.#mark(fork.changes)
  }

  /** Does changes that were recorded before, such as those of a log, in their order. */
  replay(changes: readonly RowChange[]): void {
    for (const change of changes) this.#tables.replay(change)
    this.#mark(changes)
  }

  /** Says that a layout has rows that were written for another form, for a state that is loaded. */
  markStale(layout: string): void {
    this.#tables.writable(layout).stale = true
  }

  /** Whether any row of the tenant in the layout was changed after the given revision. */
  changedSince(revision: number, layout: string, tenant: string): boolean {
    return (this.#changed.get(layout)?.get(tenant) ?? 0) > revision
  }

  /** Whether a layout with rows took another form after the given revision. */
  reformedSince(revision: number): boolean {
    return this.#reformed > revision
  }

  #inPlace<T>(run: (journal: RowChange[]) => T): T {
    const journal: RowChange[] = []
    try {
      const result = run(journal)
      this.#mark(journal)
      return result
    } catch (error) {
      this.#tables.undo(journal, 0)
      throw error
    }
  }

  #mark(changes: readonly RowChange[]): void {
    if (changes.length === 0) return
    this.#revision += 1
    for (const { layout, tenant } of changes) {
      const tenants = this.#changed.get(layout)
      if (tenants === undefined) this.#changed.set(layout, new Map([[tenant, this.#revision]]))
      else tenants.set(tenant, this.#revision)
    }
  }
}

/** Changes with one entry per row: from what it was before the first to what it is after the last. */
export function netChanges(changes: readonly RowChange[]): readonly RowChange[] {
  const net = new Map<string, RowChange>()
  for (const change of changes) {
    const key = JSON.stringify([change.layout, change.tenant, change.id])
    const first = net.get(key)
    const { previous, floorBefore }: { previous: Row | undefined; floorBefore: number } = first ?? change
    net.set(key, { ...change, previous, floorBefore })
  }
  return [...net.values()]
}
