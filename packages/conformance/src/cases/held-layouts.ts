import assert from 'node:assert/strict'
import { type BaseStore, defineCollection, type HeldLayout } from '@coffer/core'
import type { Layout } from '@coffer/core/backend'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { heldBy, plainLayout, tableIn } from '../held-contents.ts'
import { everything, everythingOf, happenings, happeningsOf } from '../method-calls.ts'
import { fillLog, fillRecords, fillSample, measured } from './sample-place.ts'
import { interruptedAfter, successors } from './successors.ts'

const schema = z.object({ id: z.string(), n: z.int(), note: z.string() })

function keeping(name: string, history = false) {
  return defineCollection({ name, schema, key: 'id', fields: { n: 'index' }, history })
}

const plain = keeping('plain')
const changed = defineCollection({ name: 'plain', schema, key: 'id', fields: { note: 'index', n: 'index' } })

function namesOf(held: readonly HeldLayout[]): string[] {
  return held.map(({ layout }) => layout.name)
}

/** O1: which layouts a place holds. */
export const heldLayoutCases: readonly Case[] = [
  {
    id: 'O1-nothing-made',
    clause: 'O1',
    title: 'a place in which nothing was ever made holds no layouts',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      everythingOf(store)
      assert.deepEqual(await store.place().layouts(), [])
      assert.deepEqual(await heldBy(store), { layouts: [], tables: [] })
    },
  },
  {
    id: 'O1-held',
    clause: 'O1',
    title: 'layouts are told as they were defined, those of histories, heads and idempotency keys too',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      await fillSample(store, context.clock)
      const held = await store.place().layouts()
      assert.deepEqual(namesOf(held), [
        'authors',
        'books',
        'coffer_idempotency_keys',
        'everything',
        'everything__history',
        'happenings',
        'happenings_heads',
        'measured',
        'reviews',
      ])
      const layoutOf = (name: string) => held.find(({ layout }) => layout.name === name)?.layout
      const wanted: readonly Layout[] = [
        everything.layout,
        measured.layout,
        happenings.entries.layout,
        happenings.heads.layout,
        ...(everything.layout.history ? [everything.layout.history] : []),
      ]
      for (const layout of wanted) {
        const told = layoutOf(layout.name)
        assert.ok(told, layout.name)
        assert.equal(told.history, undefined)
        assert.deepEqual(plainLayout(told), plainLayout(layout))
      }
      assert.ok(held.every(({ stale }) => !stale))
    },
  },
  {
    id: 'O1-order',
    clause: 'O1',
    title: 'layouts come in text order of their names, in whatever order they were made',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      for (const name of ['ab', 'a_b', 'b', 'a1', 'a'])
        await store.collection(keeping(name, name === 'a')).count()
      const names = ['a', 'a1', 'a__history', 'a_b', 'ab', 'b']
      assert.deepEqual(namesOf(await store.place().layouts()), names)
      await store.place().snapshot(async ({ layouts }) => assert.deepEqual(namesOf(layouts), names))
    },
  },
  {
    id: 'O1-unknown-here',
    clause: 'O1',
    title: 'layouts and rows are told to a store that defines none of them',
    requires: ['contents', 'persistent'],
    run: async (context) => {
      const next = successors(context)
      const first = await next()
      await fillRecords(first, context.clock)
      await fillLog(first)
      const told = await heldBy(first)
      const stranger = await next()
      assert.deepEqual(await heldBy(stranger), told)
      assert.deepEqual(await stranger.place().layouts(), told.layouts)
    },
  },
  {
    id: 'O1-newest',
    clause: 'O1',
    title: 'a layout whose definition has changed is told in its new form, and rows come with its fields',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      await (await next()).collection(plain).put({ id: 'a', n: 1, note: 'x' })
      const again = await next()
      assert.equal(await again.collection(changed).count({ note: 'x' }), 1)
      const held = await heldBy(again)
      assert.deepEqual(plainLayout(tableIn(held, 'plain').layout), plainLayout(changed.layout))
      assert.deepEqual(tableIn(held, 'plain').rows[0]?.fields, ['x', 1])
      assert.equal(held.layouts[0]?.stale, false)
    },
  },
  {
    id: 'O1-stale',
    clause: 'O1',
    title: 'a layout is stale while its rows await to be written anew, and no other is',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const first = await next()
      await first.collection(plain).put({ id: 'a', n: 1, note: 'x' })
      await first.collection(keeping('other')).put({ id: 'a', n: 1, note: 'x' })
      await failToRewrite(await next(interruptedAfter(0)))
      const staleIn = (held: readonly HeldLayout[]) => namesOf(held.filter(({ stale }) => stale))
      const third = await next()
      assert.deepEqual(staleIn(await third.place().layouts()), ['plain'])
      assert.deepEqual(staleIn((await heldBy(third)).layouts), ['plain'])
      assert.equal(await third.collection(changed).count({ note: 'x' }), 1)
      assert.deepEqual(staleIn(await third.place().layouts()), [])
    },
  },
  {
    id: 'O1-empty-tables',
    clause: 'O1',
    title: 'a collection without records is held, with no rows',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      everythingOf(store)
      happeningsOf(store)
      await store.open()
      const { tables } = await heldBy(store)
      assert.equal(tables.length, 4)
      assert.ok(tables.every(({ rows, floors }) => rows.length === 0 && floors.length === 0))
    },
  },
]

async function failToRewrite(store: BaseStore): Promise<void> {
  await assert.rejects(store.collection(changed).count(), { code: 'UNAVAILABLE' })
}
