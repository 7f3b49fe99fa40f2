import { afterAll, describe, expect, it } from 'vitest'
import { measure } from '../src/contest.ts'
import { metricsContests } from '../src/metrics-contests.ts'
import { startServer, stopPostgres } from '../src/postgres-place.ts'

const LITTLE = { stored: 20, bulk: 20, depth: 40 }

describe('every contest of watching', () => {
  afterAll(stopPostgres)

  it.each(metricsContests(LITTLE))('$name runs on both sides', async (contest) => {
    await startServer(false)
    // A busy machine may leave one millisecond without a single operation.
    const { coffer, rival } = await measure(contest, { rounds: 3, milliseconds: 20 })
    expect(coffer).toBeGreaterThan(0)
    expect(rival).toBeGreaterThan(0)
  })
})
