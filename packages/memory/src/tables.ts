/** All tables of one state. A state is shared in constant time per layout and copied where it is written. */

import type { FieldValue, Key, Layout } from '@coffer/core/backend'
import { type Row, Table } from './table.ts'

/** What happened to one row: the unit of undo, of publishing, and of a log on disk. */
export interface RowChange extends Key {
  /** Name of the layout. */
  readonly layout: string
  readonly previous: Row | undefined
  readonly next: Row | undefined
  /** The floor of the tenant in this layout, before and after. */
  readonly floorBefore: number
  readonly floor: number
}

/** A set of tables by the names of their layouts. */
export class Tables {
  readonly #tables: Map<string, Table>

  constructor(tables: Map<string, Table> = new Map()) {
    this.#tables = tables
  }

  /** The same state once more; either may be written without the other seeing it. */
  share(): Tables {
    for (const table of this.#tables.values()) table.shared = true
    return new Tables(new Map(this.#tables))
  }

  /**
   * Makes the table of a layout, or changes the one in place to the layout's form. Fields that both forms
   * have keep their values; others are null until core has written the rows anew.
   *
   * @returns true when a table was made or changed, if only in what its layout says beside the form
   */
  open(layout: Layout): boolean {
    const old = this.#tables.get(layout.name)
    if (old !== undefined && formOf(old.layout) === formOf(layout)) return this.#describe(old, layout)
    const table = new Table(layout)
    this.#tables.set(layout.name, table)
    if (old === undefined) return true
    const sources = layout.fields.map(({ name, type }) =>
      old.layout.fields.findIndex((field) => field.name === name && field.type === type),
    )
    for (const row of old.all()) {
      const fields: FieldValue[] = sources.map((source) => row.fields[source] ?? null)
      table.replace(undefined, { ...row, fields })
    }
    for (const { tenant, floor } of old.floors.values()) table.setFloor(tenant, floor)
    table.stale = table.rows.size > 0
    return true
  }

  /** Takes over what a layout says beside its form, such as its schema version. */
  #describe(table: Table, layout: Layout): boolean {
    if (JSON.stringify(table.layout) === JSON.stringify(layout)) return false
    this.#tables.set(layout.name, table.clone(layout))
    return true
  }

  /** The table of a layout, for reading. */
  table(layout: string): Table {
    const table = this.#tables.get(layout)
    if (table === undefined) throw new Error(`layout '${layout}' was not opened`)
    return table
  }

  /** What the table of this name was made for; `undefined` where there is none. */
  layout(name: string): Layout | undefined {
    return this.#tables.get(name)?.layout
  }

  /** The table of a layout, for writing: a copy of this state's own where it is shared. */
  writable(layout: string): Table {
    const table = this.table(layout)
    if (!table.shared) return table
    const copy = table.clone()
    this.#tables.set(layout, copy)
    return copy
  }

  /** Replaces one row, raises the tenant's floor to at least the one given, and notes both in the journal. */
  change(
    layout: Layout,
    previous: Row | undefined,
    next: Row | undefined,
    floor: number,
    journal: RowChange[],
  ): void {
    const row = next ?? previous
    if (row === undefined) return
    const { tenant, id } = row
    const table = this.writable(layout.name)
    table.replace(previous, next)
    const floorBefore = table.floor(tenant)
    const raised = Math.max(floorBefore, floor)
    if (raised !== floorBefore) table.setFloor(tenant, raised)
    journal.push({ layout: layout.name, tenant, id, previous, next, floorBefore, floor: raised })
  }

  /** Raises the floor of a tenant, if it is lower: a change of the row that has no id, and is nowhere. */
  raiseFloor(layout: Layout, tenant: string, floor: number, journal: RowChange[]): void {
    const table = this.writable(layout.name)
    const floorBefore = table.floor(tenant)
    if (floor <= floorBefore) return
    table.setFloor(tenant, floor)
    const noRow = { id: '', previous: undefined, next: undefined }
    journal.push({ layout: layout.name, tenant, ...noRow, floorBefore, floor })
  }

  /** Does a change that was made elsewhere. The row in place must be `change.previous`. */
  replay(change: RowChange): void {
    const table = this.writable(change.layout)
    table.replace(change.previous, change.next)
    if (change.floor > table.floor(change.tenant)) table.setFloor(change.tenant, change.floor)
  }

  /** Takes the last changes of a journal back, down to the given length. */
  undo(journal: RowChange[], length: number): void {
    while (journal.length > length) {
      const change = journal.pop()
      if (change === undefined) return
      const table = this.writable(change.layout)
      table.replace(change.next, change.previous)
      if (change.floor !== change.floorBefore) table.setFloor(change.tenant, change.floorBefore)
    }
  }

  /** The tables there are. */
  all(): Iterable<Table> {
    return this.#tables.values()
  }
}

function formOf(layout: Layout): string {
  return JSON.stringify([layout.fields.map(({ name, type, source }) => [name, type, source]), layout.indexes])
}
