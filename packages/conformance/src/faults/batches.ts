/** Faults in batches: groups of one call that are not independent of one another. */

import { type Backend, type Outcome, StoreError } from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { alter, type Seams } from './seams.ts'

/** How a batch with several groups goes wrong. */
function batchFault(id: string, clause: string, title: string, batch: Seams['batch']): Fault {
  return { id, clause, title, plant: (backend) => alter(backend, { ...(batch && { batch }) }) }
}

export const batchFaults: readonly Fault[] = [
  {
    id: 'reads-share-an-answer',
    clause: 'B5',
    title: 'of reads at once all get the answer of the first',
    plant: (backend) => {
      let first: ReturnType<Backend['read']> | undefined
      return alter(backend, {
        read: async (door, layout, keys) => {
          const own = door.read(layout, keys)
          first ??= own
          const answer = await first
          first = undefined
          return keys.map((_key, position) => answer[position])
        },
      })
    },
  },
  batchFault(
    'batch-refused-as-one',
    'B3',
    'one refused group refuses all groups behind it',
    async (next, groups, at) => {
      const outcomes: Outcome[] = []
      for (const group of groups) {
        const refused = outcomes.find((outcome) => !outcome.ok)
        outcomes.push(refused ?? ((await next([group], at))[0] as Outcome))
      }
      return outcomes
    },
  ),
  batchFault(
    'batch-outcomes-reversed',
    'B1',
    'outcomes come in the reverse order',
    async (next, groups, at) => [...(await next(groups, at))].reverse(),
  ),
  batchFault(
    'batch-reversed',
    'B4',
    'groups of one batch are applied in the reverse order',
    async (next, groups, at) => [...(await next([...groups].reverse(), at))].reverse(),
  ),
  batchFault(
    'batch-last-group-lost',
    'B1',
    'the last group of a batch is acknowledged and not done',
    async (next, groups, at) => {
      if (groups.length < 2) return next(groups, at)
      const outcomes = await next(groups.slice(0, -1), at)
      return [...outcomes, outcomes.at(-1) as Outcome]
    },
  ),
  batchFault(
    'batch-refused-group-throws',
    'B3',
    'a refused group fails the whole batch',
    async (next, groups, at) => {
      const outcomes = await next(groups, at)
      if (groups.length > 1 && outcomes.some((outcome) => !outcome.ok)) throw new StoreError('BUSY', 'busy')
      return outcomes
    },
  ),
  batchFault(
    'batch-merged-into-one-group',
    'B1',
    'groups of one batch are one group',
    async (next, groups, at) => {
      if (groups.length < 2) return next(groups, at)
      const [outcome] = await next(
        [
          {
            operations: groups.flatMap((each) => each.operations),
            checks: groups.flatMap((each) => each.checks),
          },
        ],
        at,
      )
      if (outcome === undefined || !outcome.ok) return groups.map(() => outcome as Outcome)
      let taken = 0
      return groups.map(({ operations }) => {
        const applied = outcome.applied.slice(taken, taken + operations.length)
        taken += operations.length
        return { ok: true, applied }
      })
    },
  ),
]
