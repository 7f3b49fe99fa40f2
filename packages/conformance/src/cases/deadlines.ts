import assert from 'node:assert/strict'
import { type Collection, defineCollection, isoDate } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { assertRefused, unchecked } from './assert-refused.ts'

const sessions = defineCollection({
  name: 'sessions',
  schema: z.object({ id: z.string(), user: z.string().optional(), rank: z.int().optional() }),
  key: 'id',
  fields: { user: 'index', rank: 'index' },
})
type Sessions = Collection<z.output<typeof sessions.schema>, 'id' | 'user' | 'rank'>

/** Records that carry their own deadline. */
const leases = defineCollection({
  name: 'leases',
  schema: z.object({ id: z.string(), until: isoDate.nullish() }),
  key: 'id',
  expiresAt: 'until',
})

const DAY = 86_400_000

const BAD_TTLS = [
  0,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1e15,
  '1000',
  true,
  null,
  10n,
]
const BAD_DEADLINES = [
  'tomorrow',
  '2026-02-01',
  '2026-02-01T00:00:00',
  1_800_000_000_000,
  new Date(Number.NaN),
  'never',
  true,
]

/** T3: how a deadline is given, kept, changed and cleared. */
export const deadlineCases: readonly Case[] = [
  {
    id: 'T3-put-clears',
    clause: 'T3',
    title: 'a put without a deadline clears the one there was',
    run: async (context) => {
      const collection = await withDeadline(context)
      await collection.put({ id: 'a' })
      assert.equal((await collection.getEntry('a'))?.expiresAt, undefined)
      context.clock.advance(1_000)
      assert.equal(await collection.has('a'), true)
    },
  },
  ...([{ ttlMs: 'keep' }, { expiresAt: 'keep' }] as const).map(
    (options): Case => ({
      id: `T3-${Object.keys(options)[0]}-keep`,
      clause: 'T3',
      title: `a put with ${JSON.stringify(options)} keeps the deadline there is`,
      run: async (context) => {
        const collection = await withDeadline(context)
        const deadline = context.clock.now() + 1_000
        context.clock.advance(500)
        await collection.put({ id: 'a', rank: 2 }, options)
        assert.equal((await collection.getEntry('a'))?.expiresAt?.getTime(), deadline)
        context.clock.advance(500)
        assert.equal(await collection.has('a'), false)
      },
    }),
  ),
  {
    id: 'T3-keep-nothing',
    clause: 'T3',
    title: 'keeping the deadline of a record that has none, is expired or is not there gives none',
    run: async (context) => {
      const collection = await withDeadline(context)
      context.clock.advance(1_000)
      await collection.put({ id: 'b' })
      for (const id of ['a', 'b', 'c']) {
        await collection.put({ id }, { ttlMs: 'keep' })
        assert.equal((await collection.getEntry(id))?.expiresAt, undefined, id)
        assert.equal(await collection.has(id), true, id)
      }
    },
  },
  {
    id: 'T3-update-keeps',
    clause: 'T3',
    title: 'an update keeps the deadline unless it gives another or clears it',
    run: async (context) => {
      const collection = await withDeadline(context)
      const start = context.clock.now()
      await collection.update('a', { rank: 2 })
      assert.equal((await collection.getEntry('a'))?.expiresAt?.getTime(), start + 1_000)
      await collection.update('a', (record) => ({ ...record, rank: 3 }), { ttlMs: 5_000 })
      assert.equal((await collection.getEntry('a'))?.expiresAt?.getTime(), start + 5_000)
      await collection.update('a', { rank: 4 }, { expiresAt: null })
      assert.equal((await collection.getEntry('a'))?.expiresAt, undefined)
    },
  },
  {
    id: 'T3-renewed',
    clause: 'T3',
    title: 'a deadline put anew replaces the one there was, be it later or sooner',
    run: async (context) => {
      const collection = await withDeadline(context)
      await collection.put({ id: 'a' }, { ttlMs: 3_000 })
      context.clock.advance(2_999)
      assert.equal(await collection.has('a'), true)
      await collection.put({ id: 'a' }, { expiresAt: new Date(context.clock.now() + 10) })
      context.clock.advance(10)
      assert.equal(await collection.has('a'), false)
    },
  },
  {
    id: 'T3-many',
    clause: 'T3',
    title: 'the deadline of a putMany and of an insertMany is that of each record',
    run: async (context) => {
      const collection = context.store().collection(sessions)
      await collection.putMany([{ id: 'a' }, { id: 'b' }], { ttlMs: 10 })
      await collection.insertMany([{ id: 'c' }, { id: 'd' }], { ttlMs: 20 })
      context.clock.advance(10)
      assert.deepEqual(keysOf((await collection.find()).records), ['c', 'd'])
      context.clock.advance(10)
      assert.equal(await collection.count(), 0)
    },
  },
  {
    id: 'T3-forms',
    clause: 'T3',
    title: 'a deadline may be a Date, a timestamp of any offset, or a time from now',
    run: async (context) => {
      const collection = context.store().collection(sessions)
      const deadline = Date.parse('2026-01-02T00:00:00.000Z')
      const forms = [
        { expiresAt: new Date(deadline) },
        { expiresAt: '2026-01-02T00:00:00Z' },
        { expiresAt: '2026-01-02T05:30:00.000+05:30' },
        { ttlMs: deadline - context.clock.now() },
      ]
      for (const options of forms) {
        await collection.put({ id: 'a' }, options)
        assert.equal((await collection.getEntry('a'))?.expiresAt?.getTime(), deadline)
      }
    },
  },
  ...[30, 400, 36_500].map(
    (days): Case => ({
      id: `T3-${days}-days`,
      clause: 'T3',
      title: `a deadline in ${days} days is kept to the millisecond`,
      run: async (context) => {
        const store = context.store({ cleanupEveryMs: 86_400_000 })
        const collection = store.collection(sessions)
        await collection.put({ id: 'a' }, { ttlMs: days * DAY })
        context.clock.advance(days * DAY - 1)
        assert.equal(await store.cleanupExpired(), 0)
        assert.equal(await collection.has('a'), true)
        context.clock.advance(1)
        assert.equal(await collection.has('a'), false)
        assert.equal(await store.cleanupExpired(), 1)
      },
    }),
  ),
  ...BAD_TTLS.map(
    (ttlMs): Case => ({
      id: `T3-ttl-${typeof ttlMs}-${String(ttlMs).toLowerCase()}`,
      clause: 'T3',
      title: `a ttlMs of ${String(ttlMs)} (${typeof ttlMs}) is refused`,
      run: async (context) => {
        const collection = await withDeadline(context)
        await assertRefused(() => collection.put({ id: 'b' }, { ttlMs: unchecked(ttlMs) }), /ttlMs/)
        await assertRefused(() => collection.update('a', { rank: 2 }, { ttlMs: unchecked(ttlMs) }), /ttlMs/)
        assert.deepEqual((await collection.find()).records, [{ id: 'a', user: 'u', rank: 1 }])
      },
    }),
  ),
  ...BAD_DEADLINES.map(
    (expiresAt): Case => ({
      id: `T3-deadline-${typeof expiresAt}-${String(expiresAt).toLowerCase().replaceAll(' ', '-')}`,
      clause: 'T3',
      title: `a deadline of ${String(expiresAt)} (${typeof expiresAt}) is refused`,
      run: async (context) => {
        const collection = await withDeadline(context)
        await assertRefused(
          () => collection.put({ id: 'b' }, { expiresAt: unchecked(expiresAt) }),
          /expiresAt/,
        )
        await assertRefused(
          () => collection.insert({ id: 'b' }, { expiresAt: unchecked(expiresAt) }),
          /expiresAt/,
        )
        assert.equal(await collection.count(), 1)
      },
    }),
  ),
  {
    id: 'T3-both',
    clause: 'T3',
    title: 'two deadlines for one write are refused',
    run: async (context) => {
      const collection = context.store().collection(sessions)
      const both = { ttlMs: 1_000, expiresAt: new Date(context.clock.now() + 1_000) }
      await assertRefused(() => collection.put({ id: 'a' }, both), /ttlMs/)
      assert.equal(await collection.has('a'), false)
    },
  },
  {
    id: 'T3-own-member',
    clause: 'T3',
    title: 'a deadline that the record carries itself holds, and changes with the record',
    run: async (context) => {
      const collection = context.store().collection(leases)
      const start = context.clock.now()
      await collection.put({ id: 'a', until: new Date(start + 1_000) })
      await collection.update('a', { until: new Date(start + 2_000) })
      context.clock.advance(1_999)
      assert.deepEqual(await collection.get('a'), { id: 'a', until: new Date(start + 2_000) })
      context.clock.advance(1)
      assert.equal(await collection.get('a'), undefined)
    },
  },
  {
    id: 'T3-own-member-empty',
    clause: 'T3',
    title: 'a record whose deadline is null, absent or taken away has none',
    run: async (context) => {
      const collection = context.store().collection(leases)
      const until = new Date(context.clock.now() + 1_000)
      await collection.putMany([
        { id: 'a', until: null },
        { id: 'b' },
        { id: 'c', until },
        { id: 'd', until },
      ])
      await collection.update('c', { until: undefined })
      context.clock.advance(1_000)
      assert.deepEqual(keysOf((await collection.find()).records), ['a', 'b', 'c'])
    },
  },
  {
    id: 'T3-own-member-alone',
    clause: 'T3',
    title: 'a deadline beside the one that the record carries is refused',
    run: async (context) => {
      const collection = context.store().collection(leases)
      await assertRefused(() => collection.put({ id: 'a' }, { ttlMs: 1_000 }), /until/)
      await assertRefused(() => collection.put({ id: 'a' }, { expiresAt: 'keep' }), /until/)
      assert.equal(await collection.has('a'), false)
    },
  },
]

/** One record that has another second to live. */
async function withDeadline(context: CaseContext): Promise<Sessions> {
  const collection = context.store().collection(sessions)
  await collection.put({ id: 'a', user: 'u', rank: 1 }, { ttlMs: 1_000 })
  return collection
}

function keysOf(records: readonly { readonly id: string }[]): string[] {
  return records.map((record) => record.id)
}
