import { allCases } from '@coffer/conformance'
import { expect, it } from 'vitest'
import { runSuite } from '../src/run-suite.ts'

it('every case is told once, in the order of the suite, also where there is no server', async () => {
  let told = 0
  const onResult = () => {
    told++
  }
  const report = await runSuite('postgresql', { seed: 1, server: undefined, onResult })
  expect(report.results.map(({ id }) => id)).toEqual(allCases.map(({ id }) => id))
  expect(report).toMatchObject({ passed: 0, failed: allCases.length, refused: 0 })
  expect(told).toBe(allCases.length)
  for (const { error } of report.results) expect(error).toContain('this run has no PostgreSQL')
})
