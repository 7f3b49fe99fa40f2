import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StoreError } from '../src/errors.ts'
import { keysOf } from '../src/group-keys.ts'
import { type Batch, numberOf, range, writeQueue } from './controlled-writes.ts'
import { readyWork } from './fake-backend.ts'

/** The keys of the groups, in the order in which they are added: of few keys, or of so many that batches are split. */
const groups = fc.constantFrom(3, 8, 60).chain((keys) =>
  fc.array(fc.uniqueArray(fc.integer({ min: 1, max: keys }).map(String), { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 160,
    size: 'max',
  }),
)

/** What happens next: a batch in flight returns, whole or to be halved, or some groups are added. */
const steps = fc.array(
  fc.record({
    returns: fc.boolean(),
    which: fc.nat(9),
    fails: fc.boolean(),
    adds: fc.integer({ min: 1, max: 40 }),
    rests: fc.boolean(),
  }),
  { minLength: 60, maxLength: 60 },
)

/** A queue on its way through a plan, and what has been done by key. */
function run(lanes: number, keys: readonly string[][]) {
  const { add, inFlight, queue } = writeQueue(lanes)
  const answers: Promise<unknown>[] = []
  const done = new Map<string, number[]>()
  return {
    inFlight,
    done,
    addMore: (count: number) => {
      for (const ids of keys.slice(answers.length, answers.length + count))
        answers.push(add(answers.length, ...ids))
    },
    land: (batch: Batch, error?: StoreError) => {
      const operations =
        error === undefined
          ? batch.groups.flatMap((group) =>
              group.operations.map(({ id }) => ({ id, number: numberOf(group) })),
            )
          : []
      for (const { id, number } of operations) done.set(id, [...(done.get(id) ?? []), number])
      return batch.land(error)
    },
    checkFlights: () => {
      expect(inFlight.length).toBeLessThanOrEqual(lanes)
      const taken = inFlight.flatMap((batch) => [...new Set(batch.groups.flatMap(keysOf))])
      expect(new Set(taken).size).toBe(taken.length)
    },
    end: async () => {
      await Promise.all(answers)
      queue.close()
    },
  }
}

test('whatever the order in which batches return, no two in flight share a key, each key keeps its order, and all is done once', async () => {
  await fc.assert(
    fc.asyncProperty(groups, steps, fc.integer({ min: 2, max: 4 }), async (keys, plan, lanes) => {
      const { inFlight, done, addMore, land, checkFlights, end } = run(lanes, keys)
      for (const { returns, which, fails, adds, rests } of plan) {
        const batch = inFlight[which % Math.max(1, inFlight.length)]
        if (returns && batch !== undefined) {
          const isHalved = fails && batch.groups.length > 1
          await land(batch, isHalved ? new StoreError('INTERNAL', 'planted') : undefined)
        } else {
          addMore(adds)
          if (rests) await readyWork()
        }
        checkFlights()
      }
      addMore(keys.length)
      await readyWork()
      for (let [batch] = inFlight; batch !== undefined; [batch] = inFlight) {
        checkFlights()
        await land(batch)
      }
      await end()
      for (const id of new Set(keys.flat())) {
        expect(done.get(id)).toEqual(range(keys.length).filter((number) => keys[number]?.includes(id)))
      }
    }),
    { numRuns: 300 },
  )
})
