/** Coffer on PostgreSQL against `pg` by hand, Keyv, Drizzle and LangGraph's store, on one durable server. */

import type { TestDatabase } from '@coffer-tooling/postgres'
import { bulk, callers } from './arms.ts'
import { type CleanupTrial, cleanupTrial } from './cleanup-trial.ts'
import type { Arm, Contest } from './contest.ts'
import { openDrizzle } from './drizzle-postgres.ts'
import { openKeyv, openLangGraph } from './keyed-postgres.ts'
import { emptyDatabase, openCoffer, settle } from './postgres-place.ts'
import { openRawClient, openRawPool } from './raw-postgres.ts'
import { BULK_WAYS } from './raw-postgres-bulk.ts'
import type { Rival } from './rival.ts'
import { type Steps, sessionOf, step } from './step.ts'
import { deepAndFirstPage, PAGE, pageOf, records, storedStep, type Workload } from './workload.ts'

/** Callers that are measured: one that waits for every answer, and many at once. */
const CALLERS = [1, 64]

/** The most records that every rival can store by one statement or one call. */
const MODEST_BULK = 1_000

type Open<T extends Rival> = (url: string) => Promise<T>
type Arms = { coffer: Arm; rival: Arm }

/** The contests of the rates. */
export function postgresContests(workload: Workload): readonly Contest[] {
  return [
    ...againstRaw(workload),
    pageDeep(workload),
    ...againstStore('keyv', openKeyv, workload),
    ...againstStore('drizzle', openDrizzle, workload),
    ...againstStore('langgraph', openLangGraph, workload),
  ]
}

/** What a cleanup does to those who read and write meanwhile. */
export function postgresCleanup(expired: number): CleanupTrial {
  return cleanupTrial('postgres.cleanup', expired, async (clock) => {
    const database = await emptyDatabase()
    const { store, collection, close } = openCoffer(database, { clock })
    return {
      collection,
      cleanUp: () => store.cleanupExpired(),
      settle: () => settle(database),
      close: async () => {
        await close()
        await database.drop()
      },
    }
  })
}

function againstRaw(workload: Workload): readonly Contest[] {
  // A lone caller needs no pool, which would only cost.
  const opens = new Map<number, Open<Rival>>([
    [1, openRawClient],
    [64, openRawPool],
  ])
  const { bulk: size, stored } = workload
  return [
    ...[...opens].map(([count, open]) => puts(count, 'pg', open)),
    ...BULK_WAYS.map((way) => putMany(way, (url) => openRawClient(url, way), size)),
    ...[...opens].map(([count, open]) => gets(count, 'pg', open, workload)),
    contest('page100:pg', 'pages/s', openRawClient, workload, (coffer, raw) => ({
      coffer: callers(1, (turn) => coffer.find(pageOf(sessionOf(turn % stored)))),
      rival: callers(1, (turn) => raw.page(sessionOf(turn % stored), PAGE)),
    })),
  ]
}

function againstStore(rival: string, open: Open<Rival>, workload: Workload): readonly Contest[] {
  return [
    ...CALLERS.map((count) => puts(count, rival, open)),
    putMany(rival, open, Math.min(workload.bulk, MODEST_BULK)),
    ...CALLERS.map((count) => gets(count, rival, open, workload)),
  ]
}

function puts(count: number, rival: string, open: Open<Rival>): Contest {
  return contest(`put.${count}:${rival}`, 'puts/s', open, undefined, (coffer, other) => ({
    coffer: callers(count, (turn) => coffer.put(step(turn))),
    rival: callers(count, (turn) => other.put(step(turn))),
  }))
}

function gets(count: number, rival: string, open: Open<Rival>, workload: Workload): Contest {
  const id = (turn: number) => storedStep(turn, workload.stored).step_id
  return contest(`get.${count}:${rival}`, 'gets/s', open, workload, (coffer, other) => ({
    coffer: callers(count, (turn) => coffer.get(id(turn))),
    rival: callers(count, (turn) => other.get(id(turn))),
  }))
}

function putMany(rival: string, open: Open<Rival>, size: number): Contest {
  return contest(`putMany:${rival}`, 'records/s', open, undefined, (coffer, other) => ({
    coffer: bulk(size, (turn) => coffer.putMany(records(turn * size, size))),
    rival: bulk(size, (turn) => other.putMany(records(turn * size, size))),
  }))
}

/**
 * A contest between Coffer and another side, each on a database of its own of one server.
 *
 * @param filled how much both hold from the beginning; nothing without it
 */
function contest<T extends Rival>(
  name: string,
  unit: string,
  open: Open<T>,
  filled: Workload | undefined,
  arms: (coffer: Steps, rival: T) => Arms,
): Contest {
  return {
    name: `postgres.${name}`,
    unit,
    prepare: async () => {
      const databases = [await emptyDatabase(), await emptyDatabase()] as const
      const [ours, theirs] = databases
      const coffer = openCoffer(ours)
      const rival = await open(theirs.url)
      if (filled !== undefined) await fill(databases, [coffer.collection, rival], filled)
      return {
        ...arms(coffer.collection, rival),
        close: async () => {
          await coffer.close()
          await rival.close()
          for (const each of databases) await each.drop()
        },
      }
    },
  }
}

async function fill(
  databases: readonly TestDatabase[],
  sides: readonly [Steps, Rival],
  { stored }: Workload,
): Promise<void> {
  const [coffer, rival] = sides
  for (let from = 0; from < stored; from += MODEST_BULK) {
    const some = records(from, Math.min(MODEST_BULK, stored - from))
    await coffer.putMany(some)
    await rival.putMany(some)
  }
  for (const each of databases) await settle(each)
}

function pageDeep(workload: Workload): Contest {
  return {
    name: 'postgres.pageDeep:first-page',
    unit: 'pages/s',
    prepare: async () => {
      const database = await emptyDatabase()
      const { collection, close } = openCoffer(database)
      const { deep, first } = await deepAndFirstPage(collection, workload)
      await settle(database)
      return {
        coffer: deep,
        rival: first,
        close: async () => {
          await close()
          await database.drop()
        },
      }
    },
  }
}
