/** Coffer on SQLite against better-sqlite3 by hand, and against Keyv, all durable (`synchronous=FULL`). */

import { createStore } from '@coffer/core'
import KeyvSqlite from '@keyv/sqlite'
import Keyv from 'keyv'
import { bulk, callers, loop } from './arms.ts'
import type { Arm, Contest } from './contest.ts'
import { temporaryFolder } from './places.ts'
import { openRawSqlite, type RawSqlite } from './raw-sqlite.ts'
import { type Step, sessionOf, step, steps } from './step.ts'
import { deepAndFirstPage, FULL, PAGE, pageOf, records, storedStep } from './workload.ts'

const { stored: STORED, bulk: BULK } = FULL

type Side<T> = { readonly subject: T; close(): Promise<void> | void }

function openCoffer(path: string) {
  const store = createStore({ type: 'sqlite', path })
  return { subject: store.collection(steps), close: () => store.close() }
}

function openRaw(path: string): Side<RawSqlite> {
  const raw = openRawSqlite(path)
  return { subject: raw, close: () => raw.close() }
}

async function openKeyv(path: string): Promise<Side<Keyv<Step>>> {
  const adapter = new KeyvSqlite({ uri: `sqlite://${path}`, wal: true, driver: 'better-sqlite3' })
  // Its own setting in WAL mode does not survive a power cut. It takes a leading PRAGMA for a question.
  await adapter.query('/* durable */ PRAGMA synchronous = FULL')
  const keyv = new Keyv<Step>({ store: adapter })
  return { subject: keyv, close: () => keyv.disconnect() }
}

type CofferSide = ReturnType<typeof openCoffer>['subject']

/** A contest between Coffer and another side, each on a database of its own in one folder. */
function contest<T>(
  name: string,
  unit: string,
  openRival: (path: string) => Promise<Side<T>> | Side<T>,
  arms: (coffer: CofferSide, rival: T) => Promise<{ coffer: Arm; rival: Arm }>,
): Contest {
  return {
    name: `sqlite.${name}`,
    unit,
    prepare: async () => {
      const folder = temporaryFolder()
      const coffer = openCoffer(folder.file('coffer.db'))
      const rival = await openRival(folder.file('rival.db'))
      const close = async () => {
        await coffer.close()
        await rival.close()
        folder.remove()
      }
      return { ...(await arms(coffer.subject, rival.subject)), close }
    },
  }
}

const stored = (turn: number) => storedStep(turn, STORED).step_id

const againstRaw: readonly Contest[] = [
  contest('put.1:better-sqlite3', 'puts/s', openRaw, async (coffer, raw) => ({
    coffer: callers(1, (turn) => coffer.put(step(turn))),
    rival: loop((turn) => raw.put(step(turn))),
  })),
  contest('put.64:better-sqlite3', 'puts/s', openRaw, async (coffer, raw) => ({
    coffer: callers(64, (turn) => coffer.put(step(turn))),
    rival: loop((turn) => raw.put(step(turn))),
  })),
  contest('putMany:better-sqlite3', 'records/s', openRaw, async (coffer, raw) => ({
    coffer: bulk(BULK, (turn) => coffer.putMany(records(turn * BULK, BULK))),
    rival: bulk(BULK, (turn) => {
      raw.putAll(records(turn * BULK, BULK))
      return undefined
    }),
  })),
  ...[1, 64].map((count) =>
    contest(`get.${count}:better-sqlite3`, 'gets/s', openRaw, async (coffer, raw) => {
      await coffer.putMany(records(0, STORED))
      raw.putAll(records(0, STORED))
      return {
        coffer: callers(count, (turn) => coffer.get(stored(turn))),
        rival: loop((turn) => raw.get(stored(turn))),
      }
    }),
  ),
  contest('page100:better-sqlite3', 'pages/s', openRaw, async (coffer, raw) => {
    await coffer.putMany(records(0, STORED))
    raw.putAll(records(0, STORED))
    return {
      coffer: callers(1, (turn) => coffer.find(pageOf(sessionOf(turn % STORED)))),
      rival: loop((turn) => raw.page(sessionOf(turn % STORED), undefined, PAGE)),
    }
  }),
]

const againstItself: readonly Contest[] = [
  {
    name: 'sqlite.get.64:get.1',
    unit: 'gets/s',
    prepare: async () => {
      const folder = temporaryFolder()
      const { subject, close } = openCoffer(folder.file('coffer.db'))
      await subject.putMany(records(0, STORED))
      return {
        coffer: callers(64, (turn) => subject.get(stored(turn))),
        rival: callers(1, (turn) => subject.get(stored(turn))),
        close: async () => {
          await close()
          folder.remove()
        },
      }
    },
  },
  {
    name: 'sqlite.pageDeep:first-page',
    unit: 'pages/s',
    prepare: async () => {
      const folder = temporaryFolder()
      const { subject, close } = openCoffer(folder.file('coffer.db'))
      const { deep, first } = await deepAndFirstPage(subject, FULL)
      return {
        coffer: deep,
        rival: first,
        close: async () => {
          await close()
          folder.remove()
        },
      }
    },
  },
]

const againstKeyv: readonly Contest[] = [
  ...[1, 64].map((count) =>
    contest(`put.${count}:keyv`, 'puts/s', openKeyv, async (coffer, keyv) => ({
      coffer: callers(count, (turn) => coffer.put(step(turn))),
      rival: callers(count, (turn) => keyv.set(step(turn).step_id, step(turn))),
    })),
  ),
  contest('putMany:keyv', 'records/s', openKeyv, async (coffer, keyv) => ({
    coffer: bulk(1_000, (turn) => coffer.putMany(records(turn * 1_000, 1_000))),
    rival: bulk(1_000, (turn) =>
      keyv.setMany(records(turn * 1_000, 1_000).map((each) => ({ key: each.step_id, value: each }))),
    ),
  })),
  ...[1, 64].map((count) =>
    contest(`get.${count}:keyv`, 'gets/s', openKeyv, async (coffer, keyv) => {
      await coffer.putMany(records(0, STORED))
      for (let from = 0; from < STORED; from += 1_000) {
        await keyv.setMany(records(from, 1_000).map((each) => ({ key: each.step_id, value: each })))
      }
      return {
        coffer: callers(count, (turn) => coffer.get(stored(turn))),
        rival: callers(count, (turn) => keyv.get(stored(turn))),
      }
    }),
  ),
]

export const sqliteContests: readonly Contest[] = [...againstRaw, ...againstItself, ...againstKeyv]
