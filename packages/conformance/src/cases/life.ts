import assert from 'node:assert/strict'
import { type BaseStore, defineCollection, StoreError } from '@coffer/core'
import type { Backend } from '@coffer/core/backend'
import * as z from 'zod'
import type { Case } from '../case.ts'
import {
  collectionCalls,
  everythingOf,
  happeningsOf,
  logCalls,
  STORE_HANDLES,
  storeCalls,
  unmapped,
} from '../method-calls.ts'
import { withWrapped } from '../wrapped-backend.ts'
import { abortCases } from './aborting.ts'
import { diagnosticsCases } from './diagnostics.ts'
import { errorCases } from './errors-without-values.ts'
import { moduleCases } from './modules.ts'
import { openerCases } from './openers.ts'

const things = defineCollection({
  name: 'things',
  schema: z.object({ id: z.string(), n: z.int() }),
  key: 'id',
})

/** Counts the calls of `open` and lets the first few fail. */
const opening =
  (calls: { count: number }, failures = 0) =>
  (backend: Backend): Partial<Backend> => ({
    open: async (layouts) => {
      calls.count++
      if (calls.count <= failures) throw new StoreError('UNAVAILABLE', 'a planted failure to open')
      return backend.open(layouts)
    },
  })

/** Every call that reaches the backend, by the name of its method. */
function everyCall(store: BaseStore, key: string): (readonly [name: string, call: () => Promise<unknown>])[] {
  const collection = everythingOf(store)
  const log = happeningsOf(store)
  assert.deepEqual(unmapped(collection, collectionCalls), [], 'a collection has methods that no case calls')
  assert.deepEqual(unmapped(log, logCalls), [], 'a log has methods that no case calls')
  assert.deepEqual(unmapped(store, storeCalls, STORE_HANDLES), [], 'a store has methods that no case calls')
  return [
    ...Object.entries(collectionCalls).map(
      ([name, call]) => [`collection.${name}`, () => call(collection, key)] as const,
    ),
    ...Object.entries(logCalls).map(([name, call]) => [`log.${name}`, () => call(log, key)] as const),
    ...Object.entries(storeCalls).map(([name, call]) => [`store.${name}`, () => call(store)] as const),
  ]
}

const openCases: readonly Case[] = [
  {
    id: 'L1-lazy',
    clause: 'L1',
    title: 'making a store and its handles opens nothing',
    run: async (context) => {
      const calls = { count: 0 }
      await withWrapped(context, opening(calls), async (store) => {
        store.tenant('other').collection(things)
        await new Promise(setImmediate)
        assert.equal(calls.count, 0)
        await store.collection(things).count()
        assert.equal(calls.count, 1)
      })
    },
  },
  {
    id: 'L1-shared',
    clause: 'L1',
    title: '64 first operations at once open the backend once',
    run: async (context) => {
      const calls = { count: 0 }
      await withWrapped(context, opening(calls), async (store) => {
        const collection = store.collection(things)
        await Promise.all(Array.from({ length: 64 }, (_, n) => collection.put({ id: `k${n}`, n })))
        assert.equal(calls.count, 1)
        assert.equal(await collection.count(), 64)
      })
    },
  },
  {
    id: 'L1-open-failed',
    clause: 'L1',
    title: 'a failure to open is told to all who waited for it, and the next operation tries again',
    run: async (context) => {
      const calls = { count: 0 }
      await withWrapped(context, opening(calls, 1), async (store) => {
        const collection = store.collection(things)
        const first = await Promise.allSettled([
          collection.put({ id: 'a', n: 1 }),
          collection.get('a'),
          store.open(),
        ])
        for (const result of first) {
          assert.equal(result.status === 'rejected' && result.reason.code, 'UNAVAILABLE')
        }
        assert.equal(await collection.put({ id: 'a', n: 1 }), 1)
      })
    },
  },
  {
    id: 'L1-open-without-collections',
    clause: 'L1',
    title: 'a store opens, and runs a transaction, before it knows any collection',
    run: async (context) => {
      const store = context.store()
      assert.equal(await store.transaction(async () => 'done'), 'done')
      await store.open()
      assert.equal(await store.collection(things).put({ id: 'a', n: 1 }), 1)
    },
  },
  {
    id: 'L1-collection-later',
    clause: 'L1',
    title: 'a collection that is defined while the store is open is made on first use',
    run: async (context) => {
      const store = context.store()
      await store.open()
      assert.equal(await store.collection(things).put({ id: 'a', n: 1 }), 1)
      await everythingOf(store).put({ id: 'a', note: 'x' })
      assert.equal(await everythingOf(store).count(), 1)
    },
  },
  {
    id: 'L1-defined-twice',
    clause: 'L1',
    title: 'one name can not mean two definitions in one store',
    run: async (context) => {
      const store = context.store()
      store.collection(things)
      const twin = defineCollection({ name: 'things', schema: z.object({ key: z.string() }), key: 'key' })
      assert.throws(() => store.collection(twin), { code: 'INVALID_ARGUMENT' })
    },
  },
]

