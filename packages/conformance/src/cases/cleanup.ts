import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { assertRefused, unchecked } from './assert-refused.ts'
import { successors } from './successors.ts'

const tokens = defineCollection({
  name: 'tokens',
  schema: z.object({ id: z.string(), note: z.string().optional() }),
  key: 'id',
  fields: { note: 'index' },
})
const others = defineCollection({
  name: 'others',
  schema: z.object({ id: z.string() }),
  key: 'id',
})

const PERIOD = 86_399_999

/** T4 and T5: what removes expired records for good. */
export const cleanupCases: readonly Case[] = [
  {
    id: 'T4-counts',
    clause: 'T4',
    title: 'a cleanup removes what is at its deadline, leaves all else, and answers how many went',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(tokens)
      await collection.putMany(numbered('due', 3), { ttlMs: 1_000 })
      await collection.putMany(numbered('later', 2), { ttlMs: 1_001 })
      await collection.put({ id: 'never' })
      assert.equal(await store.cleanupExpired(), 0)
      context.clock.advance(1_000)
      assert.equal(await store.cleanupExpired(), 3)
      assert.deepEqual(keysOf((await collection.find()).records), ['later0', 'later1', 'never'])
    },
  },
  {
    id: 'T4-for-good',
    clause: 'T4',
    title: 'what was removed stays away, also when the clock is set back',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(tokens)
      await collection.put({ id: 'a', note: 'n' }, { ttlMs: 1_000 })
      context.clock.advance(1_000)
      await store.cleanupExpired()
      context.clock.advance(-1_000)
      assert.equal(await collection.has('a'), false)
      assert.equal(await collection.count({ note: 'n' }), 0)
    },
  },
  {
    id: 'T4-twice',
    clause: 'T4',
    title: 'a second cleanup finds nothing',
    run: async (context) => {
      const store = context.store()
      await store.collection(tokens).putMany(numbered('due', 5), { ttlMs: 1_000 })
      context.clock.advance(1_000)
      assert.deepEqual([await store.cleanupExpired(), await store.cleanupExpired()], [5, 0])
    },
  },
  {
    id: 'T4-batches',
    clause: 'T4',
    title: 'a cleanup of many goes batch by batch and tells of its progress',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(tokens)
      await collection.putMany(numbered('due', 2_500), { ttlMs: 1_000 })
      await collection.put({ id: 'never' })
      context.clock.advance(1_000)
      const progress: number[] = []
      assert.equal(await store.cleanupExpired({ onProgress: (removed) => progress.push(removed) }), 2_500)
      assert.ok(progress.length > 1)
      assert.deepEqual(
        progress,
        [...progress].sort((left, right) => left - right),
      )
      assert.equal(progress.at(-1), 2_500)
      assert.deepEqual(keysOf((await collection.find()).records), ['never'])
    },
  },
  {
    id: 'T4-progress',
    clause: 'T4',
    title: 'the progress of a cleanup names the collection at hand, and how much of it went',
    run: async (context) => {
      const store = context.store()
      await store.collection(tokens).putMany(numbered('due', 3), { ttlMs: 1_000 })
      await store.collection(others).putMany([{ id: 'a' }, { id: 'b' }], { ttlMs: 1_000 })
      context.clock.advance(1_000)
      const told: (readonly [removed: number, collection: string, ofCollection: number])[] = []
      await store.cleanupExpired({ onProgress: (...progress) => told.push(progress) })
      const last = (name: string) => told.findLast(([, collection]) => collection === name)?.[2]
      assert.deepEqual([last('tokens'), last('others'), told.at(-1)?.[0]], [3, 2, 5])
    },
  },
  {
    id: 'T4-renewed',
    clause: 'T4',
    title: 'a cleanup spares what was renewed, replaced or inserted anew after it had expired',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(tokens)
      await collection.putMany(numbered('k', 6), { ttlMs: 1_000 })
      context.clock.advance(500)
      await collection.update('k0', { note: 'n' }, { ttlMs: 1_000 })
      await collection.put({ id: 'k1' })
      context.clock.advance(500)
      await collection.insert({ id: 'k2' })
      await collection.put({ id: 'k3' }, { ttlMs: 1 })
      assert.equal(await store.cleanupExpired(), 2)
      assert.deepEqual(keysOf((await collection.find()).records), ['k0', 'k1', 'k2', 'k3'])
    },
  },
  {
    id: 'T4-renewed-meanwhile',
    clause: 'T4',
    title: 'a cleanup never takes what is renewed while it runs',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(tokens)
      const records = numbered('k', 300)
      await collection.putMany(records, { ttlMs: 1_000 })
      context.clock.advance(1_000)
      const renewed = records.filter((_, n) => n % 3 === 0)
      await Promise.all([
        store.cleanupExpired(),
        ...renewed.map((record) => collection.put(record)),
        store.cleanupExpired(),
      ])
      assert.equal(await collection.count(), renewed.length)
      assert.equal(await store.cleanupExpired(), 0)
      const found = await collection.getMany(renewed.map((record) => record.id))
      assert.deepEqual(found, renewed)
    },
  },
  {
    id: 'T4-at-once',
    clause: 'T4',
    title: 'cleanups at the same time count each record once',
    run: async (context) => {
      const store = context.store()
      await store.collection(tokens).putMany(numbered('due', 1_500), { ttlMs: 1_000 })
      context.clock.advance(1_000)
      const counts = await Promise.all([1, 2, 3].map(() => store.cleanupExpired()))
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        1_500,
      )
    },
  },
  {
    id: 'T4-all-collections',
    clause: 'T4',
    title: 'a cleanup of the store is one of all its collections and tenants',
    run: async (context) => {
      const store = context.store()
      await store.collection(tokens).put({ id: 'a' }, { ttlMs: 1_000 })
      await store.tenant('x').collection(tokens).put({ id: 'a' }, { ttlMs: 1_000 })
      await store.tenant('x').collection(others).put({ id: 'a' }, { ttlMs: 1_000 })
      await store.tenant('y').collection(others).put({ id: 'a' })
      context.clock.advance(1_000)
      assert.equal(await store.cleanupExpired(), 3)
      assert.equal(await store.tenant('y').collection(others).has('a'), true)
    },
  },
  {
    id: 'T4-one-tenant',
    clause: 'T4',
    title: "a cleanup on a tenant's handle leaves every other tenant alone",
    run: async (context) => {
      const store = context.store()
      for (const tenant of ['x', 'X', 'y']) {
        await store.tenant(tenant).collection(tokens).putMany(numbered(tenant, 2), { ttlMs: 1_000 })
      }
      context.clock.advance(1_000)
      assert.equal(await store.tenant('x').cleanupExpired(), 2)
      assert.equal(await store.cleanupExpired(), 4)
    },
  },
  {
    id: 'T4-versions',
    clause: 'T4',
    title: 'a record stored where an expired one was cleaned up has a version above any that one had',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(tokens)
      await collection.put({ id: 'a' })
      await collection.put({ id: 'a' })
      const last = await collection.put({ id: 'a' }, { ttlMs: 1_000 })
      context.clock.advance(1_000)
      await store.cleanupExpired()
      assert.ok((await collection.insert({ id: 'a' })) > last)
    },
  },
  {
    id: 'T4-idempotency-keys',
    clause: 'T4',
    title:
      'a store that never ran a transaction with an idempotency key removes the keys of those that did, when they expire',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const first = await next()
      for (const idempotencyKey of ['a', 'b']) await first.transaction(async () => 1, { idempotencyKey })
      await first.tenant('other').transaction(async () => 1, { idempotencyKey: 'a' })
      context.clock.advance(24 * 60 * 60 * 1_000 - 1)
      assert.equal(await (await next()).cleanupExpired(), 0)
      context.clock.advance(1)
      const store = await next()
      const told: unknown[] = []
      const onProgress = (removed: number, collection: string) => void told.push([removed, collection])
      assert.equal(await store.tenant('other').cleanupExpired(), 1)
      assert.equal(await store.cleanupExpired({ onProgress }), 2)
      assert.deepEqual(told, [[2, 'coffer_idempotency_keys']])
      assert.equal(await store.cleanupExpired(), 0)
    },
  },
  {
    id: 'T4-nothing-made',
    clause: 'T4',
    title: 'a cleanup of a place without collections makes none',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      assert.equal(await store.cleanupExpired(), 0)
      assert.deepEqual(await store.place().layouts(), [])
    },
  },
  {
    id: 'T4-in-transaction',
    clause: 'T4',
    title: 'a cleanup is refused inside a transaction',
    run: async (context) => {
      const store = context.store()
      store.collection(tokens)
      await store.transaction(async (transaction) => {
        await assert.rejects(async () => transaction.cleanupExpired(), { code: 'UNSUPPORTED' })
      })
    },
  },
  {
    id: 'T4-options',
    clause: 'T4',
    title: 'an unknown option of a cleanup is refused',
    run: async (context) => {
      const store = context.store()
      await assertRefused(() => store.cleanupExpired(unchecked({ limit: 1 })), /limit.*onProgress/)
    },
  },
  {
    id: 'T5-no-timer',
    clause: 'T5',
    title: 'a store starts no timer unless it is asked to clean up by itself',
    run: async (context) => {
      const timers = await watchTimers(async () => {
        const store = context.store()
        await store.collection(tokens).put({ id: 'a' }, { ttlMs: 1_000 })
        await store.close()
      })
      assert.deepEqual(timers, [])
    },
  },
  {
    id: 'T5-stops',
    clause: 'T5',
    title: 'the timer that cleans up keeps no process alive, and stops when the store is closed',
    run: async (context) => {
      const timers = await watchTimers(async (running) => {
        const store = context.store({ cleanupEveryMs: PERIOD })
        await store.collection(tokens).put({ id: 'a' })
        assert.deepEqual(
          running.map(({ held, stopped }) => ({ held, stopped })),
          [{ held: false, stopped: false }],
        )
        await store.close()
      })
      assert.deepEqual(
        timers.map((timer) => timer.stopped),
        [true],
      )
    },
  },
  {
    id: 'T5-cleans',
    clause: 'T5',
    title: 'the timer removes what is expired, and its rounds never overlap',
    run: async (context) => {
      await watchTimers(async (running) => {
        const store = context.store({ cleanupEveryMs: PERIOD })
        const collection = store.collection(tokens)
        await collection.putMany(numbered('due', 3), { ttlMs: 1_000 })
        context.clock.advance(1_000)
        const cleanups: unknown[] = []
        let told = () => {}
        const first = new Promise<void>((resolve) => {
          told = resolve
        })
        const note = (event: unknown) => {
          cleanups.push(event)
          told()
        }
        subscribe('coffer:cleanup', note)
        try {
          for (let round = 0; round < 3; round++) running[0]?.round()
          await first
          assert.equal(await store.cleanupExpired(), 0)
        } finally {
          unsubscribe('coffer:cleanup', note)
        }
        assert.equal(cleanups.length, 2)
        context.clock.advance(-1_000)
        assert.equal(await collection.count(), 0)
      })
    },
  },
]

