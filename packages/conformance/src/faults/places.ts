/** Faults in what a place tells of itself, and in the writing anew of its rows. */

import type { Backend, HeldLayout, Inspection, Layout, RowStates, Snapshot } from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import { allRowsIn, contentsFault } from './contents-fault.ts'
import type { Fault } from './fault.ts'

/** A fault in the layouts that a place tells, in a snapshot and outside of one. */
function layoutsFault(
  id: string,
  title: string,
  change: (held: readonly HeldLayout[], backend: Backend) => readonly HeldLayout[],
): Fault {
  return contentsFault(id, 'O1', title, (contents, backend) => ({
    layouts: async () => change(await contents.layouts(), backend),
    snapshot: (run) =>
      contents.snapshot((snapshot: Snapshot) =>
        run(overridden(snapshot, { layouts: change(snapshot.layouts, backend) })),
      ),
  }))
}

/** A fault in the form of each layout that a place tells. */
function formFault(id: string, title: string, change: (layout: Layout) => Layout): Fault {
  return layoutsFault(id, title, (held) =>
    held.map(({ layout, stale }) => ({ layout: change(layout), stale })),
  )
}

const layouts: readonly Fault[] = [
  layoutsFault('layouts-out-of-order', 'layouts are told in the order in which they were made', (held) =>
    held.toReversed(),
  ),
  layoutsFault('layouts-stale-lost', 'nobody is told that a layout is stale', (held) =>
    held.map((each) => ({ ...each, stale: false })),
  ),
  layoutsFault('layouts-all-stale', 'every layout is told as stale', (held) =>
    held.map((each) => ({ ...each, stale: true })),
  ),
  formFault('layouts-sources-lost', 'where a field is taken from is not told', (layout) => ({
    ...layout,
    fields: layout.fields.map((field) => ({ ...field, source: undefined })),
  })),
  formFault('layouts-nullable', 'every field is told as one that may be null', (layout) => ({
    ...layout,
    fields: layout.fields.map((field) => ({ ...field, nullable: true })),
  })),
  formFault('layouts-indexes-lost', 'indexes over several fields are not told', (layout) => ({
    ...layout,
    indexes: layout.indexes.filter((index) => index.length < 2),
  })),
  formFault('layouts-columns-lost', 'columns of documents are not told', (layout) => ({
    ...layout,
    documentColumns: [],
  })),
  formFault('layouts-append-only-lost', 'append-only layouts are told as ordinary ones', (layout) => ({
    ...layout,
    appendOnly: false,
  })),
  formFault('layouts-version-lost', 'every layout is told with the version 1', (layout) => ({
    ...layout,
    schemaVersion: 1,
  })),
  {
    id: 'layouts-of-this-opener',
    clause: 'O1',
    title: 'only layouts that this opener has opened are told',
    plant: (backend) => {
      const { contents } = backend
      if (contents === undefined) return backend
      const opened = new Set<string>()
      return overridden(backend, {
        open: (layouts) => {
          for (const { name } of layouts) opened.add(name)
          return backend.open(layouts)
        },
        contents: overridden(contents, {
          layouts: async () => (await contents.layouts()).filter(({ layout }) => opened.has(layout.name)),
        }),
      })
    },
  },
]

const rewriting: readonly Fault[] = [
  {
    id: 'rewrite-ends-at-once',
    clause: 'O9',
    title: 'a layout counts as written anew when the first of its rows are',
    plant: (backend) =>
      overridden(backend, { reindex: (layout, rows) => backend.reindex(layout, rows, true) }),
  },
  {
    id: 'rewrite-never-ends',
    clause: 'O9',
    title: 'a layout is stale for ever',
    plant: (backend) =>
      overridden(backend, { reindex: (layout, rows) => backend.reindex(layout, rows, false) }),
  },
  {
    id: 'rewrite-one-tenant',
    clause: 'O9',
    title: 'only rows of the default tenant are written anew',
    plant: (backend) =>
      overridden(backend, {
        reindex: (layout, rows, finished) =>
          backend.reindex(
            layout,
            rows.filter(({ tenant }) => tenant === 'default'),
            finished,
          ),
      }),
  },
  {
    id: 'rewrite-touches-times',
    clause: 'O9',
    title: 'rows that are written anew count as changed then',
    plant: (backend) => touching(backend, (updatedAt) => ({ updatedAt: updatedAt + 1 })),
  },
  {
    id: 'rewrite-restores',
    clause: 'O9',
    title: 'soft-deleted rows that are written anew are live',
    plant: (backend) => touching(backend, () => ({ deletedAt: null })),
  },
]

/** Changes rows that were written anew behind the backend's back. */
function touching(
  backend: Backend,
  change: (updatedAt: number) => { readonly updatedAt?: number; readonly deletedAt?: null },
): Backend {
  const { contents } = backend
  if (contents === undefined) return backend
  return overridden(backend, {
    reindex: async (layout, rows, finished) => {
      await backend.reindex(layout, rows, finished)
      const written = new Set(rows.map(({ tenant, id }) => JSON.stringify([tenant, id])))
      const put = await contents.snapshot(async (snapshot) =>
        (await allRowsIn(snapshot, layout))
          .filter(({ tenant, id }) => written.has(JSON.stringify([tenant, id])))
          .map((row) => ({ ...row, ...change(row.updatedAt) })),
      )
      await contents.merge(layout, { put, remove: [], floors: [] })
    },
  })
}

