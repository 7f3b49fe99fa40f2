/** Faults that hide damage, make it, or tell more of it than may be told. */

import { type StoredRow, StoreError } from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import type { Fault } from './fault.ts'
import { onPuts, onRows } from './rewrites.ts'
import { alter } from './seams.ts'

/** A backend that answers what it was given, and not what is stored. */
function remembering(
  id: string,
  clause: string,
  title: string,
  concerns: (row: StoredRow) => boolean,
): Fault {
  return {
    id,
    clause,
    title,
    plant: (backend) => {
      const given = new Map<string, string>()
      const name = (layout: string, { tenant, id: key }: { tenant: string; id: string }) =>
        JSON.stringify([layout, tenant, key])
      const watched = alter(
        backend,
        onPuts((put) => {
          given.set(name(put.layout.name, put), put.document)
          return put
        }),
      )
      return alter(
        watched,
        onRows((row, layout) => {
          const document = concerns(row) ? given.get(name(layout.name, row)) : undefined
          return document === undefined ? row : { ...row, document }
        }),
      )
    },
  }
}

/** I2, I3, U3, E1 and E2: damage, and what is said of failures. */
export const damageFaults: readonly Fault[] = [
  remembering(
    'damage-covered',
    'I2',
    'records with a hash are answered as they were written',
    (row) => row.hash !== null,
  ),
  remembering(
    'damage-covered-without-hash',
    'I3',
    'records without a hash are answered as they were written',
    (row) => row.hash === null,
  ),
  {
    id: 'damage-by-upgrade',
    clause: 'U3',
    title: 'rows that are written anew lose their hash',
    plant: (backend) =>
      overridden(backend, {
        reindex: (layout, rows, finished) =>
          backend.reindex(
            layout,
            rows.map((row) => ({ ...row, hash: null })),
            finished,
          ),
      }),
  },
  {
    id: 'refusal-shows-document',
    clause: 'E1',
    title: 'a refusal shows the document that was refused, as PostgreSQL does in the detail of an error',
    plant: (backend) =>
      alter(backend, {
        write: async (door, group, at) => {
          const outcome = await door.write(group, at)
          const refused = outcome.ok || outcome.check ? undefined : group.operations[outcome.index]
          if (outcome.ok || refused?.type !== 'put') return outcome
          throw new StoreError(outcome.code, `failing row contains ${refused.document}`)
        },
      }),
  },
  {
    id: 'failure-passed-over',
    clause: 'E2',
    title: 'a failure of the driver has no code',
    plant: (backend) => overridden(backend, { errorCode: () => undefined as never }),
  },
]
