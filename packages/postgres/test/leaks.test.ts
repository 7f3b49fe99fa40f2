/** Nothing is left behind by a store that was closed. */

import { createStore } from '@coffer/core'
import pg, { type PoolClient } from 'pg'
import { expect, test, vi } from 'vitest'
import { postgres } from '../src/index.ts'
import { marks } from './marks.ts'
import { fileDatabase, freshSchema } from './places.ts'

const database = fileDatabase()

/** How many listeners there are, by event. */
function listeners(emitter: NodeJS.EventEmitter): Readonly<Record<string, number>> {
  return Object.fromEntries(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]))
}

test('a thousand stores on a pool that is lent leave no listener, on the pool or its connections', async () => {
  const place = await database()
  const pool = new pg.Pool({ connectionString: place.url, max: 3 })
  const clients: PoolClient[] = []
  pool.on('connect', (client) => clients.push(client))
  const schema = freshSchema()
  const use = async (round: number) => {
    const store = createStore({ backend: postgres({ pool, schema }) })
    const collection = store.collection(marks)
    const reads = [collection.get('a'), collection.find({}), collection.count({})]
    if (round % 10 === 0) await store.transaction((tx) => tx.collection(marks).put({ id: 'a', group: 'g' }))
    await Promise.all(reads)
    await store.close()
  }
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  await use(0)
  const before = { pool: listeners(pool), clients: clients.map(listeners) }
  expect(before.pool).toEqual({ connect: 1 })
  for (let round = 0; round < 900; round++) await use(round)
  // Also when many are open at once, which share what listens to the pool.
  for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: 20 }, () => use(1)))
  const after = { pool: listeners(pool), clients: clients.slice(0, before.clients.length).map(listeners) }
  expect(after).toEqual(before)
  expect(clients.length).toBe(3)
  expect(pool.idleCount).toBe(3)
  expect(warnings).toEqual([])
  process.off('warning', onWarning)
  await pool.end()
})

test('a hundred stores with pools of their own leave no connection', async () => {
  const place = await database()
  const schema = freshSchema()
  const sockets = () => process.getActiveResourcesInfo().filter((each) => each === 'TCPSocketWrap').length
  const before = sockets()
  for (let round = 0; round < 100; round++) {
    const store = createStore({ backend: postgres({ connectionString: place.url, schema, max: 4 }) })
    const collection = store.collection(marks)
    await Promise.all([collection.put({ id: 'a', group: 'g' }), collection.find({})])
    await store.close()
  }
  expect(sockets()).toBeLessThanOrEqual(before)
  await vi.waitUntil(async () => (await place.sessions()).length === 0, { interval: 2 })
})

test('a pool that is lent and breaks while it lies idle does not take the process with it', async () => {
  const place = await database()
  const pool = new pg.Pool({ connectionString: place.url, max: 1 })
  const store = createStore({ backend: postgres({ pool, schema: freshSchema() }) })
  await store.collection(marks).put({ id: 'a', group: 'g' })
  const admin = new pg.Client(place.superuserUrl)
  await admin.connect()
  const gone = new Promise((resolve) => pool.once('remove', resolve))
  await admin.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = $2',
    [place.name, place.owner.name],
  )
  await gone
  expect(await store.collection(marks).has('a')).toBe(true)
  await admin.end()
  await store.close()
  await pool.end()
})
