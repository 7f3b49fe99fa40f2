import assert from 'node:assert/strict'
import type { Case } from '../case.ts'
import { everythingOf, PLACE_HANDLES, placeCalls, unmapped } from '../method-calls.ts'

/** What can be asked of every place, whether its contents are declared or not. */
const WITHOUT_CONTENTS: readonly string[] = ['isThere', 'inspect', 'check', 'make']

/** O11: who is let through to the place behind a store. */
export const placeDoorCases: readonly Case[] = [
  {
    id: 'O11-closed',
    clause: 'O11',
    title: 'after close every method of the place fails with CLOSED, of a handle made before and after',
    run: async (context) => {
      const store = context.store()
      const before = store.place()
      assert.deepEqual(
        unmapped(before, placeCalls, PLACE_HANDLES),
        [],
        'a place has methods that no case calls',
      )
      await everythingOf(store).count()
      await store.close()
      for (const [name, call] of Object.entries(placeCalls)) {
        await assert.rejects(call(before), { code: 'CLOSED' }, name)
        await assert.rejects(call(store.place()), { code: 'CLOSED' }, name)
      }
      assert.deepEqual(before.statistics(), { waitingWrites: 0, connections: undefined, cache: undefined })
    },
  },
  {
    id: 'O11-tenant',
    clause: 'O11',
    title: 'the handle of a tenant leads to no place',
    run: async (context) => {
      const store = context.store()
      await everythingOf(store).count()
      assert.throws(() => store.tenant('own').place(), { code: 'UNSUPPORTED' })
      assert.throws(() => store.tenant('default').place(), { code: 'UNSUPPORTED' })
      await store.tenant('own').transaction(async (tx) => {
        assert.throws(() => tx.place(), { code: 'UNSUPPORTED' })
      })
    },
  },
  {
    id: 'O11-transaction',
    clause: 'O11',
    title:
      'the handle of a transaction leads to no place, and inside a callback every method of it is refused',
    run: async (context) => {
      const store = context.store()
      const place = store.place()
      await everythingOf(store).put({ id: 'a', note: 'x' })
      await store.transaction(async (tx) => {
        assert.throws(() => tx.place(), { code: 'UNSUPPORTED' })
        for (const [name, call] of Object.entries(placeCalls)) {
          await assert.rejects(call(place), { code: 'INVALID_ARGUMENT' }, name)
        }
      })
      assert.equal(await everythingOf(store).count(), 1)
    },
  },
  {
    id: 'O11-open-collections',
    clause: 'O11',
    title: 'a store that has used a collection does not replace or make tables, and its records stay',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      await everythingOf(store).put({ id: 'a', note: 'x' })
      let runs = 0
      const replacing = store.place().replace({ layouts: [], onlyIfEmpty: false }, async () => {
        runs++
      })
      await assert.rejects(replacing, { code: 'INVALID_ARGUMENT' })
      await assert.rejects(store.place().make([]), { code: 'INVALID_ARGUMENT' })
      assert.equal(runs, 0)
      assert.equal(await everythingOf(store).count(), 1)
    },
  },
  {
    id: 'O11-undeclared',
    clause: 'O11',
    title: 'where contents are not declared, what needs them is UNSUPPORTED, and the rest works',
    without: ['contents'],
    run: async (context) => {
      const store = context.store()
      const place = store.place()
      assert.equal(context.place.backend().contents, undefined)
      for (const [name, call] of Object.entries(placeCalls)) {
        if (WITHOUT_CONTENTS.includes(name)) await call(place)
        else await assert.rejects(call(place), { code: 'UNSUPPORTED' }, name)
      }
      assert.equal(place.statistics().waitingWrites, 0)
    },
  },
  {
    id: 'O11-declared',
    clause: 'O11',
    title: 'where contents are declared, every store that is opened has them',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      await store.open()
      for (const name of ['layouts', 'snapshot', 'statements'] as const)
        await placeCalls[name]?.(store.place())
      const { waitingWrites, connections } = store.place().statistics()
      assert.equal(waitingWrites, 0)
      if (connections === undefined) return
      const { used, idle, waiting, max } = connections
      assert.ok([used, idle, waiting, max].every((each) => Number.isInteger(each) && each >= 0))
      assert.ok(used + idle <= max, 'more connections than there may be')
    },
  },
]
