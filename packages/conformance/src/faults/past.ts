/** Faults in the past of records, and in what is left of it by sweeps, upgrades and the end of a process. */

import type { Backend, Layout, NewRow } from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import { allRowsIn } from './contents-fault.ts'
import type { Fault } from './fault.ts'
import { allRows, isHistory } from './requery.ts'
import { alter, doorOf } from './seams.ts'

/** Removes rows of the past behind the backend's rules. */
async function forget(backend: Backend, layout: Layout, isForgotten: (row: NewRow) => boolean) {
  const { contents } = backend
  const history = layout.history
  if (contents === undefined || history === undefined) return
  const rows = await contents.snapshot((snapshot) => allRowsIn(snapshot, history))
  await contents.merge(history, { put: [], remove: rows.filter(isForgotten), floors: [] })
}

/** H2, H4, U4 and L5: the past. */
export const pastFaults: readonly Fault[] = [
  {
    id: 'past-deadlines-lost',
    clause: 'H2',
    title: 'the past is told without deadlines',
    plant: (backend) =>
      alter(backend, {
        query: async (door, layout, query, at) => {
          const page = await door.query(layout, query, at)
          if (!isHistory(layout)) return page
          return { ...page, rows: page.rows.map((row) => ({ ...row, expiresAt: null })) }
        },
      }),
  },
  {
    id: 'past-swept',
    clause: 'H4',
    title: 'a sweep takes the past of what it removes along',
    plant: (backend) =>
      alter(backend, {
        sweep: async (inner, layout, ...parameters) => {
          const result = await inner.sweep(layout, ...parameters)
          const left = new Set<string>()
          for (const tenant of await inner.tenants(layout)) {
            for (const { id } of await allRows(doorOf(inner), layout, tenant, 0)) left.add(`${tenant}\0${id}`)
          }
          await forget(inner, layout, ({ tenant, fields }) => !left.has(`${tenant}\0${String(fields[0])}`))
          return result
        },
      }),
  },
  {
    id: 'past-of-newest-version',
    clause: 'U4',
    title: 'the past claims to be of the newest schema version',
    plant: (backend) =>
      alter(backend, {
        query: async (door, layout, query, at) => {
          const page = await door.query(layout, query, at)
          if (!isHistory(layout)) return page
          return { ...page, rows: page.rows.map((row) => ({ ...row, schemaVersion: layout.schemaVersion })) }
        },
      }),
  },
  {
    id: 'past-ends-with-process',
    clause: 'L5',
    title: 'the past is gone when the place is opened again',
    plant: (backend) => {
      const opened = new Set<string>()
      return overridden(backend, {
        open: async (layouts) => {
          const stale = await backend.open(layouts)
          for (const layout of layouts) {
            if (opened.has(layout.name)) continue
            opened.add(layout.name)
            await forget(backend, layout, () => true)
          }
          return stale
        },
      })
    },
  },
]
