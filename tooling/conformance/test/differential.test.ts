import { modelHarness, roundTrip, runDifferential } from '@coffer/conformance'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import { afterAll, expect, it } from 'vitest'
import { harnesses } from '../src/harnesses.ts'

const seed = 20_260_101
const all = Object.values(harnesses(async () => sharedServer()))

afterAll(async () => {
  for (const each of all) await each.end?.()
})

// A server that shares its cores with other tests makes its schemas slowly.
it('all backends answer generated programs as the model does', { timeout: 180_000 }, async () => {
  const { difference, programs } = await runDifferential(all, { seed, programs: 60 })
  expect(difference).toBeUndefined()
  expect(programs).toBe(60)
})

it('generated documents come back as they were, and every backend exports the same bytes', async () => {
  const { documents, digest } = await roundTrip([modelHarness, ...all], { seed, documents: 1_000 })
  expect(documents).toBe(1_000)
  expect(digest).toMatch(/^[0-9a-f]{64}$/)
})

it('a backend that answers otherwise is told with the smallest program that shows it', async () => {
  const forgetful = {
    ...modelHarness,
    name: 'forgetful',
    create: async () => {
      const place = await modelHarness.create()
      const backend = place.backend()
      return { ...place, backend: () => ({ ...backend, count: async () => 0 }) }
    },
  }
  const { difference } = await runDifferential([forgetful], { seed, programs: 200 })
  expect(difference).toContain('forgetful differs from the model')
  expect(difference).toContain('"method":"count"')
})
