/** All that the model keeps, in plain maps. */

import {
  type FieldValue,
  type HeldLayout,
  type Key,
  type Layout,
  type NewRow,
  type Reindexed,
  refuseOlderDefinitions,
} from '@coffer/core/backend'

type Table = Map<string, NewRow>

/** The layouts by name, the rows of each by tenant and id, and the floors by tenant and layout. */
export interface State {
  readonly layouts: Map<string, HeldLayout>
  readonly tables: Map<string, Table>
  readonly floors: Map<string, number>
}

export function emptyState(): State {
  return { layouts: new Map(), tables: new Map(), floors: new Map() }
}

export function copyOf(state: State): State {
  return {
    layouts: new Map(state.layouts),
    tables: new Map([...state.tables].map(([name, table]) => [name, new Map(table)])),
    floors: new Map(state.floors),
  }
}

export function tableOf(state: State, layout: Layout): Table {
  const table = state.tables.get(layout.name) ?? new Map()
  state.tables.set(layout.name, table)
  return table
}

export function nameOf({ tenant, id }: Key): string {
  return JSON.stringify([tenant, id])
}

/** Takes layouts as they are now, and names those whose rows were written for another form. */
export function openTables(state: State, layouts: readonly Layout[]): readonly string[] {
  refuseOlderDefinitions('model', layouts, (name) => state.layouts.get(name)?.layout)
  for (const layout of layouts) {
    const held = state.layouts.get(layout.name)
    const isChanged = held !== undefined && formOf(held.layout) !== formOf(layout)
    if (isChanged) refit(state, held.layout, layout)
    const stale = held?.stale === true || (isChanged && tableOf(state, layout).size > 0)
    state.layouts.set(layout.name, { layout: { ...layout, history: undefined }, stale })
  }
  return layouts.map(({ name }) => name).filter((name) => state.layouts.get(name)?.stale)
}

/** Rows keep the fields that both forms have; core writes the others anew. */
function refit(state: State, old: Layout, layout: Layout): void {
  const sources = layout.fields.map(({ name, type }) =>
    old.fields.findIndex((field) => field.name === name && field.type === type),
  )
  const table = tableOf(state, layout)
  for (const [name, row] of table) {
    const fields: FieldValue[] = sources.map((source) => row.fields[source] ?? null)
    table.set(name, { ...row, fields })
  }
}

function formOf({ fields, indexes }: Layout): string {
  return JSON.stringify([fields.map(({ name, type, source }) => [name, type, source]), indexes])
}

/** Gives rows that still have their version the form of the layout. */
export function rewriteRows(
  state: State,
  layout: Layout,
  rows: readonly Reindexed[],
  finished: boolean,
): void {
  const table = tableOf(state, layout)
  for (const { tenant, id, version, document, fields, hash } of rows) {
    const row = table.get(nameOf({ tenant, id }))
    if (row?.version !== version) continue
    const { schemaVersion } = layout
    table.set(nameOf(row), { ...row, document, fields, hash, schemaVersion })
  }
  const held = state.layouts.get(layout.name)
  if (finished && held !== undefined) state.layouts.set(layout.name, { ...held, stale: false })
}
