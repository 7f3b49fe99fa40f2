import { describe, expect, test } from 'vitest'
import { ReadQueue } from '../src/read-queue.ts'
import { layout, range } from './controlled-writes.ts'
import { readyWork } from './fake-backend.ts'

describe('reads over several lanes', () => {
  const readQueue = (lanes: number) => {
    const inFlight: { ids: string[]; land: () => Promise<void> }[] = []
    const queue = new ReadQueue({
      maxQueued: 1_000,
      lanes: () => lanes,
      send: (_layout, keys) => {
        const { promise, resolve } = Promise.withResolvers<undefined[]>()
        const flight = {
          ids: keys.map(({ id }) => id),
          land: () => {
            inFlight.splice(inFlight.indexOf(flight), 1)
            resolve(keys.map(() => undefined))
            return readyWork()
          },
        }
        inFlight.push(flight)
        return promise
      },
    })
    const read = (...ids: string[]) =>
      queue.read(
        layout,
        ids.map((id) => ({ tenant: 't', id })),
      )
    return { read, inFlight, idsInFlight: () => inFlight.map(({ ids }) => ids) }
  }

  test('leave while others are in flight, up to the number of lanes', async () => {
    const { read, inFlight, idsInFlight } = readQueue(2)
    const answers: Promise<unknown>[] = []
    for (const id of ['a', 'a', 'b', 'c']) {
      answers.push(read(id))
      await readyWork()
    }
    expect(idsInFlight()).toEqual([['a'], ['a']])
    await inFlight[1]?.land()
    expect(idsInFlight()).toEqual([['a'], ['b', 'c']])
    while (inFlight.length > 0) await inFlight[0]?.land()
    await Promise.all(answers)
  })

  test('of one lane wait for the one in flight', async () => {
    const { read, inFlight, idsInFlight } = readQueue(1)
    const answers = [read('a')]
    await readyWork()
    for (const n of range(40)) answers.push(read(`b${n}`))
    await readyWork()
    expect(idsInFlight()).toEqual([['a']])
    await inFlight[0]?.land()
    expect(idsInFlight().map((ids) => ids.length)).toEqual([40])
    await inFlight[0]?.land()
    await Promise.all(answers)
  })

  test('that come together share the lanes evenly', async () => {
    const { read, inFlight, idsInFlight } = readQueue(2)
    const answers = range(63).map((n) => read(`a${n}`, `b${n}`, `c${n}`))
    await readyWork()
    expect(idsInFlight().map((ids) => ids.length)).toEqual([96, 93])
    while (inFlight.length > 0) await inFlight[0]?.land()
    expect(await Promise.all(answers)).toEqual(range(63).map(() => [undefined, undefined, undefined]))
  })
})
