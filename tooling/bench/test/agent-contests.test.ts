import { afterAll, describe, expect, it } from 'vitest'
import { agentContests } from '../src/agent-contests.ts'
import { verifyTrial } from '../src/audit-verify-trial.ts'
import { measure } from '../src/contest.ts'
import { startServer, stopPostgres } from '../src/postgres-place.ts'

const EFFORT = { rounds: 1, milliseconds: 1 }

describe('every contest of the agent stores', () => {
  afterAll(stopPostgres)

  it.each(agentContests)('$name runs on both sides', async (contest) => {
    await startServer(false)
    const { coffer, rival } = await measure(contest, EFFORT)
    expect(coffer).toBeGreaterThan(0)
    expect(rival).toBeGreaterThan(0)
  })
})

it('the trial of verifying tells what it took', async () => {
  const { ratio, elapsed, verifyPeak, entries } = await verifyTrial(200).run(EFFORT)
  expect(entries).toBe(200)
  expect(elapsed).toBeGreaterThan(0)
  expect(verifyPeak).toBeGreaterThan(0)
  expect(ratio).toBeLessThan(2)
})
