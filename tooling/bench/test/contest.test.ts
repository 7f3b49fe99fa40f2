import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Contest, measure, type Ready } from '../src/contest.ts'

const contest = (ready: Omit<Ready, 'close'>): Contest => ({
  name: 'nothing:nothing',
  unit: 'calls/s',
  prepare: async () => ({ ...ready, close: async () => undefined }),
})

describe('a contest', () => {
  afterEach(() => vi.restoreAllMocks())

  it('lets the sides take turns, the first to run changing each round, after a turn of each to warm up', async () => {
    const turns: string[] = []
    const arm = (side: string) => async () => turns.push(side)
    const sides = contest({ coffer: arm('coffer'), rival: arm('rival') })
    await measure(sides, { rounds: 2, milliseconds: 1 })
    expect(turns).toEqual(['coffer', 'rival', 'coffer', 'rival', 'rival', 'coffer'])
  })

  it('lets a side run once unmeasured when what both run on was switched to it', async () => {
    const turns: string[] = []
    const arm = (side: string) => async () => turns.push(side)
    const sides = contest({
      coffer: arm('coffer'),
      rival: arm('rival'),
      switchTo: (side) => turns.push(`to ${side}`),
    })
    await measure(sides, { rounds: 1, milliseconds: 1 })
    const round = ['to coffer', 'coffer', 'coffer', 'to rival', 'rival', 'rival']
    expect(turns).toEqual([...round, ...round])
  })

  it('counts by the time that processors spent on the process, where that is asked for', async () => {
    let user = 0
    vi.spyOn(process, 'cpuUsage').mockImplementation(() => ({ user, system: user }))
    // Each call takes a millisecond of one processor, half of it in the system.
    const arm = async () => {
      user += 500
      return 1
    }
    const { coffer } = await measure(contest({ coffer: arm, rival: arm }), {
      rounds: 1,
      milliseconds: 1,
      clock: 'processor',
    })
    expect(coffer).toBe(1_000)
  })
})
