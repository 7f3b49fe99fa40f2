import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { agentCases, casesByMethod } from './suite/cases.ts'
import { README, withMethodTable } from './suite/method-table.ts'
import { allMethods } from './suite/methods.ts'

test('every method has a case', () => {
  const unproven = [...casesByMethod()].flatMap(([method, cases]) => (cases === 0 ? [method] : []))
  expect(unproven).toEqual([])
})

test('no case names a method that is not there', () => {
  const known = new Set(allMethods())
  expect(agentCases.flatMap(({ methods }) => methods).filter((method) => !known.has(method))).toEqual([])
})

test('ids of cases are unique', () => {
  expect(new Set(agentCases.map(({ id }) => id)).size).toBe(agentCases.length)
})

test('the README counts the cases of every method; `pnpm agent-methods` writes it anew', () => {
  const readme = readFileSync(README, 'utf8')
  expect(readme).toBe(withMethodTable(readme, casesByMethod()))
})
