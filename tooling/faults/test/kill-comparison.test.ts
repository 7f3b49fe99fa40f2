/** What the kill rig takes for a broken promise: every kind is planted once. */

import { expect, test } from 'vitest'
import { compare } from '../src/kill-comparison.ts'
import { entriesKey, entryName, KillModel, thingChanges } from '../src/kill-model.ts'
import type { Observation } from '../src/kill-observation.ts'
import { type ThingRecord, textOf } from '../src/kill-records.ts'
import { CALLER_COUNT, ownerOf, type Step } from '../src/kill-steps.ts'

const SEED = 11
const STEPS = 60

/** A place where every caller has done some steps. */
function workedModel(): KillModel {
  const model = new KillModel(SEED)
  for (let number = 1; number <= STEPS; number++) {
    for (let caller = 0; caller < CALLER_COUNT; caller++) model.advance(caller, number)
  }
  return model
}

interface Stored extends Observation {
  readonly things: Map<string, ThingRecord>
  readonly balances: Map<string, number>
  readonly entries: Map<string, string[]>
  readonly problems: string[]
}

function record(id: string, value: number): ThingRecord {
  return { id, owner: ownerOf(Number(id.split('-')[1])), value, text: textOf(id, value), form: 1 }
}

/** What a store shows that has kept every promise. */
function storedBy(model: KillModel): Stored {
  return {
    things: new Map([...model.things].map(([id, { value }]) => [id, record(id, value)])),
    balances: new Map(model.balances),
    entries: new Map([...model.entries].map(([key, entries]) => [key, [...entries]])),
    problems: [],
  }
}

type StepType = Step['type']

/** The first caller whose next step is of the type. */
function callerOf(model: KillModel, type: StepType): number {
  const caller = model.done.findIndex((_, each) => model.next(each).step.type === type)
  if (caller < 0) throw new Error(`nobody's next step is ${type}`)
  return caller
}

/** What a store shows that has also done the next step of a caller. */
function storedWithNext(caller: number): Stored {
  const model = workedModel()
  model.advance(caller, STEPS + 1)
  return storedBy(model)
}

/** A record whose last write was acknowledged, and not in flight again, and that must be there. */
function settledId(model: KillModel, prefix: string): string {
  const inFlight = new Set(
    model.done.flatMap((_, caller) => {
      const { step, number } = model.next(caller)
      return thingChanges(step, number).map(([id]) => id)
    }),
  )
  const found = [...model.things].find(
    ([id, { lasts }]) => lasts && id.startsWith(prefix) && !inFlight.has(id),
  )
  if (found === undefined) throw new Error(`no ${prefix} is settled`)
  return found[0]
}

test('a store that has all of what was acknowledged, and nothing else, is right', () => {
  const model = workedModel()
  expect(compare(model, storedBy(model))).toEqual([])
})

const TYPES: readonly StepType[] = ['put', 'insert', 'putMany', 'transfer', 'append']

test.each(TYPES)('a %s in flight may be there, and is then known to be', (type) => {
  const model = workedModel()
  const caller = callerOf(model, type)
  const stored = storedWithNext(caller)
  expect(compare(model, stored)).toEqual([])
  expect(model.done[caller]).toBe(STEPS + 1)
})

test('a delete in flight may be there', () => {
  const model = new KillModel(SEED)
  const caller = callerOf(model, 'insert')
  for (let number = 1; model.next(caller).step.type === 'insert'; number++) model.advance(caller, number)
  const stored = storedBy(model)
  expect(model.next(caller).step.type).toBe('delete')
  for (const [id] of thingChanges(model.next(caller).step, 0)) stored.things.delete(id)
  expect(compare(model, stored)).toEqual([])
  expect(compare(model, storedBy(model))).toEqual([])
})

test('a call that was refused may not be there', () => {
  const model = workedModel()
  const caller = callerOf(model, 'put')
  const violations = compare(model, storedWithNext(caller), new Map([[caller, 'NO_SPACE']]))
  expect(violations.join()).toContain('was refused with NO_SPACE, and is there')
})

