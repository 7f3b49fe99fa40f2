/** What a store does in a while: a few kinds of work, each by so many callers at once. */

import { randomUUID } from 'node:crypto'
import { type BaseStore, defineCollection, defineLog } from '@coffer/core'
import * as z from 'zod'

const notes = defineCollection({
  name: 'bench_notes',
  schema: z.object({ id: z.string(), author: z.string(), text: z.string() }),
  key: 'id',
  fields: { author: 'index' },
})

const steps = defineLog({
  name: 'bench_steps',
  schema: z.object({
    id: z.string(),
    text: z.string(),
    stream: z.string(),
    sequence: z.int(),
    hash: z.string(),
    previous: z.string(),
  }),
  key: 'id',
  chain: { stream: 'stream', sequence: 'sequence', hash: 'hash', previous: 'previous' },
})

/** One kind of work. */
export interface Work {
  readonly name: string
  /** Callers that each wait for their own operation. */
  readonly callers: number
  readonly run: (store: BaseStore, turn: number) => Promise<unknown>
}

/** What was measured of it. */
export interface Measured {
  readonly name: string
  readonly callers: number
  readonly perSecond: number
  /** Milliseconds of one operation: the median, and what one in a hundred exceeds. */
  readonly medianMs: number
  readonly p99Ms: number
}

/** Keys that reading and updating go over. */
const KEYS = 1_000
const TEXT = 'x'.repeat(200)

/** The kinds of work, in the order in which they run. */
export function works(callers: number): readonly Work[] {
  const kinds: readonly Omit<Work, 'callers'>[] = [
    { name: 'put', run: (store, turn) => store.collection(notes).put(noteAt(KEYS + turn)) },
    { name: 'get', run: (store, turn) => store.collection(notes).get(keyAt(turn % KEYS)) },
    {
      name: 'update',
      run: (store, turn) => store.collection(notes).update(keyAt(turn % KEYS), { text: `${TEXT}${turn}` }),
    },
    {
      name: 'find 20',
      run: (store, turn) => store.collection(notes).find({ where: { author: `a${turn % 50}` }, limit: 20 }),
    },
    {
      name: 'transaction',
      run: (store, turn) =>
        store.transaction(async (tx) => {
          const [from, to] = [keyAt(turn % KEYS), keyAt((turn * 7 + 1) % KEYS)]
          await tx.collection(notes).get(from)
          await tx.collection(notes).update(to, { text: `${TEXT}${turn}` })
        }),
    },
    {
      name: 'append',
      run: (store, turn) => store.log(steps).append(`s${turn % callers}`, [{ id: randomUUID(), text: TEXT }]),
    },
  ]
  return kinds.flatMap((kind) => [...new Set([1, callers])].map((count) => ({ ...kind, callers: count })))
}

/** Fills the store with what reading goes over. */
export async function fill(store: BaseStore): Promise<void> {
  await store.collection(notes).putMany(Array.from({ length: KEYS }, (_, place) => noteAt(place)))
  await store.log(steps).head('s0')
}

/** Lets the callers work for so long, after a tenth of it that is not counted. */
export async function measure(store: BaseStore, work: Work, forMs: number): Promise<Measured> {
  const durations: number[] = []
  const startedAt = performance.now()
  const countedFrom = startedAt + forMs / 10
  const endsAt = countedFrom + forMs
  let turn = 0
  const call = async () => {
    for (let now = performance.now(); now < endsAt; ) {
      await work.run(store, turn++)
      const after = performance.now()
      if (now >= countedFrom) durations.push(after - now)
      now = after
    }
  }
  await Promise.all(Array.from({ length: work.callers }, call))
  const tookMs = performance.now() - countedFrom
  durations.sort((one, other) => one - other)
  const at = (share: number) => durations[Math.floor(share * (durations.length - 1))] ?? 0
  return {
    name: work.name,
    callers: work.callers,
    perSecond: (durations.length / tookMs) * 1_000,
    medianMs: at(0.5),
    p99Ms: at(0.99),
  }
}

function keyAt(place: number): string {
  return `n${place}`
}

function noteAt(place: number) {
  return { id: keyAt(place), author: `a${place % 50}`, text: TEXT }
}
