/** The door to everything that the model holds: a snapshot is a copy, and a replacement another state. */

import {
  type Contents,
  compareText,
  type Layout,
  type Snapshot,
  StoreError,
  type TenantFloor,
} from '@coffer/core/backend'
import { copyOf, emptyState, nameOf, type State, tableOf } from './model-state.ts'

/** How the model is reached: one after the other, and by its present state. */
export interface ModelAccess {
  inTurn<T>(run: () => Promise<T>): Promise<T>
  state(): State
  become(next: State): void
}

export function modelContents({ inTurn, state, become }: ModelAccess): Contents {
  return {
    layouts: () => inTurn(async () => layoutsOf(state())),
    snapshot: async (run) => run(snapshotOf(await inTurn(async () => copyOf(state())))),
    replace: ({ layouts, onlyIfEmpty }, run) =>
      inTurn(async () => {
        if (onlyIfEmpty && [...state().tables.values()].some(({ size }) => size > 0)) {
          throw new StoreError('ALREADY_EXISTS', 'the place is not empty')
        }
        const next = emptyState()
        for (const held of layouts) next.layouts.set(held.layout.name, held)
        const answer = await run({
          rows: async (layout, rows) => {
            for (const row of rows) {
              if (tableOf(next, layout).has(nameOf(row))) {
                throw new StoreError('ALREADY_EXISTS', `${layout.name}: a row is there already`)
              }
              tableOf(next, layout).set(nameOf(row), row)
            }
          },
          floors: async (layout, floors) => setFloors(next, layout, floors),
        })
        become(next)
        return answer
      }),
    merge: (layout, { put, remove, floors }) =>
      inTurn(async () => {
        if (!state().layouts.has(layout.name)) throw notThere(layout)
        const table = tableOf(state(), layout)
        for (const row of put) table.set(nameOf(row), row)
        for (const key of remove) table.delete(nameOf(key))
        setFloors(state(), layout, floors)
      }),
  }
}

function layoutsOf({ layouts }: State) {
  return [...layouts.values()].sort((left, right) => compareText(left.layout.name, right.layout.name))
}

function snapshotOf(state: State): Snapshot {
  const tableThere = (layout: Layout) => {
    if (state.layouts.has(layout.name)) return tableOf(state, layout)
    throw notThere(layout)
  }
  return {
    layouts: structuredClone(layoutsOf(state)),
    rows: async (layout, after, limit) =>
      [...tableThere(layout).values()]
        .map((row) => structuredClone(row))
        .sort((left, right) => compareText(left.tenant, right.tenant) || compareText(left.id, right.id))
        .filter(
          ({ tenant, id }) =>
            after === undefined || (compareText(tenant, after.tenant) || compareText(id, after.id)) > 0,
        )
        .slice(0, limit),
    floors: async (layout, after, limit) =>
      floorsOf(state, layout)
        .filter(({ tenant }) => after === undefined || compareText(tenant, after) > 0)
        .slice(0, limit),
  }
}

function notThere(layout: Layout): StoreError {
  return new StoreError('INVALID_ARGUMENT', `the place has no layout '${layout.name}'`)
}

function floorsOf({ floors }: State, layout: Layout): TenantFloor[] {
  return [...floors]
    .map(([name, version]) => ({ place: JSON.parse(name) as [tenant: string, layout: string], version }))
    .filter(({ place }) => place[1] === layout.name)
    .map(({ place, version }) => ({ tenant: place[0], version }))
    .sort((left, right) => compareText(left.tenant, right.tenant))
}

function setFloors(state: State, layout: Layout, floors: readonly TenantFloor[]): void {
  for (const { tenant, version } of floors) {
    const name = nameOf({ tenant, id: layout.name })
    state.floors.set(name, Math.max(state.floors.get(name) ?? 0, version))
  }
}
