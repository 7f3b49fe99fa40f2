import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { measure } from '../src/contest.ts'
import { openDrizzle } from '../src/drizzle-postgres.ts'
import { openKeyv, openLangGraph } from '../src/keyed-postgres.ts'
import { postgresCleanup, postgresContests } from '../src/postgres-contests.ts'
import { emptyDatabase, startServer, stopPostgres } from '../src/postgres-place.ts'
import { openRawClient, openRawPool } from '../src/raw-postgres.ts'
import { BULK_WAYS } from '../src/raw-postgres-bulk.ts'
import type { Rival } from '../src/rival.ts'
import { type Step, step } from '../src/step.ts'
import { records } from '../src/workload.ts'

const LITTLE = { stored: 20, bulk: 20, depth: 40 }
const EFFORT = { rounds: 1, milliseconds: 1 }

/** What is hard to carry: the separators and escapes of every way, and characters of several bytes. */
const hostile: Step = { ...step(7), kind: 'a\tb\\N', tool: `"{'\n\r\\.,}`, arguments: { 'é😀': '\\"' } }

/** By hand, more rows than one statement takes. */
const rivals: readonly (readonly [string, number, (url: string) => Promise<Rival>])[] = [
  ...BULK_WAYS.map((way) => [way, 1_100, (url: string) => openRawClient(url, way)] as const),
  ['pool', 20, openRawPool],
  ['keyv', 20, openKeyv],
  ['drizzle', 20, openDrizzle],
  ['langgraph', 20, openLangGraph],
]

beforeAll(async () => {
  await startServer(false)
})
afterAll(stopPostgres)

describe('every contest on PostgreSQL', () => {
  it.each(postgresContests(LITTLE))('$name runs on both sides', async (contest) => {
    const { coffer, rival } = await measure(contest, EFFORT)
    expect(coffer).toBeGreaterThan(0)
    expect(rival).toBeGreaterThan(0)
  })

  it('a cleanup removes what is not renewed, and its load is measured before and while it runs', async () => {
    const { alone, during, removed } = await postgresCleanup(500).run(EFFORT)
    expect(alone).toBeGreaterThan(0)
    expect(during).toBeGreaterThan(0)
    expect(removed).toBeGreaterThan(0)
  })
})

describe('a rival gives back what was stored', () => {
  it.each(rivals)('%s', async (_name, count, open) => {
    await using database = await emptyDatabase()
    const rival = await open(database.url)
    try {
      await rival.put(hostile)
      expect(await rival.get(hostile.step_id)).toEqual(hostile)
      await rival.putMany(records(0, count))
      await rival.putMany([...records(0, 7), hostile])
      expect(await rival.get(hostile.step_id)).toEqual(hostile)
      expect(await rival.get(step(count - 1).step_id)).toEqual(step(count - 1))
      expect(await rival.get('nowhere')).toBeUndefined()
    } finally {
      await rival.close()
    }
  })
})
