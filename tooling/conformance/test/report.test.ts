import { allClauses, type CaseResult } from '@coffer/conformance'
import { expect, it } from 'vitest'
import { harnessNames } from '../src/harnesses.ts'
import { isSound, printReport, statusOf } from '../src/report.ts'
import type { RunResult } from '../src/run-all.ts'

function result(clause: string, status: CaseResult['status']): CaseResult {
  return { id: `${clause}-${status}`, clause, title: 'a case', status, durationMs: 1 }
}

function run(results: readonly CaseResult[]): RunResult {
  const failed = results.filter(({ status }) => status === 'failed').length
  const counts = { passed: results.length - failed, failed, refused: 0 }
  const backends = harnessNames.map((name) => ({ name, seed: 1, results, durationMs: 1, ...counts }))
  return { seed: 1, backends, faults: undefined, differential: undefined, documents: undefined }
}

it('the table has a column for every backend and fits 80 columns', () => {
  const lines: string[] = []
  printReport(run([result('K1', 'passed')]), (line) => lines.push(line))
  const [head = '', ...rows] = lines
  expect(head).toMatch(/^clause +memory +file +sqlite +sqlite-memory +postgresql$/)
  expect(rows.find((each) => each.startsWith('K1 '))).toMatch(/( +ok){5}$/)
  expect(rows.find((each) => each.startsWith('K2 '))).toMatch(/( +-){5}$/)
  const table = lines.slice(0, 1 + Object.keys(allClauses).length)
  expect(new Set(table.map((line) => line.length))).toEqual(new Set([80]))
})

it('one failed case is a failed clause, and the run is not sound', () => {
  const results = [result('K1', 'passed'), result('K1', 'failed')]
  expect(statusOf(results, 'K1')).toBe('failed')
  expect(isSound(run(results))).toBe(false)
  expect(isSound(run([result('K1', 'passed')]))).toBe(true)
})
