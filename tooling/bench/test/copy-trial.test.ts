import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copyTrial } from '../src/copy-trial.ts'
import { startServer, stopPostgres } from '../src/postgres-place.ts'

const COUNT = 20_000

beforeAll(async () => {
  await startServer(false)
})
afterAll(stopPostgres)

describe('the trial of copying', () => {
  it('copies what is put beside it, goes on after a kill, and tells what that took', async () => {
    const standing = await copyTrial(COUNT).run({ rounds: 1, milliseconds: 1 })
    const { name, copy, copyUnverified, putMany, putManyAtOnce, ratio, records, peak, passedOver } = standing
    expect({ name, records }).toEqual({ name: 'sqlite-to-postgres.copy', records: COUNT })
    expect(copy).toBeGreaterThan(0)
    expect(copyUnverified).toBeGreaterThan(copy)
    expect(putMany.callers).toBe(1)
    expect(putManyAtOnce.callers).toBe(4)
    expect(ratio).toBeCloseTo(copy / Math.max(putMany.rate, putManyAtOnce.rate))
    expect(peak).toBeGreaterThan(50_000_000)
    expect(passedOver).toBeGreaterThanOrEqual(COUNT / 2)
    expect(passedOver).toBeLessThan(COUNT)
  })
})
