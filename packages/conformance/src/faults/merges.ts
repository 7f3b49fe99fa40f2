/** Faults in merging rows into a place as they are. */

import { type Backend, type Contents, historyRow, type Merge, StoreError } from '@coffer/core/backend'
import { allFloorsIn, allRowsIn, contentsFault, isSameKey } from './contents-fault.ts'
import type { Fault } from './fault.ts'

/** A fault that merges something else than it was given. */
function mergeFault(
  id: string,
  title: string,
  change: (
    merge: Merge,
    layout: Parameters<Contents['merge']>[0],
    contents: Contents,
  ) => Merge | Promise<Merge>,
): Fault {
  return contentsFault(id, 'O6', title, (contents) => ({
    merge: async (layout, merge) => contents.merge(layout, await change(merge, layout, contents)),
  }))
}

const nothing = { put: [], remove: [], floors: [] } as const

export const mergeFaults: readonly Fault[] = [
  contentsFault('merge-in-two', 'O6', 'rows are put in one commit and removed in another', (contents) => ({
    merge: async (layout, merge) => {
      await contents.merge(layout, { ...merge, remove: [] })
      await new Promise(setImmediate)
      await contents.merge(layout, { ...nothing, remove: merge.remove })
    },
  })),
  contentsFault('merge-one-by-one', 'O6', 'every row is put in a commit of its own', (contents) => ({
    merge: async (layout, merge) => {
      await contents.merge(layout, { ...merge, put: [] })
      for (const row of merge.put) {
        await contents.merge(layout, { ...nothing, put: [row] })
        await Promise.resolve()
        if (merge.put.length < 100) await new Promise(setImmediate)
      }
    },
  })),
  mergeFault('merge-puts-some', 'only the first 1,000 rows are put', (merge) => ({
    ...merge,
    put: merge.put.slice(0, 1_000),
  })),
  mergeFault('merge-removes-some', 'only the first 1,000 rows are removed', (merge) => ({
    ...merge,
    remove: merge.remove.slice(0, 1_000),
  })),
  mergeFault('merge-removes-none', 'rows are not removed', (merge) => ({ ...merge, remove: [] })),
  mergeFault('merge-removes-first', 'a row that is put and removed stays', (merge) => ({
    ...merge,
    remove: merge.remove.filter((key) => !merge.put.some((row) => isSameKey(row, key))),
  })),
  mergeFault('merge-first-of-each', 'of a row that is put twice the first stays', (merge) => ({
    ...merge,
    put: merge.put.filter((row, at) => merge.put.findIndex((each) => isSameKey(each, row)) === at),
  })),
  mergeFault('merge-removes-of-all', 'a row is removed from every tenant', (merge, layout, contents) =>
    contents.snapshot(async (snapshot) => {
      const rows = await allRowsIn(snapshot, layout)
      return { ...merge, remove: rows.filter(({ id }) => merge.remove.some((key) => key.id === id)) }
    }),
  ),
  mergeFault('merge-keeps-newer', 'a row in place with a higher version stays', (merge, layout, contents) =>
    contents.snapshot(async (snapshot) => {
      const rows = await allRowsIn(snapshot, layout)
      const isNewer = (row: Merge['put'][number]) =>
        rows.some((each) => isSameKey(each, row) && each.version > row.version)
      return { ...merge, put: merge.put.filter((row) => !isNewer(row)) }
    }),
  ),
  mergeFault('merge-only-adds', 'a row in place is not put over', (merge, layout, contents) =>
    contents.snapshot(async (snapshot) => {
      const rows = await allRowsIn(snapshot, layout)
      return { ...merge, put: merge.put.filter((row) => !rows.some((each) => isSameKey(each, row))) }
    }),
  ),
  mergeFault('merge-counts-as-write', 'a row that was put has the version after its own', (merge) => ({
    ...merge,
    put: merge.put.map((row) => ({ ...row, version: row.version + 1 })),
  })),
  mergeFault('merge-renews', 'a row that was put has no deadline and is not deleted', (merge) => ({
    ...merge,
    put: merge.put.map((row) => ({ ...row, expiresAt: null, deletedAt: null })),
  })),
  mergeFault(
    'merge-old-fields',
    'a row that was put is found by the fields of the one before',
    (merge, layout, contents) =>
      contents.snapshot(async (snapshot) => {
        const rows = await allRowsIn(snapshot, layout)
        const put = merge.put.map((row) => {
          const before = rows.find((each) => isSameKey(each, row))
          return before ? { ...row, fields: before.fields } : row
        })
        return { ...merge, put }
      }),
  ),
  mergeFault('merge-floors-ignored', 'floors are not raised', (merge) => ({ ...merge, floors: [] })),
  contentsFault(
    'merge-lowers-floors',
    'O6',
    'a floor that is lower replaces the one in place',
    (contents) => ({
      merge: async (layout, merge) => {
        await contents.merge(layout, merge)
        if (merge.floors.length > 0) await setFloors(contents, layout.name, merge.floors)
      },
    }),
  ),
  mergeFault(
    'merge-removal-raises-floor',
    'a removal raises the floor to the version that went',
    (merge, layout, contents) =>
      contents.snapshot(async (snapshot) => {
        const rows = await allRowsIn(snapshot, layout)
        const gone = rows.filter((row) => merge.remove.some((key) => isSameKey(key, row)))
        const floors = gone.map(({ tenant, version }) => ({ tenant, version }))
        return { ...merge, floors: [...merge.floors, ...floors] }
      }),
  ),
  contentsFault('merge-refuses-append-only', 'O6', 'an append-only layout takes no rows', (contents) => ({
    merge: async (layout, merge) => {
      if (layout.appendOnly) throw new StoreError('UNSUPPORTED', 'the layout is append-only')
      return contents.merge(layout, merge)
    },
  })),
  contentsFault('merge-adds-history', 'O6', 'a row that is put adds an entry to the past', (contents) => ({
    merge: async (layout, merge) => {
      await contents.merge(layout, merge)
      const { history } = layout
      if (history === undefined) return
      const put = merge.put.map((row) =>
        historyRow('put', row, row, row.document, row.schemaVersion, row.updatedAt),
      )
      await contents.merge(history, { ...nothing, put })
    },
  })),
  contentsFault('merge-removes-past', 'O6', 'a row that is removed takes its past along', (contents) => ({
    merge: async (layout, merge) => {
      await contents.merge(layout, merge)
      const { history } = layout
      if (history === undefined) return
      await contents.snapshot(async (snapshot) => {
        const rows = await allRowsIn(snapshot, history)
        const remove = rows.filter((row) =>
          merge.remove.some(({ tenant, id }) => row.tenant === tenant && row.fields[0] === id),
        )
        await contents.merge(history, { ...nothing, remove })
      })
    },
  })),
  {
    id: 'merge-past-the-cache',
    clause: 'O6',
    title: 'a cache does not forget what was merged',
    plant: (backend: Backend) => backend,
    plantCache: (withCache) => (backend, limits) => {
      const cached = withCache(backend, limits)
      return new Proxy(cached, {
        get: (target, name) => (name === 'contents' ? backend.contents : Reflect.get(target, name)),
      })
    },
  },
]

/** Writes everything anew, with other floors. */
function setFloors(contents: Contents, name: string, wanted: Merge['floors']): Promise<void> {
  return contents.snapshot((snapshot) =>
    contents.replace({ layouts: snapshot.layouts, onlyIfEmpty: false }, async (loader) => {
      for (const { layout } of snapshot.layouts) {
        await loader.rows(layout, await allRowsIn(snapshot, layout))
        const floors = (await allFloorsIn(snapshot, layout)).map((floor) => ({
          ...floor,
          ...(layout.name === name && wanted.find(({ tenant }) => tenant === floor.tenant)),
        }))
        await loader.floors(layout, floors)
      }
    }),
  )
}
