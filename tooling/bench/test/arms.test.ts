import { expect, it } from 'vitest'
import { bulk, callers, loop } from '../src/arms.ts'

it.each([
  ['each of several callers', callers(3, async () => undefined), 3],
  ['a loop', loop(() => undefined), 1],
  ['a call of many operations', bulk(20, async () => undefined), 20],
])('%s works once though there is no time at all', async (_name, arm, expected) => {
  expect(await arm(0)).toBe(expected)
})
