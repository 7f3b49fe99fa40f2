/** What a store does in a while: a few kinds of work, each by so many callers at once. */

import { randomUUID } from 'node:crypto'
import { createHistogram } from 'node:perf_hooks'
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

/** Tries of a transaction: many callers over few keys conflict often, and a bench is no place to give up. */
const MAX_ATTEMPTS = 1_000

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
const AUTHORS = 50
const STREAMS = 64
const TEXT = 'x'.repeat(200)

/** The kinds of work, in the order in which they run: each by one caller, and by so many. */
export function works(callers: number): readonly Work[] {
  return KINDS.flatMap((kind) => [1, callers].map((count) => ({ ...kind, callers: count })))
}

const KINDS: readonly Omit<Work, 'callers'>[] = [
  // What one caller has put another must not find.
  { name: 'put', run: (store) => store.collection(notes).put({ ...noteAt(0), id: randomUUID() }) },
  { name: 'get', run: (store, turn) => store.collection(notes).get(keyAt(turn % KEYS)) },
  {
    name: 'update',
    run: (store, turn) => store.collection(notes).update(keyAt(turn % KEYS), { text: `${TEXT}${turn}` }),
  },
  {
    name: 'find 20',
    run: (store, turn) =>
      store.collection(notes).find({ where: { author: `a${turn % AUTHORS}` }, limit: 20 }),
  },
  {
    name: 'transaction',
    run: (store, turn) =>
      store.transaction(
        async (tx) => {
          const [from, to] = [keyAt(turn % KEYS), keyAt((turn * 7 + 1) % KEYS)]
          await tx.collection(notes).get(from)
          await tx.collection(notes).update(to, { text: `${TEXT}${turn}` })
        },
        { maxAttempts: MAX_ATTEMPTS },
      ),
  },
  {
    name: 'append',
    run: (store, turn) => store.log(steps).append(`s${turn % STREAMS}`, [{ id: randomUUID(), text: TEXT }]),
  },
]

/** Fills the store with what reading goes over. */
export async function fill(store: BaseStore): Promise<void> {
  await store.collection(notes).putMany(Array.from({ length: KEYS }, (_, place) => noteAt(place)))
  await store.log(steps).head('s0')
}

/**
 * Lets the callers work for so long, after a tenth of it that is not counted; one operation at least is counted.
 *
 * @throws what an operation throws, the signal's reason when it is aborted; in either case nothing is under way any more
 */
export async function measure(
  store: BaseStore,
  work: Work,
  forMs: number,
  signal: AbortSignal,
): Promise<Measured> {
  const nanoseconds = createHistogram()
  const failed = new AbortController()
  const stopped = AbortSignal.any([signal, failed.signal])
  const countedFrom = performance.now() + forMs / 10
  const endsAt = countedFrom + forMs
  let turn = 0
  const call = async () => {
    for (let now = performance.now(); now < endsAt || nanoseconds.count === 0; ) {
      if (stopped.aborted) return
      await work.run(store, turn++)
      const after = performance.now()
      if (now >= countedFrom) nanoseconds.record(Math.max(1, Math.round((after - now) * 1e6)))
      now = after
    }
  }
  const calls = Array.from({ length: work.callers }, () => call().catch((error) => failed.abort(error)))
  await Promise.all(calls)
  stopped.throwIfAborted()
  const tookMs = performance.now() - countedFrom
  return {
    name: work.name,
    callers: work.callers,
    perSecond: (nanoseconds.count / tookMs) * 1_000,
    medianMs: nanoseconds.percentile(50) / 1e6,
    p99Ms: nanoseconds.percentile(99) / 1e6,
  }
}

function keyAt(place: number): string {
  return `n${place}`
}

function noteAt(place: number) {
  return { id: keyAt(place), author: `a${place % AUTHORS}`, text: TEXT }
}
