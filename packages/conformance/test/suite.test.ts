import { readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Case, Harness, Place } from '../src/index.ts'
import { allCases, modelHarness, runConformance } from '../src/index.ts'

const folder = new URL('../src/cases/', import.meta.url)

it('every case of every file is in the suite', async () => {
  const inSuite = new Set(allCases.map((each) => each.id))
  for (const file of readdirSync(folder)) {
    const exported: object = await import(new URL(file, folder).href)
    for (const [name, value] of Object.entries(exported)) {
      if (!name.endsWith('Cases') || !Array.isArray(value)) continue
      expect(value.filter((each: Case) => !inSuite.has(each.id)).map((each: Case) => each.id)).toEqual([])
    }
  }
})

it('an id begins with its clause', () => {
  expect(allCases.filter((each) => !each.id.startsWith(`${each.clause}-`))).toEqual([])
})

const passing: Case = { id: 'K1-x', clause: 'K1', title: 'passes', run: async () => undefined }

it('a run tells passed, failed and refused cases apart, and leaves out those about what is lacking', async () => {
  const cases: Case[] = [
    passing,
    { ...passing, id: 'K1-y', run: async () => Promise.reject(new Error('no')) },
    { ...passing, id: 'K1-z', requires: ['persistent'] },
    { ...passing, id: 'K1-w', without: ['savepoints'] },
  ]
  const { passed, failed, refused, results } = await runConformance(modelHarness, { cases })
  expect({ passed, failed, refused }).toEqual({ passed: 1, failed: 1, refused: 1 })
  expect(results.map((each) => each.reason)).toEqual([undefined, undefined, 'not declared: persistent'])
})

it('a case that never ends has failed', async () => {
  const cases = [{ ...passing, run: () => new Promise<void>(() => undefined) }]
  const { failed } = await runConformance(modelHarness, { cases, timeLimitMs: 20 })
  expect(failed).toBe(1)
})

it('a harness whose places share their data is found out', async () => {
  const shared = await modelHarness.create()
  const backend = shared.backend()
  const leaky: Harness = { ...modelHarness, create: async () => ({ ...shared, backend: () => backend }) }
  const cases = allCases.filter((each) => each.id === 'S1-own-places')
  expect((await runConformance(leaky, { cases })).failed).toBe(1)
})

it('a backend without contents passes by refusing what needs them, and one that hides some does not', async () => {
  const cases = allCases.filter((each) => each.clause.startsWith('O'))
  const undeclared = (hides: boolean): Harness => {
    const capabilities = { ...modelHarness.capabilities, contents: false }
    const create = async () => {
      const place = await modelHarness.create()
      const backend = () => ({ ...place.backend(), capabilities, ...(!hides && { contents: undefined }) })
      return { ...place, backend } as Place
    }
    return { ...modelHarness, capabilities, create }
  }
  const { passed, failed, refused } = await runConformance(undeclared(false), { cases })
  expect({ failed, total: passed + refused }).toEqual({ failed: 0, total: cases.length })
  expect(refused).toBeGreaterThan(80)
  expect((await runConformance(undeclared(true), { cases })).failed).toBe(1)
})
