import { afterEach, describe, expect, test, vi } from 'vitest'
import { StoreError } from '../src/errors.ts'
import { historyLayout } from '../src/history.ts'
import { KeyedQueue } from '../src/keyed-queue.ts'
import type { Group, Outcome } from '../src/operation.ts'
import { ReadQueue, type ReadQueueOptions } from '../src/read-queue.ts'
import { WriteQueue } from '../src/write-queue.ts'
import { gate, readyWork } from './fake-backend.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const layout = historyLayout('things', 1)
const groupOf = (id: string): Group => ({
  operations: [{ type: 'restore', layout, tenant: 't', id }],
  checks: [],
})
const idsOf = (groups: readonly Group[]) => groups.flatMap((group) => group.operations.map(({ id }) => id))
/** The outcome of a group tells its id by its version. */
const outcomesOf = (groups: readonly Group[]): Outcome[] =>
  idsOf(groups).map((id) => ({ ok: true, applied: [{ version: Number(id), existed: true }] }))

function writeQueue(options: { send?: (ids: string[]) => void | Promise<void>; maxQueued?: number } = {}) {
  const batches: string[][] = []
  const queue = new WriteQueue({
    clock: { now: () => 5 },
    timeoutMs: 1_000,
    maxQueued: options.maxQueued ?? 100,
    lanes: () => 1,
    expectsMore: () => true,
    overdue: () => undefined,
    send: async (groups) => {
      batches.push(idsOf(groups))
      await options.send?.(idsOf(groups))
      return outcomesOf(groups)
    },
  })
  const add = (id: string | number, signal?: AbortSignal) => queue.add(groupOf(String(id)), signal)
  return { queue, batches, add }
}

const codesOf = async (answers: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(answers)).map((each) =>
    each.status === 'fulfilled' ? 'ok' : (each.reason as StoreError).code,
  )

describe('writes', () => {
  test('that come together leave together, in their order, and are answered each for itself', async () => {
    const { batches, add, queue } = writeQueue()
    const outcomes = await Promise.all([add(1), add(2), add(3)])
    expect(batches).toEqual([['1', '2', '3']])
    expect(outcomes.map((outcome) => outcome.ok && outcome.applied[0]?.version)).toEqual([1, 2, 3])
    queue.close()
  })

  test('that come while a batch is on its way wait for it, and then leave together', async () => {
    const way = gate()
    const { batches, add, queue } = writeQueue({ send: (ids) => (ids[0] === '1' ? way.opened : undefined) })
    const first = add(1)
    await readyWork()
    const others = [add(2), add(3)]
    await readyWork()
    expect(batches).toEqual([['1']])
    way.open()
    await Promise.all([first, ...others])
    expect(batches).toEqual([['1'], ['2', '3']])
    queue.close()
  })

  test('that come one after the other need no timer', async () => {
    const timers = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'setInterval')]
    const { batches, add } = writeQueue()
    await add(1)
    await add(2)
    expect(batches).toEqual([['1'], ['2']])
    for (const timer of timers) expect(timer).not.toHaveBeenCalled()
  })

  test('of one batch survive a group that the engine can’t take', async () => {
    const poison = new StoreError('INVALID_ARGUMENT', 'poison')
    const { batches, add, queue } = writeQueue({
      send: (ids) => {
        if (ids.includes('4')) throw poison
      },
    })
    const codes = await codesOf([1, 2, 3, 4, 5].map((id) => add(id)))
    expect(codes).toEqual(['ok', 'ok', 'ok', 'INVALID_ARGUMENT', 'ok'])
    expect(batches.at(0)).toHaveLength(5)
    // What was written, was written once and in order.
    expect(batches.filter((ids) => !ids.includes('4')).flat()).toEqual(['1', '2', '3', '5'])
    queue.close()
  })

  test.each(['BUSY', 'UNAVAILABLE', 'TIMEOUT', 'OUTCOME_UNKNOWN', 'READ_ONLY', 'CORRUPT'] as const)(
    'of one batch share its failure with %s, and are not sent again',
    async (code) => {
      const { batches, add, queue } = writeQueue({
        send: () => {
          throw new StoreError(code, '')
        },
      })
      expect(await codesOf([add(1), add(2)])).toEqual([code, code])
      expect(batches).toHaveLength(1)
      queue.close()
    },
  )

  test('go on after a failure that is no error of a store', async () => {
    let fails = true
    const { add, queue } = writeQueue({
      send: () => {
        if (fails) throw new TypeError('odd')
      },
    })
    await expect(Promise.all([add(1), add(2)])).rejects.toThrow('odd')
    fails = false
    await expect(add(3)).resolves.toMatchObject({ ok: true })
    queue.close()
  })

  test('that are aborted while they wait are not sent', async () => {
    const controller = new AbortController()
    const { batches, add, queue } = writeQueue()
    const answers = [add(1), add(2, controller.signal), add(3)]
    controller.abort()
    expect(await codesOf(answers)).toEqual(['ok', 'ABORTED', 'ok'])
    expect(batches).toEqual([['1', '3']])
    queue.close()
  })

  test('that are all aborted send nothing, and hold up nobody', async () => {
    const controller = new AbortController()
    const { batches, add } = writeQueue()
    const answer = add(1, controller.signal)
    controller.abort()
    expect(await codesOf([answer])).toEqual(['ABORTED'])
    await add(2)
    expect(batches).toEqual([['2']])
  })

  test('that wait too long fail, while the batch on its way goes on', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
    const way = gate()
    const { batches, add } = writeQueue({ send: () => way.opened })
    const first = add(1)
    await readyWork()
    const late = codesOf([add(2)])
    vi.advanceTimersByTime(750)
    const patient = add(3)
    vi.advanceTimersByTime(500)
    expect(await late).toEqual(['TIMEOUT'])
    way.open()
    await Promise.all([first, patient])
    expect(batches).toEqual([['1'], ['3']])
    vi.advanceTimersByTime(500)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('beyond the most that may wait are refused', async () => {
    const { add, queue } = writeQueue({ maxQueued: 2 })
    const answers = [add(1), add(2)]
    expect(() => add(3)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
    expect(await codesOf(answers)).toEqual(['ok', 'ok'])
    await expect(add(4)).resolves.toMatchObject({ ok: true })
    queue.close()
  })

  test('are cut into batches, but a large group goes as a whole', async () => {
    const { batches, queue } = writeQueue()
    const large = (operations: number): Group => ({
      operations: Array.from(
        { length: operations },
        () => groupOf('1').operations[0] as Group['operations'][number],
      ),
      checks: [],
    })
    await Promise.all([11_000, 6_000, 4_000, 1].map((size) => queue.add(large(size), undefined)))
    expect(batches.map((ids) => ids.length)).toEqual([11_000, 10_000, 1])
    queue.close()
  })
})

