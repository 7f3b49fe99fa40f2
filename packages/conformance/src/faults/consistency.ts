/** Faults in reads that may be answered by a copy, on backends that have none. */

import { type Backend, type ReadOptions, StoreError } from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import type { Fault } from './fault.ts'

function isEventual(options: ReadOptions | undefined): boolean {
  return options?.consistency === 'eventual'
}

/** A backend with some of its reads replaced. */
function readsFault(id: string, title: string, wrong: (backend: Backend) => Partial<Backend>): Fault {
  return { id, clause: 'R5', title, plant: (backend) => overridden(backend, wrong(backend)) }
}

export const consistencyFaults: readonly Fault[] = [
  readsFault(
    'eventual-keys-unseen',
    'an eventual read by key answers as if nothing were there',
    (backend) => ({
      read: async (layout, keys, options) =>
        isEventual(options) ? keys.map(() => undefined) : backend.read(layout, keys, options),
    }),
  ),
  readsFault('eventual-count-behind', 'an eventual count does not know the last record', (backend) => ({
    count: async (layout, question, at, options) =>
      (await backend.count(layout, question, at, options)) - (isEventual(options) ? 1 : 0),
  })),
  readsFault('eventual-page-refused', 'an eventual query is not supported', (backend) => ({
    query: async (layout, query, at, options) => {
      if (isEventual(options)) throw new StoreError('UNSUPPORTED', 'there is no replica')
      return backend.query(layout, query, at, options)
    },
  })),
]
