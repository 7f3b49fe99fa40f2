import { type BaseStore, createStore } from '@coffer/core'
import { memory } from '@coffer/memory'
import { describe, expect, it } from 'vitest'
import { compare, look } from '../src/crash-model-comparison.ts'
import { Ledger, NO_RECEIPT } from '../src/crash-model-ledger.ts'
import type { Place } from '../src/crash-model-records.ts'
import { Trace } from '../src/crash-model-trace.ts'
import { chooseUnits, type Unit } from '../src/crash-model-units.ts'
import { randomFrom } from '../src/random.ts'

const START = { certain: new Ledger(), now: Date.UTC(2026, 0, 1), form: 1 } as const

/** A write that takes so many changes of a disk. */
function slowWrite(place: Place, begin: () => void, answer: 'acknowledge' | 'fail' = 'acknowledge'): Unit {
  return {
    label: `put ${place}`,
    effect: { places: new Map([[place, { content: { author: 'ada', text: 'x' } }]]), told: [] },
    run: async () => {
      begin()
      if (answer === 'fail') throw new Error('it failed')
      return { ...NO_RECEIPT, versions: new Map([[place, 1]]) }
    },
  }
}

/** A trace along a disk whose changes the test counts up itself. The store is never asked. */
function tracing() {
  let position = 0
  const trace = new Trace(() => position, START)
  const advance = () => {
    position += 10
  }
  const store: BaseStore = createStore({ backend: memory() })
  return { trace, advance, perform: (units: readonly Unit[]) => trace.perform(store, units) }
}

describe('the trace of a workload', () => {
  it('expects of a sound store what it shows, whatever is written', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const random = randomFrom(seed)
      const trace = new Trace(() => 0, START)
      await using store = createStore({ backend: memory(), clock: { now: () => trace.now } })
      for (let step = 0; step < 40; step++) {
        if (random.percent(20)) trace.change({ now: trace.now + 40_000 })
        const failed = await trace.perform(store, chooseUnits(random, trace.ledger, trace.now))
        expect(failed).toEqual([])
        expect(compare(await look(store, 1), trace.expectationAt(0))).toEqual([])
      }
      expect(trace.flaws).toEqual([])
    }
  })

  it('holds a write for open from its call to its answer, and for certain from then on', async () => {
    const { trace, advance, perform } = tracing()
    await perform([slowWrite('notes/a', advance)])
    const expected = [0, 9, 10].map((position) => {
      const { certain, open } = trace.expectationAt(position)
      return [certain.held.size, open.length]
    })
    expect(expected).toEqual([
      [0, 1],
      [0, 1],
      [1, 0],
    ])
  })

  it('holds a write that failed for open until it is settled', async () => {
    const { trace, advance, perform } = tracing()
    await perform([slowWrite('notes/a', advance, 'fail')])
    advance()
    expect(trace.expectationAt(20).open).toHaveLength(1)
    trace.settle(() => ({ ...NO_RECEIPT, versions: new Map([['notes/a', 1]]) }))
    expect(trace.expectationAt(19).open).toHaveLength(1)
    expect(trace.expectationAt(20)).toMatchObject({ open: [] })
    expect(trace.expectationAt(20).certain.held.get('notes/a')?.version).toBe(1)
  })

  it('tells a version that a place has had before', async () => {
    const { trace, advance, perform } = tracing()
    await perform([slowWrite('notes/a', advance)])
    await perform([slowWrite('notes/a', advance)])
    expect(trace.flaws).toEqual(['put notes/a: version 1 follows on 1'])
  })

  it('goes back in time as far as everything was last durable', async () => {
    const { trace, advance, perform } = tracing()
    await perform([slowWrite('notes/a', advance)])
    trace.change({ isDurable: true })
    await perform([slowWrite('notes/b', advance)])
    await perform([slowWrite('notes/c', advance)])
    const earlier = trace.earlierAt(30).map(({ certain }) => [...certain.held.keys()].join())
    expect([...new Set(earlier)]).toEqual(['notes/a,notes/b,notes/c', 'notes/a,notes/b', 'notes/a'])
  })
})
