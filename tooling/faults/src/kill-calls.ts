/** The calls of a store that the steps stand for. */

import type { Store } from '@coffer/core'
import { accounts, journal, type ThingRecord, type ThingsDefinition, textOf } from './kill-records.ts'
import { ownerOf, type Step } from './kill-steps.ts'

const SHORT_MS = 5
const LONG_MS = 3_600_000

/** Does one step. Resolves when the store has acknowledged it. */
export async function perform(
  store: Store,
  definition: ThingsDefinition,
  caller: number,
  number: number,
  step: Step,
): Promise<void> {
  const things = store.collection(definition)
  const record = (id: string): ThingRecord => ({
    id,
    owner: ownerOf(caller),
    value: number,
    text: textOf(id, number),
    form: definition.version,
  })
  switch (step.type) {
    case 'put':
      await things.put(record(step.id))
      return
    case 'insert':
      await things.insert(record(step.id))
      return
    case 'delete':
      await things.delete(step.id)
      return
    case 'putMany':
      await things.putMany(step.ids.map(record))
      return
    case 'lease':
      await things.put(record(step.id), { ttlMs: step.lasts ? LONG_MS : SHORT_MS })
      return
    case 'transfer':
      await store.transaction((transaction) => transfer(transaction, step, record(step.receipt), definition))
      return
    case 'append': {
      const parts = Array.from({ length: step.entries }, (_, index) => index + 1)
      await store.log(journal).append(
        step.stream,
        parts.map((part) => ({ caller, step: number, part })),
      )
      return
    }
  }
}

async function transfer(
  transaction: Store,
  { from, to, amount }: Extract<Step, { type: 'transfer' }>,
  receipt: ThingRecord,
  definition: ThingsDefinition,
): Promise<void> {
  const balances = transaction.collection(accounts)
  const [giver, taker] = await balances.getMany([from, to])
  await balances.put({ id: from, balance: (giver?.balance ?? 0) - amount })
  await transaction.collection(definition).put(receipt)
  await balances.put({ id: to, balance: (taker?.balance ?? 0) + amount })
}
