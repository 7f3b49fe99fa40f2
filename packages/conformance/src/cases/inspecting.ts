import assert from 'node:assert/strict'
import type { Case } from '../case.ts'
import { everythingOf, happeningsOf } from '../method-calls.ts'
import { fillMeasured, fillRecords, fillSample } from './sample-place.ts'

const CANARY = 'canary-of-a-value'

/** O10: what a place tells of itself. */
export const inspectingCases: readonly Case[] = [
  {
    id: 'O10-shape',
    clause: 'O10',
    title: 'an inspection has the engine, facts, bytes, checks, and the size of every layout in text order',
    run: async (context) => {
      const store = context.store()
      await fillSample(store, context.clock)
      const inspection = await store.place().inspect()
      if (inspection === undefined) return
      const { engine, facts, sizes, bytes, clock, checks } = inspection
      assert.ok(engine.length > 0 && engine.length < 100)
      for (const [name, fact] of Object.entries(facts)) {
        assert.ok(fact === null || ['string', 'number', 'boolean'].includes(typeof fact), name)
      }
      assert.ok(bytes === null || (Number.isFinite(bytes) && bytes >= 0))
      assert.ok(clock === null || Number.isFinite(clock))
      for (const { topic, state, says, advice } of checks) {
        assert.ok(topic.length > 0 && says.length > 0)
        assert.ok(['good', 'warning', 'bad'].includes(state), state)
        assert.ok(state === 'good' || (advice ?? '').length > 0, `${topic}: what to do about it is not said`)
      }
      assert.deepEqual(
        sizes.map(({ layout }) => layout),
        (await store.place().layouts()).map(({ layout }) => layout.name),
      )
    },
  },
  {
    id: 'O10-sizes',
    clause: 'O10',
    title: 'the rows of all tenants are counted, in whatever state, or said to be estimated',
    run: async (context) => {
      const store = context.store()
      const collection = everythingOf(store)
      await collection.putMany(['a', 'b', 'c'].map((id) => ({ id, note: 'x' })))
      await collection.delete('a')
      await collection.put({ id: 'b', note: 'x' }, { ttlMs: 1 })
      await everythingOf(store.tenant('other')).put({ id: 'a', note: 'x' })
      context.clock.advance(1)
      const sizes = (await store.place().inspect())?.sizes ?? []
      for (const { layout, rows, isEstimate, bytes } of sizes) {
        assert.ok(bytes === null || (Number.isFinite(bytes) && bytes >= 0), layout)
        assert.ok(Number.isInteger(rows) && rows >= 0, layout)
        if (isEstimate) continue
        assert.equal(rows, layout === 'everything' ? 4 : 6, layout)
      }
    },
  },
  {
    id: 'O10-states',
    clause: 'O10',
    title:
      'expired and soft-deleted rows of all tenants are counted where that is asked, each row once, and those of the past are neither',
    run: async (context) => {
      const store = context.store()
      const collection = everythingOf(store)
      await collection.putMany(['a', 'b', 'c', 'd'].map((id) => ({ id, note: 'x' })))
      await everythingOf(store.tenant('other')).putMany([{ id: 'a', note: 'x' }], { ttlMs: 2 })
      await collection.put({ id: 'b', note: 'x' }, { ttlMs: 2 })
      await collection.put({ id: 'c', note: 'x' }, { ttlMs: 3 })
      for (const id of ['a', 'b', 'c']) await collection.delete(id)
      context.clock.advance(2)
      for (const states of ['quick', 'exact'] as const) {
        for (const size of (await store.place().inspect({ states }))?.sizes ?? []) {
          if (size.layout !== 'everything' || size.states === undefined) {
            assert.equal(size.states, undefined)
            continue
          }
          const { expired, deleted, countedTo } = size.states
          assert.deepEqual({ expired, deleted }, { expired: 2, deleted: 2 }, states)
          assert.ok(countedTo === undefined ? true : states === 'quick' && countedTo > 2)
          if (states === 'exact') assert.deepEqual([size.rows, size.isEstimate], [5, false])
        }
      }
      const unasked = (await store.place().inspect())?.sizes ?? []
      assert.ok(unasked.every(({ states }) => states === undefined))
      for (const options of [{ states: 'all' }, { state: 'quick' }]) {
        await assert.rejects(store.place().inspect(options as never), { code: 'INVALID_ARGUMENT' })
      }
    },
  },
  {
    id: 'O10-no-values',
    clause: 'O10',
    title: 'no inspection and no check names a key, a value, a stream or a tenant',
    run: async (context) => {
      const store = context.store()
      const own = store.tenant(`tenant-${CANARY}`)
      await everythingOf(own).put({ id: `key-${CANARY}`, note: CANARY, tags: [CANARY] })
      await happeningsOf(own).append(`stream-${CANARY}`, [{ event_id: CANARY, note: CANARY }])
      const told = [
        await store.place().inspect({ states: 'exact' }),
        await store.place().check(),
        store.place().statistics(),
      ]
      assert.equal(JSON.stringify(told).includes(CANARY), false)
    },
  },
  {
    id: 'O10-sound',
    clause: 'O10',
    title: 'the check of the structure finds nothing wrong after writes of every kind, and changes nothing',
    run: async (context) => {
      const store = context.store()
      await fillRecords(store, context.clock)
      await fillMeasured(store)
      const before = await everythingOf(store).findEntries({ includeDeleted: true })
      const problems = await store.place().check()
      if (problems !== undefined) assert.deepEqual(problems, [])
      assert.deepEqual(await everythingOf(store).findEntries({ includeDeleted: true }), before)
    },
  },
  {
    id: 'O10-nothing-made',
    clause: 'O10',
    title: 'a place in which nothing was made is inspected and checked too',
    run: async (context) => {
      const store = context.store()
      const inspection = await store.place().inspect()
      if (inspection !== undefined) assert.deepEqual(inspection.sizes, [])
      assert.deepEqual((await store.place().check()) ?? [], [])
    },
  },
]
