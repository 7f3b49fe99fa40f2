import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { everythingOf, happeningsOf } from '../method-calls.ts'

const counters = defineCollection({
  name: 'counters',
  schema: z.object({ id: z.string(), n: z.int() }),
  key: 'id',
  fields: { n: 'index' },
})
const others = defineCollection({ name: 'others', schema: z.object({ id: z.string() }), key: 'id' })

const survivors: readonly Case[] = [
  {
    id: 'L5-records',
    clause: 'L5',
    title: 'records, versions, times, deadlines and what was deleted softly survive a reopen',
    requires: ['persistent'],
    run: async (context) => {
      const first = context.store()
      const before = everythingOf(first)
      await before.put({ id: 'a', note: 'x', tags: ['t', 'u'] })
      context.clock.advance(5)
      await before.update('a', { note: 'y' })
      await before.put({ id: 'dies', note: 'x' }, { ttlMs: 100 })
      await before.put({ id: 'deleted', note: 'x' })
      await before.delete('deleted')
      const entries = await before.findEntries({ includeDeleted: true })
      await first.close()
      const after = everythingOf(context.store())
      assert.deepEqual(await after.findEntries({ includeDeleted: true }), entries)
      assert.deepEqual([await after.count({ tags: { has: 'u' } }), await after.count({ note: 'x' })], [1, 1])
      context.clock.advance(100)
      assert.equal(await after.has('dies'), false)
      assert.equal(await after.restore('deleted'), 3)
    },
  },
  {
    id: 'L5-history',
    clause: 'L5',
    title: 'the past and the proof of records survive a reopen',
    requires: ['persistent'],
    run: async (context) => {
      const first = context.store()
      await everythingOf(first).put({ id: 'a', note: 'x' })
      await everythingOf(first).update('a', { note: 'y' })
      const history = await everythingOf(first).history('a')
      await first.close()
      const after = everythingOf(context.store())
      assert.deepEqual(await after.history('a'), history)
      assert.deepEqual(await after.getAt('a', { version: 1 }), { id: 'a', note: 'x' })
      assert.equal((await after.verify()).ok, true)
    },
  },
  {
    id: 'L5-floors',
    clause: 'L5',
    title: 'versions of removed records do not restart after a reopen',
    requires: ['persistent'],
    run: async (context) => {
      const first = context.store()
      for (let n = 1; n <= 3; n++) await first.collection(counters).put({ id: 'a', n })
      await first.collection(counters).delete('a')
      await first.close()
      assert.ok((await context.store().collection(counters).insert({ id: 'a', n: 0 })) > 3)
    },
  },
  {
    id: 'L5-logs',
    clause: 'L5',
    title: 'a log goes on where it was after a reopen',
    requires: ['persistent'],
    run: async (context) => {
      const first = context.store()
      await happeningsOf(first).append('s', [
        { event_id: 'e1', note: 'x' },
        { event_id: 'e2', note: 'x' },
      ])
      const head = await happeningsOf(first).head('s')
      await first.close()
      const log = happeningsOf(context.store())
      assert.deepEqual(await log.head('s'), head)
      const [entry] = await log.append('s', [{ event_id: 'e3', note: 'x' }])
      assert.deepEqual([entry?.sequence, entry?.previous_hash], [3, head?.hash])
      assert.deepEqual(await log.verify('s', { expectedHead: head }), { ok: true, entries: 3 })
    },
  },
  {
    id: 'L5-tenants',
    clause: 'L5',
    title: 'every tenant finds its own records after a reopen',
    requires: ['persistent'],
    run: async (context) => {
      const first = context.store()
      for (const [n, tenant] of ['a', 'b'].entries()) {
        await first.tenant(tenant).collection(counters).put({ id: 'x', n })
      }
      await first.close()
      const again = context.store()
      assert.equal((await again.tenant('a').collection(counters).get('x'))?.n, 0)
      assert.equal((await again.tenant('b').collection(counters).get('x'))?.n, 1)
      assert.equal(await again.collection(counters).count(), 0)
    },
  },
  {
    id: 'X7-reopened',
    clause: 'X7',
    title: 'an idempotency key is remembered after a reopen, for a day',
    requires: ['persistent'],
    run: async (context) => {
      const first = context.store()
      const options = { idempotencyKey: 'k' }
      assert.equal(await first.transaction(async () => 1, options), 1)
      await first.close()
      const again = context.store()
      context.clock.advance(24 * 60 * 60 * 1_000 - 1)
      assert.equal(await again.transaction(async () => 2, options), 1)
      context.clock.advance(1)
      assert.equal(await again.transaction(async () => 3, options), 3)
    },
  },
]

