/** The rivals that keep a value by its key in a directory: LMDB and LevelDB, each durable. */

import { ClassicLevel } from 'classic-level'
import { open } from 'lmdb'
import type { Step } from './step.ts'

/** Another store of steps, opened. What is awaited of it survives a power cut. */
export interface KeyedRival {
  put(step: Step): Promise<unknown>
  putMany(steps: readonly Step[]): Promise<unknown>
  /** Answers at once, on the thread of the caller: the fastest way of both. */
  getSync(id: string): Step | undefined
  close(): Promise<void>
}

/** LMDB, with pages of a session's steps. */
export interface Lmdb extends KeyedRival {
  /** As `putMany`, and keeps the order that `page` needs. */
  putManyInOrder(steps: readonly Step[]): Promise<unknown>
  /** The first steps of a session, by time. */
  page(session: string, limit: number): Step[]
}

/** LevelDB, with its gets that leave the thread of the caller free. */
export interface Level extends KeyedRival {
  get(id: string): Promise<Step | undefined>
}

/**
 * Opens LMDB by lmdb-js. By itself it syncs after it has told of a commit, and what is durable is another
 * promise, `flushed`. With `overlappingSync` off a commit ends with the sync, so that the promise of `put` and
 * of `batch` is the durable one: data pages, `fdatasync`, and the new root by `O_DSYNC`, all before the answer.
 * That is also a little faster here than waiting for `flushed`. Puts of callers at once share a commit.
 */
export function openLmdb(path: string): Lmdb {
  const root = open({ path, overlappingSync: false })
  const byId = root.openDB<Step, string>({ name: 'steps', encoding: 'json' })
  const inOrder = root.openDB<true, string[]>({ name: 'by_session_and_time', encoding: 'json' })
  const put = (step: Step) => byId.put(step.step_id, step)
  const getSync = (id: string) => byId.get(id)
  return {
    put,
    putMany: (steps) => root.batch(() => steps.forEach(put)),
    putManyInOrder: (steps) =>
      root.batch(() => {
        for (const step of steps) {
          put(step)
          inOrder.put([step.session_id, step.at, step.step_id], true)
        }
      }),
    getSync,
    page: (session, limit) =>
      Array.from(inOrder.getKeys({ start: [session], end: [session, LAST], limit }), ([, , id]) =>
        id === undefined ? undefined : getSync(id),
      ).filter((step) => step !== undefined),
    close: () => root.close(),
  }
}

/** After every time. */
const LAST = '\uffff'

/**
 * Opens LevelDB by classic-level, every write with `sync`, which is an `fdatasync` of its log. Writes of callers
 * at once share one where they meet: at most as many as libuv has threads, which are four.
 */
export async function openLevel(path: string): Promise<Level> {
  const level = new ClassicLevel<string, Step>(path, { keyEncoding: 'utf8', valueEncoding: 'json' })
  await level.open()
  return {
    put: (step) => level.put(step.step_id, step, DURABLE),
    putMany: (steps) =>
      level.batch(
        steps.map((step) => ({ type: 'put', key: step.step_id, value: step })),
        DURABLE,
      ),
    getSync: (id) => level.getSync(id),
    get: (id) => level.get(id),
    close: () => level.close(),
  }
}

const DURABLE = { sync: true }
