/** One state of all tables that never changes, for reading. */

import type {
  AggregateRow,
  Aggregation,
  CountQuestion,
  Key,
  Layout,
  Page,
  Query,
  StoredRow,
} from '@coffer/core/backend'
import { aggregateTable, countRows, readRows, searchPage } from './search.ts'
import { type Table, tenantsOf } from './table.ts'
import type { Tables } from './tables.ts'

/** What was there at one moment, whatever is written afterwards. Made by `Engine.view`. */
export class View {
  readonly #tables: Tables

  constructor(tables: Tables) {
    this.#tables = tables
  }

  /** The same state once more, to be written to; this view does not see it. */
  share(): Tables {
    return this.#tables.share()
  }

  /** The table of a layout. */
  table(layout: string): Table {
    return this.#tables.table(layout)
  }

  /** The tables there are. */
  tables(): Iterable<Table> {
    return this.#tables.all()
  }

  /** Whether no table has a row. */
  get isEmpty(): boolean {
    return [...this.tables()].every((table) => table.rows.size === 0)
  }

  read(layout: Layout, keys: readonly Key[]): readonly (StoredRow | undefined)[] {
    return readRows(this.#tables.table(layout.name), keys)
  }

  query(layout: Layout, query: Query, at: number): Page {
    return searchPage(this.#tables.table(layout.name), query, at)
  }

  count(layout: Layout, question: CountQuestion, at: number): number {
    return countRows(this.#tables.table(layout.name), question, at)
  }

  aggregate(layout: Layout, aggregation: Aggregation, at: number): readonly AggregateRow[] {
    return aggregateTable(this.#tables.table(layout.name), aggregation, at)
  }

  /** The tenants that have rows in the layout, in text order. */
  tenants(layout: Layout): readonly string[] {
    return [...tenantsOf(this.#tables.table(layout.name).rows)]
  }
}
