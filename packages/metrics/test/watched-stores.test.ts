import { withCache } from '@coffer/cache'
import { createStore } from '@coffer/core'
import { memory } from '@coffer/memory'
import { postgres } from '@coffer/postgres'
import { sqlite } from '@coffer/sqlite'
import { createDatabase } from '@coffer-tooling/postgres'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { collectMetrics } from '../src/prometheus.ts'
import { notes, storeInMemory } from './stores.ts'

/** The samples of metrics whose name begins so, read as a scrape would. */
async function scraped(register: Registry, beginning: string): Promise<Record<string, number>> {
  const lines = (await register.metrics()).split('\n').filter((line) => line.startsWith(beginning))
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  )
}

test('connections of PostgreSQL are told as they are at the scrape', async () => {
  await using database = await createDatabase(sharedServer())
  const store = createStore({ backend: postgres({ connectionString: database.url, max: 3 }) })
  const register = new Registry()
  using _metrics = collectMetrics({ register, stores: { main: store } })
  const labels = '{store="main",backend="postgresql"}'
  expect(await scraped(register, 'coffer_connections')).toEqual({})
  await store.collection(notes).put({ id: 'a', text: 'x' })
  await store.transaction(async (tx) => {
    await tx.collection(notes).get('a')
    const during = await scraped(register, 'coffer_connections')
    expect(during[`coffer_connections_used${labels}`]).toBeGreaterThanOrEqual(1)
    expect(during[`coffer_connections_max${labels}`]).toBe(3)
    expect(during[`coffer_connections_waiting${labels}`]).toBe(0)
  })
  const after = await scraped(register, 'coffer_connections')
  expect(after[`coffer_connections_used${labels}`]).toBe(0)
  expect(after[`coffer_connections_idle${labels}`]).toBeGreaterThanOrEqual(1)
  await store.close()
  expect(await scraped(register, 'coffer_connections')).toEqual({})
})

test('a cache is told by hits, misses and entries', async () => {
  const store = createStore({ backend: memory(), cache: { ttlMs: 60_000, withCache } })
  const register = new Registry()
  using _metrics = collectMetrics({ register, stores: { main: store } })
  const all = store.collection(notes)
  await all.get('a')
  await all.get('a')
  const labels = '{store="main",backend="memory"}'
  expect(await scraped(register, 'coffer_cache')).toEqual({
    [`coffer_cache_entries${labels}`]: 1,
    [`coffer_cache_hits_total${labels}`]: 1,
    [`coffer_cache_misses_total${labels}`]: 1,
  })
})

test('writes that wait are told while they wait', async () => {
  const store = createStore({ backend: sqlite({ path: ':memory:' }) })
  const register = new Registry()
  using _metrics = collectMetrics({ register, stores: { main: store } })
  const all = store.collection(notes)
  await all.has('a')
  const writes = Array.from({ length: 5 }, (_each, number) => all.put({ id: String(number), text: 'x' }))
  const name = 'coffer_waiting_writes{store="main",backend="sqlite"}'
  expect(store.place().statistics().waitingWrites).toBe(5)
  await Promise.all(writes)
  expect(await scraped(register, 'coffer_waiting_writes')).toEqual({ [name]: 0 })
  await store.close()
})

test('stores that come later are watched until they are let go, each under a name of its own', async () => {
  const register = new Registry()
  using metrics = collectMetrics({ register, stores: { one: storeInMemory() } })
  const release = metrics.watchStore('two', storeInMemory())
  const told = async () => Object.keys(await scraped(register, 'coffer_waiting_writes'))
  expect(await told()).toEqual([
    'coffer_waiting_writes{store="one",backend="memory"}',
    'coffer_waiting_writes{store="two",backend="memory"}',
  ])
  expect(() => metrics.watchStore('two', storeInMemory())).toThrow("there is a store named 'two' already")
  release()
  metrics.watchStore('two', storeInMemory())
  release()
  expect(await told()).toHaveLength(2)
})

test('a handle of a tenant is no store to watch', () => {
  const register = new Registry()
  using metrics = collectMetrics({ register })
  expect(() => metrics.watchStore('one', storeInMemory().tenant('t'))).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED' }),
  )
})