describe('reads', () => {
  const keysOf = (...ids: string[]) => ids.map((id) => ({ tenant: 't', id }))
  const rowOf = ({ id }: { id: string }) => ({ id }) as never

  const readQueue = (send: ReadQueueOptions['send'], { maxQueued = 10, lanes = 1 } = {}) =>
    new ReadQueue({ send, maxQueued, lanes: () => lanes })

  test('that come together are one, and each gets its own rows', async () => {
    const calls: string[][] = []
    const queue = readQueue(async (_layout, keys) => {
      calls.push(keys.map(({ id }) => id))
      return keys.map(rowOf)
    })
    const answers = await Promise.all([queue.read(layout, keysOf('a')), queue.read(layout, keysOf('b', 'a'))])
    expect(calls).toEqual([['a', 'b', 'a']])
    expect(answers).toEqual([[{ id: 'a' }], [{ id: 'b' }, { id: 'a' }]])
  })

  test('fail together, and the next ones are asked again', async () => {
    let fails = true
    const queue = readQueue(async (_layout, keys) => {
      if (fails) throw new StoreError('UNAVAILABLE', '')
      return keys.map(rowOf)
    })
    const answers = [queue.read(layout, keysOf('a')), queue.read(layout, keysOf('b'))]
    expect(await codesOf(answers)).toEqual(['UNAVAILABLE', 'UNAVAILABLE'])
    fails = false
    expect(await queue.read(layout, keysOf('a'))).toEqual([{ id: 'a' }])
  })

  test('of different layouts do not wait for each other', async () => {
    const way = gate()
    const other = historyLayout('others', 1)
    const queue = readQueue(async (asked, keys) => {
      if (asked === layout) await way.opened
      return keys.map(rowOf)
    })
    const slow = queue.read(layout, keysOf('a'))
    expect(await queue.read(other, keysOf('b'))).toEqual([{ id: 'b' }])
    way.open()
    await slow
  })

  test('beyond the most that may wait are refused', async () => {
    const queue = readQueue(async (_layout, keys) => keys.map(rowOf), { maxQueued: 1 })
    const first = queue.read(layout, keysOf('a'))
    expect(() => queue.read(layout, keysOf('b'))).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
    await first
    await expect(queue.read(layout, keysOf('c'))).resolves.toHaveLength(1)
  })
})

describe('turns', () => {
  test('on one key follow one another, also behind a failure; those on others do not wait', async () => {
    const queue = new KeyedQueue()
    const order: string[] = []
    const way = gate()
    const work = (name: string, wait?: Promise<void>) => async () => {
      order.push(`${name} begins`)
      await wait
      order.push(`${name} ends`)
      if (name === 'first') throw new Error('first')
    }
    const first = queue.run('a', work('first', way.opened))
    const second = queue.run('a', work('second'))
    await queue.run('b', work('other'))
    expect(order).toEqual(['first begins', 'other begins', 'other ends'])
    way.open()
    await expect(first).rejects.toThrow('first')
    await second
    expect(order.slice(3)).toEqual(['first ends', 'second begins', 'second ends'])
  })

  test('within one another on the same key are refused instead of waiting for ever', async () => {
    const queue = new KeyedQueue()
    const nested = queue.run('a', () => queue.run('a', async () => 1))
    await expect(nested).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(queue.run('a', async () => 2)).resolves.toBe(2)
  })

  test('within one another on crossed keys do not wait for each other', async () => {
    const queue = new KeyedQueue()
    const cross = (mine: string, other: string) =>
      queue.run(mine, async () => {
        await readyWork()
        return queue.run(other, async () => other)
      })
    expect(await Promise.all([cross('a', 'b'), cross('b', 'a')])).toEqual(['b', 'a'])
  })

  test('asked for by what a turn left running are turns like any other', async () => {
    const queue = new KeyedQueue()
    const later = gate()
    let left: Promise<number> | undefined
    await queue.run('a', async () => {
      left = later.opened.then(() => queue.run('a', async () => 3))
    })
    later.open()
    await expect(left).resolves.toBe(3)
  })
})
