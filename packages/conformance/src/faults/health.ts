/** Faults that show when a place is asked whether it answers. */

import { type Backend, fieldlessLayout, type Operation, StoreError } from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import type { Fault } from './fault.ts'
import { alter, type Seams } from './seams.ts'

/** Where `health` writes. */
const PROBES = 'coffer_health'

/** A fault in the operations on the record that is written to see whether a place can be written to. */
function probeFault(id: string, title: string, change: (operation: Operation) => Operation): Fault {
  const write: Seams['write'] = (door, group, at) =>
    door.write(
      {
        ...group,
        operations: group.operations.map((each) => (each.layout.name === PROBES ? change(each) : each)),
      },
      at,
    )
  return { id, clause: 'O12', title, plant: (backend) => alter(backend, { write }) }
}

/** A fault in the small question that is asked, with contents and without. */
function questionFault(id: string, title: string, wrong: (backend: Backend) => Promise<unknown>): Fault {
  return {
    id,
    clause: 'O12',
    title,
    plant: (backend) => {
      const { contents } = backend
      if (contents === undefined) return backend
      const layouts = async () => {
        await wrong(backend)
        return contents.layouts()
      }
      return overridden(backend, { contents: overridden(contents, { layouts }) })
    },
  }
}

/** O12: whether a place answers. */
export const healthFaults: readonly Fault[] = [
  questionFault('health-makes-table', 'whoever asks makes a table', (backend) =>
    backend.open([fieldlessLayout('coffer_asked')]),
  ),
  questionFault('health-question-refused', 'a sound place can not be asked what it holds', async () => {
    throw new StoreError('UNAVAILABLE', 'nobody answers')
  }),
  probeFault('health-probe-marked', 'the record that was written is only marked as deleted', (operation) =>
    operation.type === 'delete' ? { ...operation, mode: 'soft' } : operation,
  ),
  {
    id: 'health-probe-stays',
    clause: 'O12',
    title: 'the record that was written is acknowledged as removed, and stays',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) =>
          group.operations.some(({ type, layout }) => type === 'delete' && layout.name === PROBES)
            ? { ok: true, applied: [{ version: 2, existed: true }] }
            : door.write(group, at),
      }),
  },
  {
    id: 'health-write-refused',
    clause: 'O12',
    title: 'what Coffer keeps for itself can not be written beside collections',
    plant: (backend) =>
      overridden(backend, {
        write: async (groups, at) => {
          const isProbe = groups.some(({ operations }) =>
            operations.some(({ layout }) => layout.name === PROBES),
          )
          if (isProbe) throw new StoreError('PERMISSION_DENIED', 'not this table')
          return backend.write(groups, at)
        },
      }),
  },
]
