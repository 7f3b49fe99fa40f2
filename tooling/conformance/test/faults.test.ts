import { allFaults, runFaults } from '@coffer/conformance'
import { expect, it } from 'vitest'
import { lastingMemory } from '../src/lasting-memory.ts'

it('every planted fault is noticed by a case', { timeout: 300_000 }, async () => {
  const { planted, caught, survivors } = await runFaults(lastingMemory, allFaults)
  expect(survivors).toEqual([])
  expect(caught).toBe(planted)
  expect(planted).toBeGreaterThanOrEqual(300)
})

it('fault ids are unique', () => {
  expect(new Set(allFaults.map((fault) => fault.id)).size).toBe(allFaults.length)
})