/** A timer of the period above, which runs only when a case says so. */
interface WatchedTimer {
  /** Whether it would keep the process alive. */
  held: boolean
  stopped: boolean
  readonly round: () => void
}

/** Runs with timers of that period replaced by watched ones; every other timer is left alone. */
async function watchTimers(run: (timers: readonly WatchedTimer[]) => Promise<void>): Promise<WatchedTimer[]> {
  const { setInterval: set, clearInterval: clear } = globalThis
  const timers: WatchedTimer[] = []
  const replaced = (callback: () => void, period?: number) => {
    if (period !== PERIOD) return set(callback, period)
    const timer = {
      held: true,
      stopped: false,
      round: callback,
      ref: () => Object.assign(timer, { held: true }),
      unref: () => Object.assign(timer, { held: false }),
    }
    timers.push(timer)
    return timer
  }
  const stop = (timer: unknown) => {
    const watched = timers.find((each) => each === timer)
    if (watched === undefined) clear(unchecked(timer))
    else watched.stopped = true
  }
  Object.assign(globalThis, { setInterval: replaced, clearInterval: stop })
  try {
    await run(timers)
    return timers
  } finally {
    Object.assign(globalThis, { setInterval: set, clearInterval: clear })
  }
}

function numbered(start: string, count: number): { id: string }[] {
  return Array.from({ length: count }, (_, n) => ({ id: `${start}${n}` }))
}

function keysOf(records: readonly { readonly id: string }[]): string[] {
  return records.map((record) => record.id)
}