function inspectionFault(
  id: string,
  title: string,
  change: (inspection: Inspection, backend: Backend) => Inspection | Promise<Inspection>,
): Fault {
  return {
    id,
    clause: 'O10',
    title,
    plant: (backend) =>
      overridden(backend, {
        inspect: async (counting) => {
          const inspection = (await backend.inspect?.(counting)) ?? NOTHING
          return change(inspection, backend)
        },
      }),
  }
}

/** A fault in the states that rows are counted by. */
function statesFault(id: string, title: string, change: (states: RowStates) => RowStates): Fault {
  return inspectionFault(id, title, (inspection) => {
    const sizes = inspection.sizes.map(({ states, ...size }) => ({
      ...size,
      ...(states && { states: change(states) }),
    }))
    return { ...inspection, sizes }
  })
}

const NOTHING: Inspection = { engine: 'none', facts: {}, sizes: [], bytes: null, clock: null, checks: [] }

const inspections: readonly Fault[] = [
  statesFault('states-not-expired', 'no row is counted as expired', (states) => ({ ...states, expired: 0 })),
  statesFault(
    'states-counted-twice',
    'a row that is expired and soft-deleted is counted as both',
    (states) => ({
      ...states,
      deleted: states.deleted + 1,
    }),
  ),
  statesFault('states-counted-in-part', 'what is to be exact is counted up to a limit', (states) => ({
    ...states,
    countedTo: 100,
  })),
  {
    id: 'states-a-millisecond-late',
    clause: 'O10',
    title: 'a row in the millisecond of its deadline is not counted as expired',
    plant: (backend) =>
      overridden(backend, {
        inspect: async (counting) =>
          (await backend.inspect?.(counting && { ...counting, at: counting.at - 1 })) ?? NOTHING,
      }),
  },
  {
    id: 'states-unasked',
    clause: 'O10',
    title: 'rows are counted by their states for everybody who looks',
    plant: (backend) =>
      overridden(backend, {
        inspect: async (counting) => (await backend.inspect?.(counting ?? { at: 0, exact: true })) ?? NOTHING,
      }),
  },
  inspectionFault('inspect-rows-wrong', 'one row too few is counted', (inspection) => ({
    ...inspection,
    sizes: inspection.sizes.map((size) => ({ ...size, rows: Math.max(0, size.rows - 1) })),
  })),
  inspectionFault('inspect-layouts-missing', 'histories have no size', (inspection) => ({
    ...inspection,
    sizes: inspection.sizes.filter(({ layout }) => !layout.endsWith('__history')),
  })),
  inspectionFault('inspect-out-of-order', 'sizes are told in another order', (inspection) => ({
    ...inspection,
    sizes: inspection.sizes.toReversed(),
  })),
  inspectionFault('inspect-names-tenants', 'a fact names a tenant', async (inspection, backend) => {
    const held = (await backend.contents?.layouts()) ?? []
    const tenants = await Promise.all(held.map(({ layout }) => backend.tenants(layout)))
    return { ...inspection, facts: { ...inspection.facts, tenants: tenants.flat().join(', ') } }
  }),
  inspectionFault('inspect-without-advice', 'what is not good comes without advice', (inspection) => ({
    ...inspection,
    checks: [...inspection.checks, { topic: 'made up', state: 'warning', says: 'something is wrong' }],
  })),
  {
    id: 'check-false-alarm',
    clause: 'O10',
    title: 'the check of the structure finds something wrong with every place',
    plant: (backend) => overridden(backend, { check: async () => ['page 1 is never used'] }),
  },
  {
    id: 'check-writes',
    clause: 'O10',
    title: 'the check of the structure removes soft-deleted rows',
    plant: (backend) =>
      overridden(backend, {
        check: async () => {
          for (const { layout } of (await backend.contents?.layouts()) ?? []) {
            const sweep = {
              type: 'deleted',
              deletedBefore: Number.MAX_SAFE_INTEGER,
              tenant: undefined,
            } as const
            await backend.sweep(layout, sweep, 1_000, 0)
          }
          return []
        },
      }),
  },
]

const doors: readonly Fault[] = [
  {
    id: 'contents-missing',
    clause: 'O11',
    title: 'contents are declared, and are not there',
    plant: (backend) => overridden(backend, { contents: undefined as never }),
  },
  {
    id: 'connections-beyond-max',
    clause: 'O11',
    title: 'more connections are told than there may be',
    plant: (backend) =>
      overridden(backend, { connectionStatistics: () => ({ used: 2, idle: 1, waiting: 0, max: 2 }) }),
  },
]

export const placeFaults: readonly Fault[] = [...layouts, ...rewriting, ...inspections, ...doors]
