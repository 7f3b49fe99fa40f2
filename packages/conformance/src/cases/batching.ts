import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { defineCollection } from '@coffer/core'
import { type Backend, StoreError } from '@coffer/core/backend'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { withWrapped } from '../wrapped-backend.ts'

const things = defineCollection({
  name: 'things',
  schema: z.object({ id: z.string(), n: z.int() }),
  key: 'id',
  fields: { n: 'index' },
})

/** The most calls of the backend that serve callers who come at once: one for who came first, one for each lane. */
const callsAtOnce = ({ capabilities }: CaseContext) => 1 + capabilities.lanes

/** Counts the calls that reach the backend. */
const counting =
  (calls: { write: number; read: number }) =>
  (backend: Backend): Partial<Backend> => ({
    write: (groups, at) => {
      calls.write++
      return backend.write(groups, at)
    },
    read: (layout, keys) => {
      calls.read++
      return backend.read(layout, keys)
    },
  })

/** A backend that fails as a whole for any batch that touches a key. */
const poisoned =
  (key: string) =>
  (backend: Backend): Partial<Backend> => ({
    write: async (groups, at) => {
      const isHit = groups.some((group) => group.operations.some((operation) => operation.id === key))
      if (isHit) throw new StoreError('INTERNAL', 'a planted failure of the engine')
      return backend.write(groups, at)
    },
  })

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

