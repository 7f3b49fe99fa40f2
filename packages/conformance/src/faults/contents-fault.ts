/** What faults in the contents of a place are made of. */

import {
  type Backend,
  type Contents,
  compareText,
  type Key,
  type Layout,
  type Loader,
  type NewRow,
  type Snapshot,
  type TenantFloor,
} from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import type { Fault } from './fault.ts'

/** More rows than any case has. */
const ALL = 1_000_000

/** A fault that replaces some of what the healthy contents do. */
export function contentsFault(
  id: string,
  clause: string,
  title: string,
  wrong: (contents: Contents, backend: Backend) => Partial<Contents>,
): Fault {
  return {
    id,
    clause,
    title,
    plant: (backend) => {
      const { contents } = backend
      if (contents === undefined) return backend
      return overridden(backend, { contents: overridden(contents, wrong(contents, backend)) })
    },
  }
}

/** A fault in what every snapshot tells. */
export function snapshotFault(
  id: string,
  clause: string,
  title: string,
  wrong: (snapshot: Snapshot, contents: Contents) => Partial<Snapshot>,
): Fault {
  return contentsFault(id, clause, title, (contents) => ({
    snapshot: (run) => contents.snapshot((snapshot) => run(overridden(snapshot, wrong(snapshot, contents)))),
  }))
}

/** A fault in the rows that every snapshot tells: each changed, or left out. */
export function rowsFault(
  id: string,
  title: string,
  change: (row: NewRow, layout: Layout) => NewRow | undefined,
): Fault {
  return snapshotFault(id, 'O2', title, (snapshot) => ({
    rows: async (layout, after, limit) => {
      const rows = await allRowsIn(snapshot, layout)
      return pageBehind(
        rows.flatMap((row) => change(row, layout) ?? []),
        after,
        limit,
      )
    },
  }))
}

/** A fault in what every replacement loads. */
export function loaderFault(
  id: string,
  clause: string,
  title: string,
  wrong: (loader: Loader) => Partial<Loader>,
): Fault {
  return contentsFault(id, clause, title, (contents) => ({
    replace: (replacement, run) =>
      contents.replace(replacement, (loader) => run(overridden(loader, wrong(loader)))),
  }))
}

/** A fault in the rows that every replacement loads. */
export function loadedRowsFault(id: string, title: string, change: (row: NewRow) => NewRow): Fault {
  return loaderFault(id, 'O4', title, (loader) => ({
    rows: (layout, rows) => loader.rows(layout, rows.map(change)),
  }))
}

/** Every row of a layout, in the order of the snapshot. */
export function allRowsIn(snapshot: Snapshot, layout: Layout): Promise<readonly NewRow[]> {
  return snapshot.rows(layout, undefined, ALL)
}

/** Every floor of a layout. */
export function allFloorsIn(snapshot: Snapshot, layout: Layout): Promise<readonly TenantFloor[]> {
  return snapshot.floors(layout, undefined, ALL)
}

/** The rows behind a key, in their order. */
export function pageBehind(rows: readonly NewRow[], after: Key | undefined, limit: number) {
  return rows.filter((row) => after === undefined || compareKeys(row, after) > 0).slice(0, limit)
}

/** The order of rows in a snapshot. */
export function compareKeys(left: Key, right: Key): number {
  return compareText(left.tenant, right.tenant) || compareText(left.id, right.id)
}

/** Whether two keys are one. */
export function isSameKey(left: Key, right: Key): boolean {
  return left.tenant === right.tenant && left.id === right.id
}
