/**
 * Coffer in a directory against a file of lines by hand, LMDB and LevelDB, all durable and on one disk.
 *
 * Keyv is not among them: its adapters for files write the file anew without a sync, and none can be made to.
 */

import { createStore } from '@coffer/core'
import { bulk, callers, loop } from './arms.ts'
import type { Arm, Contest } from './contest.ts'
import { openLines, openLinesBeside } from './file-lines.ts'
import { type KeyedRival, type Lmdb, openLevel, openLmdb } from './file-rivals.ts'
import { temporaryFolder } from './places.ts'
import { type Steps, sessionOf, step, steps } from './step.ts'
import { PAGE, pageOf, records, storedStep, type Workload } from './workload.ts'

/** Callers that are measured: one that waits for every answer, and many at once. */
const CALLERS = [1, 64]

type Closable = { close(): Promise<void> | void }
type Open<T extends Closable> = (path: string) => Promise<T> | T
type Arms = { coffer: Arm; rival: Arm }

/** The contests of the rates. */
export function fileContests(workload: Workload): readonly Contest[] {
  return [
    ...againstLines(workload),
    ...againstKeyed('lmdb', openLmdb, workload),
    page100(workload),
    ...againstKeyed('classic-level', openLevel, workload),
    ...getsBeside(workload),
  ]
}

function againstLines({ bulk: size }: Workload): readonly Contest[] {
  return CALLERS.flatMap((count) => [
    contest(`put.${count}:fdatasync`, 'puts/s', openLines, async (coffer, lines) => ({
      coffer: callers(count, (turn) => coffer.put(step(turn))),
      rival: loop((turn) => lines.put(step(turn))),
    })),
    contest(`put.${count}:fdatasync-async`, 'puts/s', openLinesBeside, async (coffer, lines) => ({
      coffer: callers(count, (turn) => coffer.put(step(turn))),
      rival: callers(count, (turn) => lines.put(step(turn))),
    })),
  ]).concat(
    contest('putMany:jsonl', 'records/s', openLines, async (coffer, lines) => ({
      coffer: bulk(size, (turn) => coffer.putMany(records(turn * size, size))),
      rival: bulk(size, (turn) => {
        lines.putMany(records(turn * size, size))
        return undefined
      }),
    })),
  )
}

function againstKeyed(rival: string, open: Open<KeyedRival>, workload: Workload): readonly Contest[] {
  const { bulk: size, stored } = workload
  const again = (turn: number) => storedStep(turn, stored)
  return [
    ...CALLERS.map((count) =>
      contest(`put.${count}:${rival}`, 'puts/s', open, async (coffer, other) => ({
        coffer: callers(count, (turn) => coffer.put(step(turn))),
        rival: callers(count, (turn) => other.put(step(turn))),
      })),
    ),
    // Over what is there: the log of Coffer is written anew while it is measured, and the rivals' files too.
    contest(`update.64:${rival}`, 'puts/s', open, async (coffer, other) => {
      await fill(coffer, (some) => other.putMany(some), workload)
      return {
        coffer: callers(64, (turn) => coffer.put(again(turn))),
        rival: callers(64, (turn) => other.put(again(turn))),
      }
    }),
    contest(`putMany:${rival}`, 'records/s', open, async (coffer, other) => ({
      coffer: bulk(size, (turn) => coffer.putMany(records(turn * size, size))),
      rival: bulk(size, (turn) => other.putMany(records(turn * size, size))),
    })),
    ...CALLERS.map((count) =>
      contest(`get.${count}:${rival}`, 'gets/s', open, async (coffer, other) => {
        await fill(coffer, (some) => other.putMany(some), workload)
        return {
          coffer: callers(count, (turn) => coffer.get(again(turn).step_id)),
          rival: loop((turn) => other.getSync(again(turn).step_id)),
        }
      }),
    ),
  ]
}

/** LevelDB as it is read by those who must not be held up. */
function getsBeside(workload: Workload): readonly Contest[] {
  const id = (turn: number) => storedStep(turn, workload.stored).step_id
  return CALLERS.map((count) =>
    contest(`get.${count}:classic-level-async`, 'gets/s', openLevel, async (coffer, level) => {
      await fill(coffer, (some) => level.putMany(some), workload)
      return {
        coffer: callers(count, (turn) => coffer.get(id(turn))),
        rival: callers(count, (turn) => level.get(id(turn))),
      }
    }),
  )
}

function page100(workload: Workload): Contest {
  const session = (turn: number) => sessionOf(turn % workload.stored)
  return contest<Lmdb>('page100:lmdb', 'pages/s', openLmdb, async (coffer, lmdb) => {
    await fill(coffer, (some) => lmdb.putManyInOrder(some), workload)
    return {
      coffer: callers(1, (turn) => coffer.find(pageOf(session(turn)))),
      rival: loop((turn) => lmdb.page(session(turn), PAGE)),
    }
  })
}

async function fill(
  coffer: Steps,
  putMany: (some: ReturnType<typeof records>) => Promise<unknown>,
  { stored, bulk: size }: Workload,
): Promise<void> {
  for (let from = 0; from < stored; from += size) {
    const some = records(from, Math.min(size, stored - from))
    await coffer.putMany(some)
    await putMany(some)
  }
}

/** A contest between Coffer and another side, each with a place of its own in one folder. */
function contest<T extends Closable>(
  name: string,
  unit: string,
  open: Open<T>,
  arms: (coffer: Steps, rival: T) => Promise<Arms>,
): Contest {
  return {
    name: `file.${name}`,
    unit,
    prepare: async () => {
      const folder = temporaryFolder()
      const store = createStore({ type: 'file', basePath: folder.file('coffer') })
      const rival = await open(folder.file('rival'))
      const close = async () => {
        await store.close()
        await rival.close()
        folder.remove()
      }
      return { ...(await arms(store.collection(steps), rival)), close }
    },
  }
}
