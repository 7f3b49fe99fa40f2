import assert from 'node:assert/strict'
import { type BaseStore, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { collectionCalls, everythingOf, happeningsOf, logCalls, unmapped } from '../method-calls.ts'

const things = defineCollection({
  name: 'things',
  schema: z.object({ id: z.string(), n: z.int() }),
  key: 'id',
  fields: { n: 'index' },
  softDelete: true,
})

/** Stands in every record of the other tenant and nowhere else. */
const CANARY = 'canary-of-the-other-tenant'

/** Fills a tenant with records in every state, and a log, under the keys that the calls use. */
async function fill(store: BaseStore): Promise<void> {
  const collection = everythingOf(store)
  for (const id of ['a', 'a-1', 'a-2', 'b', 'deleted'])
    await collection.put({ id, note: CANARY, tags: [CANARY] })
  await collection.update('b', { tags: [CANARY, CANARY] })
  await collection.delete('deleted')
  await happeningsOf(store).append('a', [
    { event_id: 'a-1', note: CANARY },
    { event_id: 'a-2', note: CANARY },
  ])
}

/** Everything that a tenant has, its past included. */
async function everythingThere(store: BaseStore): Promise<unknown> {
  const collection = everythingOf(store)
  const { records } = await collection.findEntries({ includeDeleted: true })
  return {
    records,
    history: await Promise.all(records.map(({ record }) => collection.history(record.id))),
    counts: [await collection.count(), await collection.count({ tags: { has: CANARY } })],
    log: await happeningsOf(store).find(),
    head: await happeningsOf(store).head('a'),
  }
}

/** N: what belongs to a tenant. */
export const tenantCases: readonly Case[] = [
  {
    id: 'N1-collections',
    clause: 'N1',
    title: 'no method of a collection shows or changes anything of another tenant',
    run: async (context) => {
      const store = context.store()
      const other = store.tenant('other')
      await fill(other)
      const before = await everythingThere(other)
      const own = everythingOf(store.tenant('own'))
      assert.deepEqual(unmapped(own, collectionCalls), [], 'a collection has methods that no case calls')
      // Once on nothing of one's own, once on what the calls of the first round have left.
      for (const [name, call] of [...Object.entries(collectionCalls), ...Object.entries(collectionCalls)]) {
        const answer = await call(own, 'a').catch((error: Error) => [error.message, error])
        assert.ok(!JSON.stringify(answer ?? null).includes(CANARY), `${name} shows it`)
        assert.deepEqual(await everythingThere(other), before, `${name} changes it`)
      }
    },
  },
  {
    id: 'N1-logs',
    clause: 'N1',
    title: 'no method of a log shows or changes anything of another tenant',
    run: async (context) => {
      const store = context.store()
      const other = store.tenant('other')
      await fill(other)
      const before = await everythingThere(other)
      const own = happeningsOf(store.tenant('own'))
      assert.deepEqual(unmapped(own, logCalls), [], 'a log has methods that no case calls')
      for (const [name, call] of [...Object.entries(logCalls), ...Object.entries(logCalls)]) {
        const answer = await call(own, 'a').catch((error: Error) => [error.message, error])
        assert.ok(!JSON.stringify(answer ?? null).includes(CANARY), `${name} shows it`)
        assert.deepEqual(await everythingThere(other), before, `${name} changes it`)
      }
    },
  },
  {
    id: 'N1-nothing-there',
    clause: 'N1',
    title: 'to a tenant without records everything looks empty, whatever others have',
    run: async (context) => {
      const store = context.store()
      await fill(store.tenant('other'))
      for (const own of [store, store.tenant('own'), store.tenant('othe'), store.tenant('other ')]) {
        const collection = everythingOf(own)
        assert.deepEqual(await collection.find({ includeDeleted: true }), { records: [], next: undefined })
        assert.equal(await collection.count({ note: { gte: '' } }), 0)
        assert.deepEqual(await collection.getMany(['a', 'b', 'deleted'], { includeDeleted: true }), [
          undefined,
          undefined,
          undefined,
        ])
        assert.equal((await collection.verify()).checked, 0)
        assert.equal(await happeningsOf(own).head('a'), undefined)
      }
    },
  },
  {
    id: 'N1-cursor',
    clause: 'N1',
    title: 'a cursor of one tenant is refused by another',
    run: async (context) => {
      const store = context.store()
      for (const tenant of ['a', 'b']) {
        await store
          .tenant(tenant)
          .collection(things)
          .putMany([
            { id: 'x', n: 1 },
            { id: 'y', n: 2 },
          ])
      }
      const { next } = await store.tenant('a').collection(things).find({ limit: 1 })
      assert.notEqual(next, undefined)
      const misused = store
        .tenant('b')
        .collection(things)
        .find({ limit: 1, ...(next && { cursor: next }) })
      await assert.rejects(misused, { code: 'INVALID_ARGUMENT' })
    },
  },
  {
    id: 'N2-same-key',
    clause: 'N2',
    title: 'a key belongs to its tenant: records, versions and floors are apart',
    run: async (context) => {
      const store = context.store()
      const [a, b] = [store.tenant('a').collection(things), store.tenant('b').collection(things)]
      for (let n = 1; n <= 3; n++) await a.put({ id: 'x', n })
      assert.equal(await b.insert({ id: 'x', n: 9 }), 1)
      await a.delete('x', { permanent: true })
      assert.equal(await b.insert({ id: 'y', n: 1 }), 1)
      assert.deepEqual(
        (await b.find()).records.map((each) => each.n),
        [9, 1],
      )
    },
  },
  {
    id: 'N2-names',
    clause: 'N2',
    title: 'tenants whose names differ in case, normal form or a separator are different tenants',
    run: async (context) => {
      const store = context.store()
      const names = [
        'a',
        'A',
        'é',
        'e\u0301',
        'a/b',
        'a:b',
        'a\u0001b',
        '__proto__',
        'constructor',
        ' a',
        '😀',
        '\uFFFD',
      ]
      for (const [n, name] of names.entries()) await store.tenant(name).collection(things).put({ id: 'x', n })
      for (const [n, name] of names.entries()) {
        assert.deepEqual((await store.tenant(name).collection(things).find()).records, [{ id: 'x', n }], name)
      }
    },
  },
  {
    id: 'N2-no-concatenation',
    clause: 'N2',
    title: 'tenant and key are never run together',
    run: async (context) => {
      const store = context.store()
      await store.tenant('a').collection(things).put({ id: 'b:c', n: 1 })
      for (const [tenant, key] of [
        ['a:b', 'c'],
        ['ab', ':c'],
        ['', 'ab:c'],
      ] as const) {
        if (tenant === '') continue
        assert.equal(await store.tenant(tenant).collection(things).has(key), false)
      }
      await store.tenant('a:b').collection(things).put({ id: 'c', n: 2 })
      assert.equal((await store.tenant('a').collection(things).get('b:c'))?.n, 1)
    },
  },
  {
    id: 'N3-not-a-tenant',
    clause: 'N3',
    title: 'what can not name a tenant is refused: empty, too long, NUL, lone surrogates, no text',
    run: async (context) => {
      const store = context.store()
      for (const wrong of ['', 'x'.repeat(257), 'é'.repeat(129), 'a\0b', '\uD800', undefined, null, 1]) {
        assert.throws(() => store.tenant(wrong as string), { code: 'INVALID_ARGUMENT' }, String(wrong))
      }
      assert.equal(store.tenant('é'.repeat(128)).tenantName, 'é'.repeat(128))
    },
  },
  {
    id: 'N3-default',
    clause: 'N3',
    title: 'the store itself is the tenant default, unless it is made for another',
    run: async (context) => {
      const store = context.store()
      await store.collection(things).put({ id: 'a', n: 1 })
      assert.equal(store.tenantName, 'default')
      assert.equal(await store.tenant('default').collection(things).has('a'), true)
    },
  },
  {
    id: 'N3-of-a-tenant',
    clause: 'N3',
    title: 'a tenant of a tenant is that tenant, and a store made for a tenant is it',
    run: async (context) => {
      const store = context.store({ tenant: 'made' })
      await store.collection(things).put({ id: 'a', n: 1 })
      assert.equal(store.tenant('x').tenant('made').tenantName, 'made')
      assert.equal(await store.tenant('x').tenant('made').collection(things).has('a'), true)
      assert.equal(await store.tenant('x').collection(things).has('a'), false)
    },
  },
  {
    id: 'N4-sweeps',
    clause: 'N4',
    title: 'a tenant’s handle sweeps and purges its own records, the store sweeps all',
    run: async (context) => {
      const store = context.store()
      const names = ['a', 'b', 'c']
      for (const name of names) {
        await store.tenant(name).collection(things).put({ id: 'dies', n: 1 }, { ttlMs: 10 })
        await store.tenant(name).collection(things).put({ id: 'deleted', n: 1 })
        await store.tenant(name).collection(things).delete('deleted')
      }
      context.clock.advance(10)
      assert.equal(await store.tenant('a').cleanupExpired(), 1)
      assert.equal(await store.tenant('a').purgeDeleted({ olderThanMs: 0 }), 1)
      assert.equal(await store.tenant('a').cleanupExpired(), 0)
      assert.equal(await store.cleanupExpired(), 2)
      assert.equal(await store.purgeDeleted({ olderThanMs: 0 }), 2)
    },
  },
  {
    id: 'N5-transactions',
    clause: 'N5',
    title: 'a tenant’s transaction is confined to it, and one transaction may span tenants by name',
    run: async (context) => {
      const store = context.store()
      await store.collection(things).count()
      await store.tenant('a').transaction(async (tx) => {
        assert.equal(tx.tenantName, 'a')
        await tx.collection(things).put({ id: 'x', n: 1 })
        await tx.tenant('b').collection(things).put({ id: 'x', n: 2 })
      })
      const undone = store.transaction(async (tx) => {
        await tx.tenant('a').collection(things).put({ id: 'x', n: 3 })
        await tx.tenant('b').collection(things).put({ id: 'x', n: 3 })
        throw new Error('undo')
      })
      await undone.catch(() => undefined)
      const stored = ['default', 'a', 'b'].map((name) => store.tenant(name).collection(things).get('x'))
      assert.deepEqual(
        (await Promise.all(stored)).map((each) => each?.n),
        [undefined, 1, 2],
      )
    },
  },
  {
    id: 'N5-one-batch',
    clause: 'N5',
    title: 'writes of many tenants at once answer and store each in its own',
    run: async (context) => {
      const store = context.store()
      const tenants = Array.from({ length: 32 }, (_, n) => store.tenant(`t${n}`).collection(things))
      assert.deepEqual(
        new Set(await Promise.all(tenants.map((each, n) => each.insert({ id: 'x', n })))),
        new Set([1]),
      )
      const read = await Promise.all(tenants.map((each) => each.get('x')))
      assert.deepEqual(
        read.map((each) => each?.n),
        Array.from({ length: 32 }, (_, n) => n),
      )
    },
  },
]
