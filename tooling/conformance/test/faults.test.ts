import { allClauses, allFaults, clausesOfCore, runFaults } from '@coffer/conformance'
import { expect, it } from 'vitest'
import { lastingMemory } from '../src/lasting-memory.ts'

it('every planted fault is noticed by a case', { timeout: 300_000 }, async () => {
  const { planted, caught, survivors } = await runFaults(lastingMemory, allFaults)
  expect(survivors).toEqual([])
  expect(caught).toBe(planted)
  expect(planted).toBeGreaterThanOrEqual(400)
})

it('fault ids are unique', () => {
  expect(new Set(allFaults.map((fault) => fault.id)).size).toBe(allFaults.length)
})

it('every clause has a planted fault, or is told why no backend can break it', () => {
  const planted = new Set(allFaults.map((fault) => fault.clause))
  const untold = Object.keys(allClauses).filter(
    (clause) => !planted.has(clause) && !(clause in clausesOfCore),
  )
  const told = Object.keys(clausesOfCore).filter((clause) => planted.has(clause) || !(clause in allClauses))
  expect({ untold, told }).toEqual({ untold: [], told: [] })
})
