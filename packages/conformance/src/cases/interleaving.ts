/** Transactions whose steps are interleaved by a script, as far as the engine lets them be. */

import assert from 'node:assert/strict'
import { type BaseStore, type Collection, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { CaseContext } from '../case.ts'

const rows = defineCollection({
  name: 'rows',
  schema: z.object({ id: z.string(), value: z.int() }),
  key: 'id',
  fields: { value: 'index' },
})
/** Nobody writes here: reading it lets time pass that every engine measures by itself. */
const quiet = defineCollection({ name: 'quiet', schema: z.object({ id: z.string() }), key: 'id' })

/** Two records to begin with: `1` with the value 10, and `2` with 20. */
export type Rows = Collection<{ id: string; value: number }, 'id' | 'value'>
/** What a transaction saw, by names of the case's choosing. */
export type Seen = Record<string, unknown>
/** Who, and what it does; without a second part it commits. */
type Step = readonly [who: number, act?: (rows: Rows, seen: Seen) => Promise<unknown>]

interface Ending {
  readonly seen: readonly (Seen | undefined)[]
  readonly stored: Readonly<Record<string, number>>
}

/** Reads that a transaction makes while it waits for a step of another, before it goes on without it. */
const PATIENCE = 20

/**
 * Runs transactions whose steps follow the script's order where the engine allows it: a transaction whose
 * turn has not come reads a quiet record a few times, and then goes on. A transaction that the engine makes
 * wait therefore stops nobody, and one that is run again does its steps in a row.
 *
 * @returns what the committed attempt of each saw, `undefined` for one that gave up, and what is stored then
 */
export async function interleave(context: CaseContext, script: readonly Step[]): Promise<Ending> {
  const store = context.store()
  const outer = store.collection(rows)
  await store.collection(quiet).count()
  await outer.putMany([
    { id: '1', value: 10 },
    { id: '2', value: 20 },
  ])
  const done = new Set<Step>()
  const waitFor = async (earlier: readonly Step[], tx: BaseStore) => {
    for (let reads = 0; reads < PATIENCE && earlier.some((step) => !done.has(step)); reads++) {
      await tx.collection(quiet).get('nothing')
      await new Promise(setImmediate)
    }
  }
  const runOne = async (who: number) => {
    const ending = script.find((step) => step[0] === who && step[1] === undefined)
    const seen = await store.transaction(async (tx) => {
      const seen: Seen = {}
      for (const [position, step] of script.entries()) {
        if (step[0] !== who) continue
        await waitFor(script.slice(0, position), tx)
        await step[1]?.(tx.collection(rows), seen)
        if (step !== ending) done.add(step)
      }
      return seen
    })
    if (ending !== undefined) done.add(ending)
    return seen
  }
  const count = Math.max(...script.map(([who]) => who)) + 1
  const results = await Promise.allSettled(Array.from({ length: count }, (_, who) => runOne(who)))
  const seen = results.map((result) => {
    if (result.status === 'fulfilled') return result.value
    if (result.reason !== GIVEN_UP) throw result.reason
    return undefined
  })
  const { records } = await outer.find()
  return { seen, stored: Object.fromEntries(records.map((row) => [row.id, row.value])) }
}

/** Thrown by a transaction that is to be undone. */
const GIVEN_UP = new Error('given up on purpose')

/** Reads a record by its key; its value is seen under the name. */
export const read =
  (id: string, name = id) =>
  async (rows: Rows, seen: Seen) => {
    seen[name] = (await rows.get(id))?.value
  }

/** Writes a value, blind to what is there. */
export const write = (id: string, value: number) => (rows: Rows) => rows.put({ id, value })

/** Asks for the ids of the records with at least the value. */
export const find = (name: string, value: number) => async (rows: Rows, seen: Seen) => {
  seen[name] = (await rows.find({ where: { value: { gte: value } } })).records.map((row) => row.id)
}

/** Asks how many records have at least the value. */
export const count = (name: string, value: number) => async (rows: Rows, seen: Seen) => {
  seen[name] = await rows.count({ value: { gte: value } })
}

/** Asks for the sum, or the least, of all values. */
export const measure = (name: string, kind: 'sum' | 'min') => async (rows: Rows, seen: Seen) => {
  const measured = kind === 'sum' ? { sum: 'value' as const } : { min: 'value' as const }
  seen[name] = (await rows.aggregate({ measures: { measured } }))[0]?.measured
}

/** Removes a record. */
export const remove = (id: string) => (rows: Rows) => rows.delete(id)

/** Adds 10 to every record. */
export const raiseAll = async (rows: Rows) => {
  const { records } = await rows.find()
  await rows.putMany(records.map((row) => ({ ...row, value: row.value + 10 })))
}

/** Undoes the transaction. */
export const giveUp = async () => {
  throw GIVEN_UP
}

/** Asserts that something is one of the outcomes that a serial order gives. */
export function assertOneOf(actual: unknown, expected: readonly unknown[]): void {
  const found = expected.some((each) => isDeepEqual(actual, each))
  assert.ok(
    found,
    `no serial order explains ${JSON.stringify(actual)}; one of ${JSON.stringify(expected)} would be right`,
  )
}

function isDeepEqual(left: unknown, right: unknown): boolean {
  try {
    assert.deepEqual(left, right)
    return true
  } catch {
    return false
  }
}