const closeCases: readonly Case[] = [
  {
    id: 'L1-close-waits',
    clause: 'L1',
    title: 'close waits for operations, appends and transactions in flight',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(things)
      await Promise.all([collection.count(), happeningsOf(store).count()])
      const flying: Promise<unknown>[] = Array.from({ length: 32 }, (_, n) =>
        collection.put({ id: `k${n}`, n }),
      )
      flying.push(collection.deleteMany({ all: true }), collection.find(), collection.update('k0', { n: 2 }))
      flying.push(happeningsOf(store).append('s', [{ event_id: 'e', note: 'x' }]))
      flying.push(
        store.transaction(async (tx) => {
          for (let n = 0; n < 10; n++) {
            await tx.collection(things).put({ id: `t${n}`, n })
            await new Promise(setImmediate)
          }
        }),
      )
      let closed = false
      let early = 0
      for (const each of flying) {
        const note = () => {
          if (closed) early++
        }
        each.then(note, note)
      }
      await store.close().then(() => {
        closed = true
      })
      const results = await Promise.allSettled(flying)
      const codes = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
      // The record that an update wants may have been deleted by then.
      assert.deepEqual(
        codes.filter((code) => code !== 'NOT_FOUND'),
        [],
      )
      assert.equal(early, 0, 'close was done before the work in flight')
    },
  },
  {
    id: 'L1-closed',
    clause: 'L1',
    title: 'after close every method of a collection, a log and a store fails with CLOSED',
    run: async (context) => {
      const store = context.store()
      await everythingOf(store).put({ id: 'a', note: 'x' })
      const calls = everyCall(store, 'a')
      await store.close()
      for (const [name, call] of calls) await assert.rejects(call(), { code: 'CLOSED' }, name)
    },
  },
  {
    id: 'L1-closed-arguments',
    clause: 'L1',
    title: 'handles made after close, of another tenant too, fail with CLOSED',
    run: async (context) => {
      const store = context.store()
      await store.collection(things).count()
      await store.close()
      await assert.rejects(store.tenant('other').collection(things).get('a'), { code: 'CLOSED' })
      await assert.rejects(everythingOf(store).get('a'), { code: 'CLOSED' })
    },
  },
  {
    id: 'L1-close-twice',
    clause: 'L1',
    title: 'a store may be closed twice, at once or later, and before it was ever used',
    run: async (context) => {
      const calls = { count: 0 }
      await withWrapped(
        context,
        (backend) => ({
          close: async () => {
            calls.count++
            await backend.close()
          },
        }),
        async (store) => {
          await Promise.all([store.close(), store.close()])
          await store.close()
          await assert.rejects(store.collection(things).get('a'), { code: 'CLOSED' })
        },
      )
      assert.equal(calls.count, 1)
    },
  },
  {
    id: 'L1-dispose',
    clause: 'L1',
    title: 'disposing of a store closes it',
    run: async (context) => {
      const store = context.store()
      await store.collection(things).count()
      await store[Symbol.asyncDispose]()
      await assert.rejects(store.collection(things).count(), { code: 'CLOSED' })
    },
  },
  {
    id: 'L1-reopened',
    clause: 'L1',
    title: 'every method works on a store that was opened again',
    requires: ['persistent'],
    run: async (context) => {
      const first = context.store()
      for (const [, call] of everyCall(first, 'a')) await call().catch(() => undefined)
      await first.close()
      const again = context.store()
      // Records that were there before are met by some calls; nothing else may fail.
      await everythingOf(again).clear()
      for (const [name, call] of everyCall(again, 'b')) {
        const failure = await call().then(
          () => undefined,
          (error: { code?: string }) => error.code,
        )
        assert.ok(failure === undefined || failure === 'NOT_FOUND', `${name}: ${failure}`)
      }
    },
  },
  {
    id: 'L1-leaves-nothing',
    clause: 'L1',
    title: 'opening and closing many times leaves no handle behind',
    requires: ['persistent'],
    run: async (context) => {
      const once = async () => {
        const store = context.store()
        await store.collection(things).put({ id: 'a', n: 1 })
        await store.close()
      }
      await once()
      const before = process.getActiveResourcesInfo().length
      for (let round = 0; round < 20; round++) await once()
      await new Promise(setImmediate)
      assert.ok(process.getActiveResourcesInfo().length < before + 20)
    },
  },
  {
    id: 'L1-rejects',
    clause: 'L1',
    title: 'what can not be accepted is a rejection, never thrown at once',
    run: async (context) => {
      const store = context.store()
      const collection = everythingOf(store)
      const log = happeningsOf(store)
      const keyed = ['get', 'getEntry', 'has', 'update', 'delete', 'restore', 'history', 'getAt'] as const
      for (const name of keyed)
        await assert.rejects(
          collectionCalls[name]?.(collection, '') ?? Promise.resolve(),
          { code: 'INVALID_ARGUMENT' },
          name,
        )
      for (const name of ['append', 'read', 'iterate', 'head', 'verify'] as const) {
        await assert.rejects(
          logCalls[name]?.(log, '') ?? Promise.resolve(),
          { code: 'INVALID_ARGUMENT' },
          name,
        )
      }
      await assert.rejects(collection.verify(''), { code: 'INVALID_ARGUMENT' })
      await assert.rejects(store.cleanupExpired({ nonsense: 1 } as never), { code: 'INVALID_ARGUMENT' })
      await assert.rejects(store.purgeDeleted({ olderThanMs: -1 }), { code: 'INVALID_ARGUMENT' })
    },
  },
]

/** L1, L5, L6, W6 and what belongs to the whole store: modules, events and errors. */
export const lifeCases: readonly Case[] = [
  ...openCases,
  ...closeCases,
  ...abortCases,
  ...openerCases,
  ...moduleCases,
  ...diagnosticsCases,
  ...errorCases,
]
