import { describe, expect, test, vi } from 'vitest'
import { StoreError } from '../src/errors.ts'
import { keysOf } from '../src/group-keys.ts'
import type { Group } from '../src/operation.ts'
import { groupOf, layout, other, range, writeQueue } from './controlled-writes.ts'
import { readyWork } from './fake-backend.ts'

describe('writes over several lanes', () => {
  test('leave while another batch is in flight, up to the number of lanes', async () => {
    const { add, land, numbersInFlight, queue } = writeQueue(2)
    const first = add(1, 'a')
    await readyWork()
    const others = [add(2, 'b'), add(3, 'c')]
    await readyWork()
    expect(numbersInFlight()).toEqual([[1], [2, 3]])
    const last = add(4, 'd')
    await readyWork()
    expect(numbersInFlight()).toEqual([[1], [2, 3]])
    await land(2)
    expect(numbersInFlight()).toEqual([[1], [4]])
    await Promise.all([...others, land(1), land(4), first, last])
    queue.close()
  })

  test('of one lane wait for the batch in flight, whatever their keys', async () => {
    const { add, land, numbersInFlight, queue } = writeQueue(1)
    const answers = [add(1, 'a')]
    await readyWork()
    for (const number of range(40)) answers.push(add(number + 2, `b${number}`))
    await readyWork()
    expect(numbersInFlight()).toEqual([[1]])
    await land(1)
    expect(numbersInFlight()).toEqual([range(40).map((number) => number + 2)])
    await land(2)
    await Promise.all(answers)
    queue.close()
  })

  test('that come together share the lanes evenly, but few of them one batch', async () => {
    const { add, land, numbersInFlight, queue } = writeQueue(2)
    const few = range(16).map((number) => add(number, `a${number}`))
    await readyWork()
    expect(numbersInFlight()).toHaveLength(1)
    await land(0)
    await Promise.all(few)
    const many = range(64).map((number) => add(number, `a${number}`))
    await readyWork()
    expect(numbersInFlight().map((numbers) => numbers.length)).toEqual([32, 32])
    await Promise.all([land(0), land(32), ...many])
    queue.close()
  })

  test('of callers in a circle come to share the lanes, however they began', async () => {
    const { add, inFlight, sent, queue } = writeQueue(2)
    let goesOn = true
    const caller = async (number: number): Promise<void> => {
      while (goesOn) await add(number, `a${number}`)
    }
    const callers = [caller(0)]
    await readyWork()
    for (const number of range(63)) callers.push(caller(number + 1))
    await readyWork()
    for (const _ of range(6)) await inFlight[0]?.land()
    expect(sent.slice(-2).map((numbers) => numbers.length)).toEqual([32, 32])
    goesOn = false
    while (inFlight.length > 0) await inFlight[0]?.land()
    await Promise.all(callers)
    queue.close()
  })

  test('of one key follow one another, and those of other keys do not wait for them', async () => {
    const { add, land, numbersInFlight, queue } = writeQueue(2)
    const answers = [add(1, 'a')]
    await readyWork()
    answers.push(add(2, 'a'), add(3, 'b'), add(4, 'a'))
    await readyWork()
    expect(numbersInFlight()).toEqual([[1], [3]])
    await land(1)
    expect(numbersInFlight()).toEqual([[3], [2, 4]])
    await Promise.all([land(2), land(3), ...answers])
    queue.close()
  })

  test('stay behind a group that was held back, through any number of groups', async () => {
    const { add, land, numbersInFlight, queue } = writeQueue(3)
    const answers = [add(1, 'a')]
    await readyWork()
    answers.push(add(2, 'a', 'b'), add(3, 'b', 'c'), add(4, 'd'))
    await readyWork()
    expect(numbersInFlight()).toEqual([[1], [4]])
    // Also those that come later, when the chain has been looked at already.
    answers.push(add(5, 'c', 'e'), add(6, 'e'), add(7, 'f'))
    await readyWork()
    expect(numbersInFlight()).toEqual([[1], [4], [7]])
    await land(4)
    expect(numbersInFlight()).toEqual([[1], [7]])
    await land(1)
    expect(numbersInFlight()).toEqual([[7], [2, 3, 5, 6]])
    await Promise.all([land(7), land(2), ...answers])
    queue.close()
  })

  test('of one hot key leave as one batch, however many lanes are free', async () => {
    const { add, land, numbersInFlight, queue } = writeQueue(4)
    const answers = range(64).map((number) => add(number, 'hot'))
    await readyWork()
    expect(numbersInFlight()).toEqual([range(64)])
    await Promise.all([land(0), ...answers])
    queue.close()
  })

  test('that check a reference keep their order with writes of the record that it names', async () => {
    const { queue, land, inFlight } = writeQueue(2)
    const remove: Group = {
      operations: [
        {
          type: 'delete',
          layout: other,
          tenant: 't',
          id: 'author',
          condition: { type: 'none' },
          mode: 'hard',
        },
      ],
      checks: [{ type: 'unreferenced', layout, target: other, tenant: 't', field: 0, value: 'author' }],
    }
    const refer: Group = {
      ...groupOf(1, 'note'),
      checks: [{ type: 'live', layout: other, tenant: 't', id: 'author' }],
    }
    expect(keysOf(refer).filter((key) => keysOf(remove).includes(key))).toHaveLength(1)
    const answers = [queue.add(refer, undefined)]
    await readyWork()
    answers.push(queue.add(remove, undefined))
    await readyWork()
    expect(inFlight.map(({ groups }) => groups)).toEqual([[refer]])
    await land(1)
    expect(inFlight.map(({ groups }) => groups)).toEqual([[remove]])
    await Promise.all([land(-1), ...answers])
    queue.close()
  })

  test('tell apart tenants and collections with the same key', () => {
    const [operation] = groupOf(1, 'a').operations
    if (operation === undefined) throw new Error('no operation')
    const groups: Group[] = [
      { operations: [operation], checks: [] },
      { operations: [{ ...operation, tenant: 'u' }], checks: [] },
      { operations: [{ ...operation, layout: other }], checks: [] },
    ]
    expect(new Set(groups.flatMap(keysOf)).size).toBe(3)
  })

  test('that fail are halved in their lane, one half after the other, while others go on', async () => {
    const { add, land, numbersInFlight, queue } = writeQueue(2)
    const failing = Promise.allSettled([add(1, 'a'), add(2, 'b')])
    await readyWork()
    const answers = [add(3, 'c')]
    await readyWork()
    await land(1, new StoreError('INTERNAL', 'planted'))
    expect(numbersInFlight()).toEqual([[3], [1]])
    // The key of the half that has yet to go is still taken, and so is the lane.
    answers.push(add(4, 'b'), add(5, 'd'))
    await land(1)
    expect(numbersInFlight()).toEqual([[3], [2]])
    await land(3)
    expect(numbersInFlight()).toEqual([[2], [5]])
    await land(2, new StoreError('INTERNAL', 'planted'))
    expect(numbersInFlight()).toEqual([[5], [4]])
    await Promise.all([land(4), land(5), ...answers])
    expect((await failing).map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    queue.close()
  })

  test('that are held back too long fail, and are counted among those that wait', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
    try {
      const { add, land, sent } = writeQueue(2, { maxQueued: 2 })
      const first = add(1, 'a')
      await readyWork()
      const late = Promise.allSettled([add(2, 'a'), add(3, 'a')])
      await readyWork()
      expect(() => add(4, 'b')).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
      vi.advanceTimersByTime(1_250)
      expect(await late).toMatchObject([{ reason: { code: 'TIMEOUT' } }, { reason: { code: 'TIMEOUT' } }])
      await Promise.all([land(1), first])
      expect(sent).toEqual([[1]])
      vi.advanceTimersByTime(500)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('that are aborted while they are held back are not sent', async () => {
    const { add, land, sent, queue } = writeQueue(2)
    const controller = new AbortController()
    const first = add(1, 'a')
    await readyWork()
    const aborted = queue.add(groupOf(2, 'a'), controller.signal)
    const refused = expect(aborted).rejects.toMatchObject({ code: 'ABORTED' })
    await readyWork()
    controller.abort()
    await Promise.all([land(1), first])
    await refused
    await Promise.all([add(3, 'a'), readyWork().then(() => land(3))])
    expect(sent).toEqual([[1], [3]])
    queue.close()
  })

  test('that come alone leave in the microtask, and look at no key', async () => {
    const lookedAt = vi.fn()
    const { queue, land, numbersInFlight } = writeQueue(2, { expectsMore: (present) => present < 1 })
    const group = groupOf(1, 'a')
    const [operation] = group.operations
    if (operation === undefined) throw new Error('no operation')
    const watched = {
      ...operation,
      get id() {
        lookedAt()
        return 'a'
      },
    }
    const answer = queue.add({ ...group, operations: [watched] }, undefined)
    await Promise.resolve()
    expect(numbersInFlight()).toEqual([[1]])
    await Promise.all([land(1), answer])
    expect(lookedAt).not.toHaveBeenCalled()
    queue.close()
  })

  test('count those in flight among the callers who are not expected', async () => {
    const asked: number[] = []
    const { add, land, queue } = writeQueue(2, {
      expectsMore: (present) => {
        asked.push(present)
        return false
      },
    })
    const answers = [add(1, 'a'), add(2, 'b')]
    await readyWork()
    answers.push(add(3, 'a'), add(4, 'c'))
    await readyWork()
    expect(asked).toEqual([2, 4])
    await land(1)
    expect(asked).toEqual([2, 4, 2])
    await Promise.all([land(4), land(3), ...answers])
    queue.close()
  })
})
