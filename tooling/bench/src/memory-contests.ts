/** Coffer in memory against a `Map` that copies what goes in and out by `structuredClone`. */

import { createStore } from '@coffer/core'
import { bulk, callers, loop } from './arms.ts'
import type { Contest, Ready } from './contest.ts'
import { type Step, sessionOf, steps } from './step.ts'
import { FULL, PAGE, pageOf, records, storedStep } from './workload.ts'

const { stored: STORED, bulk: BULK } = FULL

function prepare(
  arms: (coffer: ReturnType<typeof open>['collection'], map: Map<string, Step>) => Omit<Ready, 'close'>,
) {
  return async (): Promise<Ready> => {
    const { collection, close } = open()
    await collection.putMany(records(0, STORED))
    const map = new Map(records(0, STORED).map((each) => [each.step_id, each]))
    return { ...arms(collection, map), close }
  }
}

function open() {
  const store = createStore({ type: 'memory' })
  return { collection: store.collection(steps), close: () => store.close() }
}

// Both sides go round in the records that are there: else the longer-lived side would only grow.
const again = (turn: number) => storedStep(turn, STORED)

export const memoryContests: readonly Contest[] = [
  ...[1, 64].flatMap((count): Contest[] => [
    {
      name: `memory.put.${count}:map`,
      unit: 'puts/s',
      prepare: prepare((coffer, map) => ({
        coffer: callers(count, (turn) => coffer.put(again(turn))),
        rival: loop((turn) => void map.set(again(turn).step_id, structuredClone(again(turn)))),
      })),
    },
    {
      name: `memory.get.${count}:map`,
      unit: 'gets/s',
      prepare: prepare((coffer, map) => ({
        coffer: callers(count, (turn) => coffer.get(again(turn).step_id)),
        rival: loop((turn) => void structuredClone(map.get(again(turn).step_id))),
      })),
    },
  ]),
  {
    name: 'memory.putMany:map',
    unit: 'records/s',
    prepare: prepare((coffer, map) => ({
      coffer: bulk(BULK, () => coffer.putMany(records(0, BULK))),
      rival: bulk(BULK, () => {
        for (const each of records(0, BULK)) map.set(each.step_id, structuredClone(each))
        return undefined
      }),
    })),
  },
  {
    name: 'memory.page100:map',
    unit: 'pages/s',
    prepare: prepare((coffer, map) => ({
      coffer: callers(1, (turn) => coffer.find(pageOf(sessionOf(turn % STORED)))),
      rival: loop((turn) => void pageOfMap(map, sessionOf(turn % STORED))),
    })),
  },
]

/** What a `Map` can do: look at every record. */
function pageOfMap(map: ReadonlyMap<string, Step>, session: string): Step[] {
  return [...map.values()]
    .filter((each) => each.session_id === session)
    .sort((left, right) => (left.at < right.at ? -1 : 1))
    .slice(0, PAGE)
    .map((each) => structuredClone(each))
}
