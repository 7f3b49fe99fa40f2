/** The fake backend with a memory of the layouts that it was opened with, so that stores may follow one another. */

import type { HeldLayout, Layout, NewRow, Snapshot } from '../src/backend.ts'
import { type FakeBackend, fakeBackend, type Row, rowName } from './fake-backend.ts'

export interface HeldBackend extends FakeBackend {
  readonly held: Map<string, HeldLayout>
}

export function heldBackend(): HeldBackend {
  const backend = fakeBackend()
  const held = new Map<string, HeldLayout>()
  const rowsOf = (layout: Layout): [string, Row][] =>
    [...backend.rows].filter(([name, row]) => name === rowName(layout, row))

  const change = (layout: Layout) => {
    const before = held.get(layout.name)
    const stale =
      before !== undefined && (before.stale || (differ(before.layout, layout) && rowsOf(layout).length > 0))
    if (before !== undefined)
      for (const [name, row] of rowsOf(layout)) {
        const sources = layout.fields.map((field) =>
          before.layout.fields.findIndex((old) => old.name === field.name),
        )
        backend.rows.set(name, { ...row, fields: sources.map((source) => row.fields[source] ?? null) })
      }
    held.set(layout.name, { layout: { ...layout, history: undefined }, stale })
  }

  const snapshot: Snapshot = {
    layouts: [],
    rows: async (layout, _after, limit) => rowsOf(layout).slice(0, limit) as unknown as NewRow[],
    floors: async () => [],
  }
  return {
    ...backend,
    held,
    capabilities: { ...backend.capabilities, contents: true },
    open: async (layouts) => {
      await backend.open(layouts)
      for (const layout of layouts) change(layout)
      return layouts.filter(({ name }) => held.get(name)?.stale).map(({ name }) => name)
    },
    reindex: async (layout, rows, finished) => {
      await backend.reindex(layout, rows, finished)
      if (finished) held.set(layout.name, { layout: { ...layout, history: undefined }, stale: false })
    },
    contents: {
      layouts: async () => [...held.values()],
      snapshot: (run) => run(snapshot),
      replace: () => Promise.reject(new Error('not asked for')),
      merge: () => Promise.reject(new Error('not asked for')),
      statements: (before, wanted) => [`${before === undefined ? 'CREATE' : 'ALTER'} ${wanted.name}`],
    },
  }
}

function differ(before: Layout, after: Layout): boolean {
  return (
    JSON.stringify([before.fields, before.schemaVersion]) !==
    JSON.stringify([after.fields, after.schemaVersion])
  )
}
