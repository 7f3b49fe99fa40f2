/** Faults that show in logs: in what keeps entries, numbers and heads, which are rows like any other. */

import type { Group, Layout } from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import type { Fault } from './fault.ts'
import { allRows } from './requery.ts'
import { onPuts } from './rewrites.ts'
import { alter, alterTransaction, doorOf, type Seams } from './seams.ts'

function logFault(id: string, clause: string, title: string, seams: Seams): Fault {
  return { id, clause, title, plant: (backend) => alter(backend, seams) }
}

const isHeads = (layout: Layout) => layout.name.endsWith('_heads')

/** G1 to G8: logs. */
export const logFaults: readonly Fault[] = [
  logFault(
    'log-entry-rewritten',
    'G1',
    'what an entry says is stored in capitals',
    onPuts((put) => (put.layout.appendOnly ? { ...put, document: inCapitals(put.document) } : put)),
  ),
  logFault('log-refused-counted', 'G2', 'the head of a stream moves on with a call that was refused', {
    write: async (door, group, at) => {
      const outcome = await door.write(group, at)
      const operations = group.operations.filter(({ layout }) => isHeads(layout))
      if (!outcome.ok && operations.length > 0) await door.write({ operations, checks: [] }, at)
      return outcome
    },
  }),
  logFault('log-entry-twice', 'G3', 'an entry whose key is there already is passed over', {
    write: async (door, group, at) => {
      const outcome = await door.write(group, at)
      const refused = outcome.ok || outcome.check ? undefined : group.operations[outcome.index]
      if (!refused?.layout.appendOnly) return outcome
      return { ok: true, applied: group.operations.map(() => ({ version: 1, existed: true })) }
    },
  }),
  logFault('log-head-unseen', 'G4', 'the head of a stream is not found', {
    read: async (door, layout, keys) =>
      isHeads(layout) ? keys.map(() => undefined) : door.read(layout, keys),
  }),
  {
    id: 'log-outlives-rollback',
    clause: 'G6',
    title: 'entries of a transaction are stored beside it',
    plant: (backend) =>
      overridden(backend, {
        transaction: async (run) => {
          const entries: Group[] = []
          try {
            return await backend.transaction((inside) =>
              run(
                alterTransaction(inside, {
                  write: (door, group, at) => {
                    const operations = group.operations.filter(({ layout }) => layout.appendOnly)
                    if (operations.length > 0) entries.push({ operations, checks: [] })
                    return door.write(group, at)
                  },
                }),
              ),
            )
          } catch (error) {
            await backend.write(entries, 0)
            throw error
          }
        },
      }),
  },
  logFault('log-by-key', 'G7', 'entries come in the order of their keys', {
    query: (door, layout, query, at) =>
      door.query(layout, layout.appendOnly ? { ...query, order: query.order.slice(-1) } : query, at),
  }),
  {
    id: 'log-last-entry-unseen',
    clause: 'G8',
    title: 'the last entry of a log that has several is not found by questions',
    plant: (backend) =>
      alter(backend, {
        query: async (door, layout, query, at) => {
          const page = await door.query(layout, query, at)
          if (!layout.appendOnly) return page
          const all = await allRows(doorOf(backend), layout, query.tenant, at)
          return { ...page, rows: page.rows.filter((row) => all.length < 2 || row.id !== all.at(-1)?.id) }
        },
      }),
  },
]

function inCapitals(document: string): string {
  return document.replace(
    /("note":")([^"\\]*)"/,
    (_all, before: string, note: string) => `${before}${note.toUpperCase()}"`,
  )
}
