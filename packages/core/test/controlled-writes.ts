/** A write queue whose batches return when a test says so. */

import type { StoreError } from '../src/errors.ts'
import { historyLayout } from '../src/history.ts'
import type { Group, Outcome } from '../src/operation.ts'
import { WriteQueue, type WriteQueueOptions } from '../src/write-queue.ts'
import { readyWork } from './fake-backend.ts'

export const layout = historyLayout('things', 1)
export const other = historyLayout('others', 1)

/** A group that concerns these keys; its number is the deadline of each of its puts, by which it is known. */
export const groupOf = (number: number, ...ids: string[]): Group => ({
  operations: ids.map((id) => ({
    type: 'put',
    layout,
    tenant: 't',
    id,
    condition: { type: 'none' },
    document: '{}',
    fields: [],
    hash: null,
    expiresAt: number,
  })),
  checks: [],
})
export const numberOf = ({ operations }: Group): number => {
  const [first] = operations
  return first?.type === 'put' ? Number(first.expiresAt) : -1
}

/** A batch that has been sent, and how the test lets it return. */
export interface Batch {
  readonly groups: readonly Group[]
  readonly numbers: readonly number[]
  readonly land: (error?: StoreError) => Promise<void>
}

/** A queue whose batches return when the test says so. */
export function writeQueue(lanes: number, options: Partial<WriteQueueOptions> = {}) {
  const inFlight: Batch[] = []
  const sent: number[][] = []
  const send = (groups: readonly Group[]): Promise<readonly Outcome[]> => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Outcome[]>()
    const batch: Batch = {
      groups,
      numbers: groups.map(numberOf),
      land: (error) => {
        inFlight.splice(inFlight.indexOf(batch), 1)
        if (error === undefined) resolve(groups.map(() => ({ ok: true, applied: [] })))
        else reject(error)
        return readyWork()
      },
    }
    inFlight.push(batch)
    sent.push([...batch.numbers])
    return promise
  }
  const queue = new WriteQueue({
    clock: { now: () => 5 },
    timeoutMs: 1_000,
    maxQueued: 1_000,
    lanes: () => lanes,
    expectsMore: () => true,
    overdue: () => undefined,
    send,
    ...options,
  })
  const add = (number: number, ...ids: string[]) => queue.add(groupOf(number, ...ids), undefined)
  /** Lets the batch return that has the group. */
  const land = (number: number, error?: StoreError) =>
    inFlight.find(({ numbers }) => numbers.includes(number))?.land(error)
  const numbersInFlight = () => inFlight.map(({ numbers }) => numbers)
  return { queue, add, land, inFlight, numbersInFlight, sent }
}

export const range = (count: number) => Array.from({ length: count }, (_, n) => n)
