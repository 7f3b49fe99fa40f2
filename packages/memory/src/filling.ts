/** A state that is filled from nothing, aside from the one that is published. */

import {
  type HeldLayout,
  type Layout,
  type Loader,
  type NewRow,
  StoreError,
  type TenantFloor,
} from '@coffer/core/backend'
import { ownCopy, type Table } from './table.ts'
import { Tables } from './tables.ts'
import { View } from './view.ts'

/** Takes rows and floors until it is published by `Engine.reset`, or dropped. */
export class Filling implements Loader {
  readonly #tables = new Tables()

  /** @param layouts what there is to be, and nothing else */
  constructor(layouts: readonly HeldLayout[]) {
    for (const { layout, stale } of layouts) {
      this.#tables.open({ ...layout, history: undefined })
      this.#tables.writable(layout.name).stale = stale
    }
  }

  async rows(layout: Layout, rows: readonly NewRow[]): Promise<void> {
    const table = this.#table(layout)
    for (const row of rows) {
      if (table.get(row) !== undefined) throw twice(layout)
      table.replace(undefined, ownCopy(row))
    }
  }

  async floors(layout: Layout, floors: readonly TenantFloor[]): Promise<void> {
    const table = this.#table(layout)
    for (const { tenant, version } of floors) table.setFloor(tenant, version)
  }

  /** What it holds now. */
  view(): View {
    return new View(this.#tables.share())
  }

  #table(layout: Layout): Table {
    return this.#tables.writable(layout.name)
  }
}

function twice({ name }: Layout): StoreError {
  return new StoreError('ALREADY_EXISTS', `two rows of '${name}' have one key; load each once`)
}