/** B: group commit. */
export const batchingCases: readonly Case[] = [
  {
    id: 'B1-writes-join',
    clause: 'B1',
    title: '64 puts at once reach the backend in at most one call more than it has lanes',
    run: async (context) => {
      const calls = { write: 0, read: 0 }
      await withWrapped(context, counting(calls), async (store) => {
        const collection = store.collection(things)
        await collection.count()
        await Promise.all(numbers(64).map((n) => collection.put({ id: `k${n}`, n })))
        assert.ok(calls.write <= callsAtOnce(context), `${calls.write} calls`)
        assert.equal(await collection.count(), 64)
      })
    },
  },
  {
    id: 'B1-kinds-join',
    clause: 'B1',
    title: 'writes of different kinds, collections and tenants join too, and each caller gets its own answer',
    run: async (context) => {
      const calls = { write: 0, read: 0 }
      await withWrapped(context, counting(calls), async (store) => {
        const collection = store.collection(things)
        await collection.putMany([
          { id: 'a', n: 1 },
          { id: 'b', n: 1 },
        ])
        calls.write = 0
        const answers = await Promise.all([
          collection.put({ id: 'a', n: 2 }),
          collection.insert({ id: 'c', n: 2 }),
          collection.delete('b'),
          collection.delete('missing'),
          collection.putMany([
            { id: 'd', n: 1 },
            { id: 'd', n: 2 },
          ]),
          store.tenant('other').collection(things).put({ id: 'a', n: 1 }),
        ])
        // Where a record was removed before, a new one begins above its last version.
        const [put, inserted, deleted, missing, many, other] = answers
        assert.deepEqual([put, deleted, missing, other], [2, true, false, 1])
        assert.equal((await collection.getEntry('c'))?.version, inserted)
        assert.equal((await collection.getEntry('d'))?.version, many.at(-1))
        assert.ok(calls.write <= callsAtOnce(context), `${calls.write} calls`)
      })
    },
  },
  {
    id: 'B2-lone-write',
    clause: 'B2',
    title: 'a lone put is one call of the backend, and no timer is set on its way there',
    run: async (context) => {
      const calls = { write: 0, read: 0 }
      await withWrapped(context, counting(calls), async (store) => {
        const collection = store.collection(things)
        await collection.count()
        const timers = await timersUntil(
          () => collection.put({ id: 'a', n: 1 }),
          () => calls.write > 0,
        )
        assert.deepEqual([calls.write, timers], [1, 0])
      })
    },
  },
  {
    id: 'B3-refused-beside',
    clause: 'B3',
    title: 'of 64 inserts at once half are refused, and the others are stored',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.putMany(
        numbers(64)
          .filter((n) => n % 2 === 1)
          .map((n) => ({ id: `k${n}`, n: -1 })),
      )
      const results = await Promise.allSettled(numbers(64).map((n) => collection.insert({ id: `k${n}`, n })))
      for (const [n, result] of results.entries()) {
        if (n % 2 === 0) assert.equal(result.status, 'fulfilled')
        else assert.equal(result.status === 'rejected' && result.reason.code, 'ALREADY_EXISTS')
      }
      assert.deepEqual([await collection.count(), await collection.count({ n: -1 })], [64, 32])
    },
  },
  {
    id: 'B3-bulk-beside',
    clause: 'B3',
    title: 'a bulk call that is refused takes nobody along who shares its commit',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.put({ id: 'taken', n: 0 })
      const [before, bulk, after] = await Promise.allSettled([
        collection.put({ id: 'a', n: 1 }),
        collection.insertMany([
          { id: 'a-too', n: 1 },
          { id: 'taken', n: 1 },
          { id: 'b', n: 1 },
        ]),
        collection.insert({ id: 'b', n: 2 }),
      ])
      assert.deepEqual([before?.status, bulk?.status, after?.status], ['fulfilled', 'rejected', 'fulfilled'])
      assert.deepEqual(
        (await collection.find()).records.map((each) => [each.id, each.n]),
        [
          ['a', 1],
          ['b', 2],
          ['taken', 0],
        ],
      )
    },
  },
  {
    id: 'B3-failed-beside',
    clause: 'B3',
    title: 'a write at which the engine fails takes nobody along who shares its batch',
    run: (context) =>
      withWrapped(context, poisoned('k7'), async (store) => {
        const collection = store.collection(things)
        await collection.count()
        const results = await Promise.allSettled(numbers(32).map((n) => collection.put({ id: `k${n}`, n })))
        for (const [n, result] of results.entries())
          assert.equal(result.status, n === 7 ? 'rejected' : 'fulfilled', `k${n}`)
        assert.equal(await collection.count(), 31)
      }),
  },
  {
    id: 'B4-order',
    clause: 'B4',
    title: 'writes of one key that nobody waited for happen in the order in which they were called',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.count()
      const versions = await Promise.all(numbers(64).map((n) => collection.put({ id: 'a', n })))
      assert.deepEqual(
        versions,
        numbers(64).map((n) => n + 1),
      )
      assert.equal((await collection.get('a'))?.n, 63)
    },
  },
  {
    id: 'B4-order-of-kinds',
    clause: 'B4',
    title: 'put, delete and insert of one key that nobody waited for follow one another',
    run: async (context) => {
      const collection = context.store().collection(things)
      await collection.count()
      const [put, deleted, inserted, again] = await Promise.allSettled([
        collection.put({ id: 'a', n: 1 }),
        collection.delete('a'),
        collection.insert({ id: 'a', n: 2 }),
        collection.insert({ id: 'a', n: 3 }),
      ])
      assert.deepEqual([put?.status, deleted?.status === 'fulfilled' && deleted.value], ['fulfilled', true])
      assert.deepEqual([inserted?.status, again?.status], ['fulfilled', 'rejected'])
      assert.equal((await collection.get('a'))?.n, 2)
    },
  },
  {
    id: 'B4-order-while-opening',
    clause: 'B4',
    title: 'the order holds for the very first operations too, while the store opens',
    run: async (context) => {
      const collection = context.store().collection(things)
      const versions = await Promise.all(numbers(16).map((n) => collection.put({ id: 'a', n })))
      assert.deepEqual(
        versions,
        numbers(16).map((n) => n + 1),
      )
      assert.equal((await collection.get('a'))?.n, 15)
    },
  },
  {
    id: 'B4-order-in-waves',
    clause: 'B4',
    title:
      'writes that come while others are in flight keep the order of each key, and never meet one of theirs',
    run: async (context) => {
      const inFlight = new Set<string>()
      let most = 0
      const watched = (backend: Backend): Partial<Backend> => ({
        write: async (groups, at) => {
          const keys = new Set(groups.flatMap(({ operations }) => operations.map(({ id }) => id)))
          for (const key of keys) {
            assert.ok(!inFlight.has(key), `two calls with '${key}' at once`)
            inFlight.add(key)
          }
          most = Math.max(most, inFlight.size)
          try {
            return await backend.write(groups, at)
          } finally {
            for (const key of keys) inFlight.delete(key)
          }
        },
      })
      await withWrapped(context, watched, async (store) => {
        const collection = store.collection(things)
        await collection.count()
        const versions: Promise<number[]>[] = []
        for (const wave of numbers(40)) {
          // Two keys that stay, and two that change from wave to wave.
          const records = [0, 1, 10 + (wave % 7), 20 + (wave % 5)].map((key) => ({ id: `k${key}`, n: wave }))
          versions.push(...records.map((record) => collection.putMany([record])))
          versions.push(collection.putMany(records.slice(0, 2)))
          await new Promise((resolve) => setImmediate(resolve))
        }
        const answers = await Promise.all(versions)
        // Of each wave the first, the second and the last write are those of the keys that stay.
        for (const key of [0, 1]) {
          const seen = numbers(40).flatMap((wave) => [
            answers[wave * 5 + key]?.[0],
            answers[wave * 5 + 4]?.[key],
          ])
          assert.deepEqual(
            seen,
            numbers(80).map((n) => n + 1),
          )
        }
        assert.ok(most > 0)
        const [one, other] = await collection.getMany(['k0', 'k16'])
        assert.deepEqual([one?.n, other?.n], [39, 34])
      })
    },
  },
  {
    id: 'B5-reads',
    clause: 'B5',
    title:
      '64 reads at once each get their own answer, where reads are joined in at most one call more than there are lanes',
    run: async (context) => {
      const calls = { write: 0, read: 0 }
      await withWrapped(context, counting(calls), async (store) => {
        const collection = store.collection(things)
        await collection.putMany(numbers(32).map((n) => ({ id: `k${n}`, n })))
        // The event loop has its turn here, so that it does not ask for one between the reads.
        await nextTurn()
        calls.read = 0
        const answers = await Promise.all(numbers(64).map((n) => collection.getMany([`k${n}`, `k${n % 32}`])))
        for (const [n, answer] of answers.entries()) {
          assert.deepEqual(
            answer.map((each) => each?.n),
            [n < 32 ? n : undefined, n % 32],
          )
        }
        if (context.capabilities.joinReads) {
          assert.ok(calls.read <= callsAtOnce(context), `${calls.read} calls`)
        }
      })
    },
  },
  {
    id: 'B6-bounded',
    clause: 'B6',
    title:
      'more waiting writes than maxQueued are refused with LIMIT_EXCEEDED, and those that wait are stored',
    run: async (context) => {
      const collection = context.store({ maxQueued: 10 }).collection(things)
      await collection.count()
      const results = await Promise.allSettled(numbers(50).map((n) => collection.put({ id: `k${n}`, n })))
      const stored = results.filter((result) => result.status === 'fulfilled').length
      for (const result of results) {
        if (result.status === 'rejected') assert.equal(result.reason.code, 'LIMIT_EXCEEDED')
      }
      assert.ok(stored >= 10 && stored < 50, `${stored} were stored`)
      assert.equal(await collection.count(), stored)
    },
  },
  ...(['put', 'get', 'find'] as const).map(
    (method): Case => ({
      id: `B7-${method}`,
      clause: 'B7',
      title: `${method} after ${method} lets the event loop turn`,
      run: async (context) => {
        const collection = context.store().collection(things)
        await collection.put({ id: 'a', n: 1 })
        const calls = {
          put: () => collection.put({ id: 'a', n: 1 }),
          get: () => collection.get('a'),
          find: () => collection.find(),
        }
        let turned = false
        setImmediate(() => {
          turned = true
        })
        const until = performance.now() + 1_000
        while (!turned && performance.now() < until) await calls[method]()
        assert.ok(turned, 'the event loop did not turn for a second')
      },
    }),
  ),
]

/** Runs work and counts the timers that are set before something is reached. */
async function timersUntil(work: () => Promise<unknown>, reached: () => boolean): Promise<number> {
  const { setTimeout, setInterval } = globalThis
  let timers = 0
  const counted = <T extends (...values: never[]) => unknown>(real: T): T =>
    new Proxy(real, {
      apply: (target, self, values) => {
        if (!reached()) timers++
        return Reflect.apply(target, self, values)
      },
    })
  globalThis.setTimeout = counted(setTimeout)
  globalThis.setInterval = counted(setInterval)
  try {
    await work()
  } finally {
    globalThis.setTimeout = setTimeout
    globalThis.setInterval = setInterval
  }
  return timers
}