test('an acknowledged write that is gone', () => {
  const model = workedModel()
  const stored = storedBy(model)
  const id = settledId(model, 'insert-')
  stored.things.delete(id)
  expect(compare(model, stored)).toEqual([
    `${id} has nothing, where value ${model.things.get(id)?.value} was acknowledged`,
  ])
})

test('an older value in place of the acknowledged one', () => {
  const model = workedModel()
  const stored = storedBy(model)
  const id = settledId(model, 'put-')
  stored.things.set(id, record(id, 0))
  expect(compare(model, stored)).toHaveLength(1)
})

test('a record made of two', () => {
  const model = workedModel()
  const stored = storedBy(model)
  const id = settledId(model, 'put-')
  const value = model.things.get(id)?.value ?? 0
  stored.things.set(id, { ...record(id, value), text: textOf(id, value - 1) })
  expect(compare(model, stored).join()).toContain('a text that is not its own')
})

test('a deleted record that is back', () => {
  const model = workedModel()
  const stored = storedBy(model)
  const caller = callerOf(model, 'insert')
  const id = `insert-${caller}-1`
  expect(model.things.has(id)).toBe(false)
  stored.things.set(id, record(id, 1))
  expect(compare(model, stored)).toEqual([`${id} has value 1, where its end was acknowledged`])
})

test('a bulk write of which half is there', () => {
  const model = workedModel()
  const caller = callerOf(model, 'putMany')
  const stored = storedBy(model)
  const [change] = thingChanges(model.next(caller).step, STEPS + 1)
  if (change === undefined) throw new Error('it writes nothing')
  stored.things.set(change[0], record(change[0], STEPS + 1))
  const violations = compare(model, stored)
  expect(violations).toHaveLength(1)
  expect(violations[0]).toContain('is neither done nor not done')
})

test('a transaction of which only the receipt is there', () => {
  const model = workedModel()
  const caller = callerOf(model, 'transfer')
  const stored = { ...storedWithNext(caller), balances: new Map(model.balances) }
  const violations = compare(model, stored)
  expect(violations).toHaveLength(2)
  expect(violations[0]).toContain('where the transfers that are there make')
})

test('a transaction of which only the balances are there', () => {
  const model = workedModel()
  const caller = callerOf(model, 'transfer')
  const stored = { ...storedBy(model), balances: storedWithNext(caller).balances }
  expect(compare(model, stored)).toHaveLength(2)
})

test('a log of which an acknowledged entry is missing, or one is there that nobody appended', () => {
  const model = workedModel()
  const caller = callerOf(model, 'append')
  const { step } = model.next(caller)
  if (step.type !== 'append') throw new Error('it does not append')
  const key = entriesKey(step.stream, caller)
  const short = storedBy(model)
  short.entries.get(key)?.pop()
  expect(compare(workedModel(), short).join()).toContain('is missing')
  const long = storedBy(model)
  long.entries.get(key)?.push(entryName(caller, STEPS + 2, 1))
  expect(compare(workedModel(), long).join()).toContain('was never begun')
})

test('what the store finds wrong with itself', () => {
  const model = workedModel()
  expect(compare(model, { ...storedBy(model), problems: ['a hash is wrong'] })).toEqual(['a hash is wrong'])
})

test('a record that has expired may be gone, and one that has not may not', () => {
  const model = workedModel()
  const stored = storedBy(model)
  const leases = [...model.things].filter(([id]) => id.startsWith('lease-'))
  for (const [id, { lasts }] of leases) if (!lasts) stored.things.delete(id)
  expect(compare(workedModel(), stored)).toEqual([])
  stored.things.delete(settledId(model, 'lease-'))
  expect(compare(workedModel(), stored)).toHaveLength(1)
})

test('callers insert only what is not there, and delete only what is', () => {
  const model = new KillModel(SEED)
  const caller = callerOf(model, 'insert')
  let deletions = 0
  for (let number = 1; number <= 1_000; number++) {
    const { step } = model.next(caller)
    if (step.type === 'insert') expect(model.things.has(step.id)).toBe(false)
    if (step.type === 'delete') {
      expect(model.things.has(step.id)).toBe(true)
      deletions++
    }
    model.advance(caller, number)
  }
  expect(deletions).toBeGreaterThan(400)
})
