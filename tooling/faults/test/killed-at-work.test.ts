/** When processes are killed: inside the time that their work takes, whatever the machine. */

import { expect, test } from 'vitest'
import { killedAtWork } from '../src/killed-at-work.ts'
import { randomFrom } from '../src/random.ts'

/** Plays a trial of work that takes so long, about which something else was believed. @returns the moments drawn */
async function momentsOf(believedMs: number, takesMs: number, seed = 1): Promise<readonly number[]> {
  const moments: number[] = []
  await killedAtWork(randomFrom(seed), believedMs, async (moment) => {
    const afterMs = moment()
    moments.push(afterMs)
    return afterMs < takesMs ? 'killed' : 'done'
  })
  return moments
}

test('a process that is killed at work is killed once', async () => {
  expect(await momentsOf(100, 1_000)).toHaveLength(1)
})

test('moments lie in the whole time of the work, and a little behind it', async () => {
  const moments = await Promise.all(
    Array.from({ length: 500 }, (_each, seed) => momentsOf(100, Number.POSITIVE_INFINITY, seed)),
  )
  const drawn = moments.flat()
  expect(Math.min(...drawn)).toBeLessThan(5)
  expect(Math.max(...drawn)).toBeGreaterThan(100)
  expect(Math.max(...drawn)).toBeLessThan(110)
})

test.each([1, 3, 50])(
  'work that is done in %i of 10,000 ms is killed at an earlier moment',
  async (takesMs) => {
    for (let seed = 0; seed < 50; seed++) {
      const moments = await momentsOf(10_000, takesMs, seed)
      expect(moments.at(-1)).toBeLessThan(takesMs)
      expect(moments).toEqual(moments.toSorted((left, right) => right - left))
    }
  },
)

test('of several moments in one trial the earliest bounds those of the next', async () => {
  const trials: number[][] = []
  await killedAtWork(randomFrom(7), 1_000, async (moment) => {
    trials.push([moment(), moment(), moment()])
    return trials.length < 4 ? 'done' : 'killed'
  })
  for (const [index, moments] of trials.slice(1).entries())
    expect(Math.max(...moments)).toBeLessThanOrEqual(Math.min(...(trials[index] as number[])))
})

test('work that is done even when it is killed at once is told as such', async () => {
  await expect(momentsOf(100, 0)).rejects.toThrow('the work was done before its process could be killed')
})

test('a process that fails is not played again', async () => {
  let trials = 0
  await killedAtWork(randomFrom(1), 100, async (moment) => {
    moment()
    trials++
    return 'failed'
  })
  expect(trials).toBe(1)
})
