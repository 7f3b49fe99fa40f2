import { expect, test } from 'vitest'
import { answeredPage, gathered } from '../src/gathered.ts'

async function* counted(count: number): AsyncGenerator<number> {
  for (let each = 1; each <= count; each++) yield each
}

const answer = (count: number, limit?: number) =>
  gathered(counted(count), limit, 'steps', 'steps; read them with iterateSteps')

test('an answer is whole up to 100,000 records, or up to its limit', async () => {
  expect(await answer(100_000)).toHaveLength(100_000)
  expect(await answer(5, 2)).toEqual([1, 2])
})

test('a longer answer is refused with advice, unless a limit cuts it', async () => {
  const refusal = { code: 'LIMIT_EXCEEDED', collection: 'steps', message: /read them with iterateSteps/ }
  await expect(answer(100_001)).rejects.toMatchObject({
    ...refusal,
    message: expect.stringMatching(refusal.message),
  })
  expect(await answer(100_001, 100_000)).toHaveLength(100_000)
})

test('a page is of 1,000 records, or of fewer where fewer are asked for', () => {
  expect([answeredPage(undefined, 'steps'), answeredPage(7, 'steps'), answeredPage(5_000, 'steps')]).toEqual([
    1_000, 7, 1_000,
  ])
  for (const bad of [0, 1.5, 100_001]) expect(() => answeredPage(bad, 'steps')).toThrow(/'limit'/)
})