const beside: readonly Case[] = [
  {
    id: 'W6-sees',
    clause: 'W6',
    title: 'a second opener sees what the first has written, and the first what the second wrote',
    requires: ['secondOpener'],
    run: async (context) => {
      const first = context.store().collection(counters)
      const second = context.store().collection(counters)
      await first.put({ id: 'a', n: 1 })
      assert.deepEqual(await second.get('a'), { id: 'a', n: 1 })
      assert.equal(await second.put({ id: 'a', n: 2 }), 2)
      assert.deepEqual((await first.find({ where: { n: 2 } })).records, [{ id: 'a', n: 2 }])
      assert.equal(await first.delete('a'), true)
      assert.equal(await second.has('a'), false)
    },
  },
  {
    id: 'W6-conflicts',
    clause: 'W6',
    title: 'conditions hold between two openers: of two inserts of one key one wins',
    requires: ['secondOpener'],
    run: async (context) => {
      const stores = [context.store().collection(counters), context.store().collection(counters)]
      const inserts = Array.from({ length: 32 }, (_, n) =>
        stores.map((each) => each.insert({ id: `k${n}`, n })),
      )
      // All at once: a refusal that nobody looks at yet would be an unhandled one.
      for (const results of await Promise.all(inserts.map((pair) => Promise.allSettled(pair)))) {
        assert.deepEqual(results.map((result) => result.status).toSorted(), ['fulfilled', 'rejected'])
      }
      const version = await stores[0]?.put({ id: 'a', n: 1 })
      await stores[1]?.put({ id: 'a', n: 2 })
      await assert.rejects(stores[0]?.put({ id: 'a', n: 3 }, { ifVersion: version }) ?? Promise.resolve(), {
        code: 'VERSION_CONFLICT',
      })
    },
  },
  {
    id: 'W6-increments',
    clause: 'W6',
    title: 'increments from two openers at once lose nothing, plain or in transactions',
    requires: ['secondOpener'],
    run: async (context) => {
      const stores = [context.store(), context.store()]
      await stores[0]?.collection(counters).put({ id: 'a', n: 0 })
      const work = stores.flatMap((store) =>
        Array.from({ length: 16 }, (_, position) => {
          const increment = (record: { id: string; n: number }) => ({ ...record, n: record.n + 1 })
          if (position % 2 === 0) return store.collection(counters).update('a', increment)
          return store.transaction((tx) => tx.collection(counters).update('a', increment), {
            maxAttempts: 1_000,
          })
        }),
      )
      await Promise.all(work)
      assert.equal((await stores[1]?.collection(counters).get('a'))?.n, 32)
    },
  },
  {
    id: 'W6-logs',
    clause: 'W6',
    title: 'appends from two openers to one stream make one chain',
    requires: ['secondOpener'],
    run: async (context) => {
      const logs = [happeningsOf(context.store()), happeningsOf(context.store())]
      const appends = logs.flatMap((log, opener) =>
        Array.from({ length: 16 }, (_, n) => log.append('s', [{ event_id: `${opener}-${n}`, note: 'x' }])),
      )
      const sequences = (await Promise.all(appends)).map(([entry]) => entry?.sequence ?? 0)
      assert.deepEqual(
        sequences.toSorted((left, right) => left - right),
        Array.from({ length: 32 }, (_, n) => n + 1),
      )
      assert.deepEqual(await logs[0]?.verify('s'), { ok: true, entries: 32 })
    },
  },
  {
    id: 'W6-sweeps',
    clause: 'W6',
    title: 'two openers that sweep at once remove every expired record once',
    requires: ['secondOpener'],
    run: async (context) => {
      const stores = [context.store(), context.store()]
      const collection = stores[0]?.collection(counters)
      stores[1]?.collection(counters)
      const records = Array.from({ length: 1_500 }, (_, n) => ({ id: `k${n}`, n }))
      await collection?.putMany(records, { ttlMs: 10 })
      await collection?.put({ id: 'stays', n: 1 })
      context.clock.advance(10)
      const removed = await Promise.all(stores.map((store) => store.cleanupExpired()))
      assert.equal(
        removed.reduce((sum, each) => sum + each, 0),
        1_500,
      )
      assert.deepEqual((await collection?.find())?.records, [{ id: 'stays', n: 1 }])
    },
  },
  {
    id: 'W6-first-open',
    clause: 'W6',
    title: '16 openers of one new place at once all succeed',
    requires: ['secondOpener'],
    run: async (context) => {
      const stores = Array.from({ length: 16 }, () => context.store())
      await Promise.all(stores.map((store, n) => store.collection(counters).put({ id: `k${n}`, n })))
      for (const store of stores) assert.equal(await store.collection(counters).count(), 16)
    },
  },
  {
    id: 'W6-other-collections',
    clause: 'W6',
    title: 'two openers may bring different collections, at once and later',
    requires: ['secondOpener'],
    run: async (context) => {
      const first = context.store()
      const second = context.store()
      await Promise.all([
        first.collection(counters).put({ id: 'a', n: 1 }),
        second.collection(others).put({ id: 'a' }),
      ])
      assert.equal(await first.collection(others).has('a'), true)
      assert.equal(await second.collection(counters).has('a'), true)
    },
  },
  {
    id: 'W6-one-closes',
    clause: 'W6',
    title: 'an opener that closes leaves the other one working',
    requires: ['secondOpener'],
    run: async (context) => {
      const first = context.store()
      const second = context.store()
      await Promise.all([
        first.collection(counters).put({ id: 'a', n: 1 }),
        second.collection(counters).count(),
      ])
      await first.close()
      assert.equal(await second.collection(counters).put({ id: 'a', n: 2 }), 2)
    },
  },
]

/** L5, W6: what outlives a store, and several stores on one place. */
export const openerCases: readonly Case[] = [...survivors, ...beside]
