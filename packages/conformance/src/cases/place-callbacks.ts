import assert from 'node:assert/strict'
import { type BaseStore, defineCollection, type Loader, type Snapshot } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { assertSame, heldBy, numberRow, tableIn } from '../held-contents.ts'
import { successors } from './successors.ts'

const schema = z.object({ id: z.string(), n: z.int() })
const things = defineCollection({ name: 'things', schema, key: 'id', fields: { n: 'index' } })
const others = defineCollection({ name: 'others', schema, key: 'id' })
const { layout } = things
const nothing = { put: [], remove: [], floors: [] } as const

const row = (id: string) => numberRow(id, 1)

function replaceBy(store: BaseStore, run: (loader: Loader) => Promise<unknown>) {
  return store.place().replace({ layouts: [{ layout, stale: false }], onlyIfEmpty: false }, run)
}

const notWaitedFor: readonly Case[] = [
  {
    id: 'O4-not-awaited',
    clause: 'O4',
    title: 'what a callback loads without waiting for it is loaded, or fails the whole',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const store = await next()
      await replaceBy(store, async (loader) => {
        for (const id of ['a', 'b', 'c']) void loader.rows(layout, [row(id)])
        void loader.floors(layout, [{ tenant: 'default', version: 7 }])
      })
      const before = await heldBy(store)
      const { rows, floors } = tableIn(before, 'things')
      assert.deepEqual([rows.map(({ id }) => id), floors.length], [['a', 'b', 'c'], 1])
      const failing = replaceBy(store, async (loader) => {
        for (const id of ['a', 'b', 'a']) loader.rows(layout, [row(id)]).catch(() => undefined)
      })
      await assert.rejects(failing, { code: 'ALREADY_EXISTS' })
      assertSame(await heldBy(store), before)
    },
  },
  {
    id: 'O4-too-late',
    clause: 'O4',
    title: 'what a callback was given can be used no more when it has ended',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      let late: Loader | undefined
      await replaceBy(store, async (loader) => {
        late = loader
      })
      const refusal = { code: 'INVALID_ARGUMENT' }
      assert.ok(late !== undefined)
      await assert.rejects(late.rows(layout, [row('a')]), refusal)
      await assert.rejects(late.floors(layout, []), refusal)
      let past: Snapshot | undefined
      await store.place().snapshot(async (snapshot) => {
        past = snapshot
      })
      assert.ok(past !== undefined)
      await assert.rejects(past.rows(layout, undefined, 1), refusal)
      assert.deepEqual(tableIn(await heldBy(store), 'things').rows, [])
    },
  },
]

const meanwhile: readonly Case[] = [
  {
    id: 'O4-first-use',
    clause: 'O4',
    title:
      'a collection is not used for the first time while everything is replaced, and is as it should be afterwards',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      await replaceBy(store, async (loader) => {
        const refusal = { code: 'INVALID_ARGUMENT' }
        await assert.rejects(store.collection(things).put({ id: 'lost', n: 1 }), refusal)
        await assert.rejects(store.collection(others).get('a'), refusal)
        await assert.rejects(store.place().migrate(), refusal)
        assert.equal((await store.place().health({ write: true })).ok, false)
        await loader.rows(layout, [row('a')])
      })
      await store.collection(things).put({ id: 'b', n: 2 })
      await store.collection(others).put({ id: 'o', n: 1 })
      assert.deepEqual(await store.collection(things).getMany(['a', 'b', 'lost']), [
        { id: 'a', n: 1 },
        { id: 'b', n: 2 },
        undefined,
      ])
      assert.ok((await store.place().health({ write: true })).ok)
    },
  },
  {
    id: 'O11-inside',
    clause: 'O11',
    title: 'inside the callbacks of snapshot and replace, what would wait for their end is refused',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      const refusedInside = async () => {
        const refusal = { code: 'INVALID_ARGUMENT' }
        await assert.rejects(store.close(), refusal)
        await assert.rejects(store.place().make([layout]), refusal)
        const inner = store.place().replace({ layouts: [], onlyIfEmpty: false }, async () => undefined)
        await assert.rejects(inner, refusal)
      }
      await store.place().snapshot(refusedInside)
      await replaceBy(store, async (loader) => {
        await refusedInside()
        await loader.rows(layout, [row('a')])
      })
      assert.equal(await store.collection(things).count(), 1)
      await store.close()
    },
  },
]

const asked: readonly Case[] = [
  {
    id: 'O2-isolated',
    clause: 'O2',
    title: 'changing rows and layouts that a snapshot gave out does not change the store',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(things)
      await collection.put({ id: 'a', n: 1 })
      const before = await heldBy(store)
      await store.place().snapshot(async (snapshot) => {
        const [given] = await snapshot.rows(layout, undefined, 1)
        assert.ok(given !== undefined)
        // Refused where the row is frozen.
        Reflect.set(given, 'document', '{"id":"a","n":2}')
        Reflect.set(given, 'version', 9)
        Reflect.set(given.fields, 0, 2)
        for (const held of snapshot.layouts) Reflect.set(held, 'stale', true)
      })
      assert.deepEqual(await collection.get('a'), { id: 'a', n: 1 })
      assert.equal(await collection.count({ n: 1 }), 1)
      assertSame(await heldBy(store), before)
    },
  },
  {
    id: 'O6-unmade',
    clause: 'O6',
    title: 'rows of a layout that the place does not have are neither merged nor told',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      const refusal = { code: 'INVALID_ARGUMENT' }
      const remove = [{ tenant: 'default', id: 'a' }]
      await assert.rejects(store.place().merge(layout, { ...nothing, put: [row('a')] }), refusal)
      await assert.rejects(store.place().merge(layout, { ...nothing, remove }), refusal)
      await store.place().snapshot(async (snapshot) => {
        await assert.rejects(snapshot.rows(layout, undefined, 1), refusal)
        await assert.rejects(snapshot.floors(layout, undefined, 1), refusal)
      })
      assert.deepEqual(await store.place().layouts(), [])
    },
  },
]

/** O4, O6, O11, V4: what callbacks are given, and what may happen while they run. */
export const placeCallbackCases: readonly Case[] = [...notWaitedFor, ...meanwhile, ...asked]
