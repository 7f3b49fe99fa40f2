/** Stores that keep what they have read for an hour, and hear of what others write meanwhile. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { withCache } from '@coffer/cache'
import { ManualClock } from '@coffer/conformance'
import { createStore } from '@coffer/core'
import type { PostgresOptions } from '@coffer/core/backend'
import { expect, onTestFinished, test, vi } from 'vitest'
import { postgres } from '../src/index.ts'
import { type Mark, marks } from './marks.ts'
import { fileDatabase, freshSchema } from './places.ts'
import type { Writing } from './writing-worker.ts'

const database = fileDatabase()
const TTL_MS = 3_600_000

/** A store that caches, on a clock that stands still. */
function cachingStore(options: PostgresOptions) {
  const clock = new ManualClock()
  const store = createStore({ backend: postgres(options), clock, cache: { ttlMs: TTL_MS, withCache } })
  onTestFinished(() => store.close())
  return { clock, store, collection: store.collection(marks) }
}

async function place(): Promise<PostgresOptions> {
  return { connectionString: (await database()).url, schema: freshSchema(), max: 2 }
}

/** What writes, and what it needs to be started. */
const WRITERS: Readonly<
  Record<string, (options: PostgresOptions) => Promise<(mark: Mark) => Promise<unknown>>>
> = {
  'a store in the same process': async (options) => {
    const store = createStore({ backend: postgres({ ...options, notify: true }) })
    onTestFinished(() => store.close())
    return (mark) => store.collection(marks).put(mark)
  },
  'a transaction': async (options) => {
    const store = createStore({ backend: postgres({ ...options, notify: true }) })
    onTestFinished(() => store.close())
    store.collection(marks)
    return (mark) => store.transaction((tx) => tx.collection(marks).put(mark))
  },
  'a store with a cache of its own': async (options) => {
    const { collection } = cachingStore(options)
    return (mark) => collection.put(mark)
  },
  'another process': async (options) => {
    const child = fork(fileURLToPath(new URL('./writing-worker.ts', import.meta.url)))
    onTestFinished(() => ended(child))
    await once(child, 'message')
    return async (mark) => {
      child.send({ options: { ...options, notify: true }, mark } satisfies Writing)
      await once(child, 'message')
    }
  },
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.disconnect()
  await exit
}

test.each(Object.entries(WRITERS))(
  'what %s writes is soon seen by a store that keeps answers for an hour',
  async (_, start) => {
    const options = await place()
    const { collection } = cachingStore(options)
    const write = await start(options)
    const seen = async () => (await collection.get('a'))?.group
    for (let round = 0; round < 10; round++) {
      await write({ id: 'a', group: `round ${round}` })
      // The first rounds may be seen because it has only begun to listen, the others may not.
      await vi.waitUntil(async () => (await seen()) === `round ${round}`, { interval: 1, timeout: 10_000 })
    }
  },
)

test('what is not written stays in the cache', async () => {
  const options = await place()
  const { store, collection } = cachingStore(options)
  const write = await WRITERS['a store in the same process']?.(options)
  for (const id of ['kept', 'b']) await write?.({ id, group: 'first' })
  const groupOf = async (id: string) => (await collection.get(id))?.group
  await vi.waitUntil(async () => (await groupOf('b')) === 'first', { interval: 1 })
  await groupOf('kept')
  await write?.({ id: 'b', group: 'second' })
  await vi.waitUntil(async () => (await groupOf('b')) === 'second', { interval: 1, timeout: 10_000 })
  let round = 0
  const isKeptBesideAnother = async () => {
    await groupOf('kept')
    const group = `round ${round++}`
    await write?.({ id: 'b', group })
    await vi.waitUntil(async () => (await groupOf('b')) === group, { interval: 1, timeout: 10_000 })
    const missed = store.cacheStatistics()?.misses
    await groupOf('kept')
    return store.cacheStatistics()?.misses === missed
  }
  // Everything is forgotten once more when the store has begun to listen, which may be in the first rounds.
  await vi.waitUntil(isKeptBesideAnother, { interval: 1, timeout: 10_000 })
  expect(await isKeptBesideAnother()).toBe(true)
})

test('without hints it is seen when the hour is over, and not before', async () => {
  const options = await place()
  const { clock, collection } = cachingStore({ ...options, notify: false })
  const write = await WRITERS['a store in the same process']?.(options)
  await write?.({ id: 'a', group: 'old' })
  expect((await collection.get('a'))?.group).toBe('old')
  await write?.({ id: 'a', group: 'new' })
  const { collection: other } = cachingStore(options)
  await vi.waitUntil(async () => (await other.get('a'))?.group === 'new', { interval: 1 })
  clock.advance(TTL_MS - 1)
  expect((await collection.get('a'))?.group).toBe('old')
  clock.advance(1)
  expect((await collection.get('a'))?.group).toBe('new')
})
