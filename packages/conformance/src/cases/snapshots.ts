import assert from 'node:assert/strict'
import { type BaseStore, defineCollection } from '@coffer/core'
import { compareText, type NewRow } from '@coffer/core/backend'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { comparableRow, floorsIn, heldBy, rowsIn, tableIn } from '../held-contents.ts'
import { everything, everythingOf, happeningsOf } from '../method-calls.ts'
import { FULL, fillRecords, KEYS, measured, TENANTS } from './sample-place.ts'

const things = defineCollection({
  name: 'things',
  schema: z.object({ id: z.string(), n: z.int() }),
  key: 'id',
  fields: { n: 'index' },
  softDelete: true,
})
const layout = things.layout

async function rowsOf(store: BaseStore, name: string): Promise<readonly NewRow[]> {
  return tableIn(await heldBy(store), name).rows
}

const asTheyAre: readonly Case[] = [
  {
    id: 'O2-as-they-are',
    clause: 'O2',
    title: 'rows are told with version, times, deadline and document, live, expired and soft-deleted ones',
    requires: ['contents'],
    run: async (context) => {
      const { clock } = context
      const store = context.store()
      const collection = store.collection(things)
      const start = clock.now()
      await collection.putMany(
        [
          { id: 'expired', n: 1 },
          { id: 'mortal', n: 1 },
        ],
        { ttlMs: 10 },
      )
      await collection.put({ id: 'deleted', n: 1 })
      clock.advance(5)
      await collection.update('mortal', { n: 2 }, { ttlMs: 1_000 })
      await collection.delete('deleted')
      clock.advance(5)
      await collection.put({ id: 'live', n: -1 })
      const row = { tenant: 'default', schemaVersion: 1, hash: null, deletedAt: null }
      assert.deepEqual((await rowsOf(store, 'things')).map(comparableRow), [
        {
          ...{ ...row, id: 'deleted', version: 2, createdAt: start, updatedAt: start + 5, expiresAt: null },
          ...{ deletedAt: start + 5, fields: [1], document: { id: 'deleted', n: 1 } },
        },
        {
          ...{ ...row, id: 'expired', version: 1, createdAt: start, updatedAt: start, expiresAt: start + 10 },
          ...{ fields: [1], document: { id: 'expired', n: 1 } },
        },
        {
          ...{
            ...row,
            id: 'live',
            version: 1,
            createdAt: start + 10,
            updatedAt: start + 10,
            expiresAt: null,
          },
          ...{ fields: [-1], document: { id: 'live', n: -1 } },
        },
        {
          ...{ ...row, id: 'mortal', version: 2, createdAt: start, updatedAt: start + 5 },
          ...{ expiresAt: start + 1_005, fields: [2], document: { id: 'mortal', n: 2 } },
        },
      ])
    },
  },
  {
    id: 'O2-fields',
    clause: 'O2',
    title: 'rows are told with their index fields, of every type, and null where there is no value',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      await store
        .collection(measured)
        .putMany([FULL, { id: 'nulls', label: null, tags: [] }, { id: 'empty' }])
      const rows = await rowsOf(store, 'measured')
      const texts = ['', 'b', '\ufffd', '😀']
      const words = rows[1]?.fields[7]
      assert.ok(Array.isArray(words) && words.includes('été'), 'words are told')
      assert.deepEqual(
        rows.map(comparableRow).map(({ id, fields }) => [id, ...fields.slice(0, 7)]),
        [
          ['empty', null, null, null, null, null, null, null],
          ['full', FULL.label, FULL.amount, FULL.ratio, false, FULL.at.getTime(), texts, 'Bath'],
          ['nulls', null, null, null, null, null, [], null],
        ],
      )
    },
  },
  {
    id: 'O2-hashes',
    clause: 'O2',
    title: 'rows are told with their hashes, and histories with what has changed, when and how',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      const collection = everythingOf(store)
      const start = context.clock.now()
      await collection.put({ id: 'a:b', note: 'x' })
      context.clock.advance(1)
      await collection.delete('a:b')
      const [row, ...more] = await rowsOf(store, 'everything')
      assert.match(row?.hash ?? '', /^[0-9a-f]{64}$/)
      assert.deepEqual(more, [])
      const past = await rowsOf(store, 'everything__history')
      assert.deepEqual(
        past.map(({ id, fields, updatedAt }) => [id, fields, updatedAt]),
        [
          ['0000000000000001:a:b', ['a:b', 1, start, 'put'], start],
          ['0000000000000002:a:b', ['a:b', 2, start + 1, 'delete'], start + 1],
        ],
      )
    },
  },
  {
    id: 'O2-internal',
    clause: 'O2',
    title: 'entries and heads of logs are told, and what makes transactions happen once',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      await happeningsOf(store).append('s', [{ event_id: 'e', note: 'x' }])
      await store.transaction(async () => 1, { idempotencyKey: 'k' })
      const held = await heldBy(store)
      for (const name of ['happenings', 'happenings_heads', 'coffer_idempotency_keys']) {
        assert.equal(tableIn(held, name).rows.length, 1, name)
      }
    },
  },
  {
    id: 'O2-removed',
    clause: 'O2',
    title: 'what was removed for good is not told, nor its past',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      const collection = everythingOf(store)
      await collection.putMany(['a', 'b', 'c'].map((id) => ({ id, note: 'x' })))
      await collection.delete('b', { permanent: true })
      const held = await heldBy(store)
      const idsOf = (name: string) => tableIn(held, name).rows.map(({ id }) => id.split(':').at(-1))
      assert.deepEqual(
        [idsOf('everything'), idsOf('everything__history')],
        [
          ['a', 'c'],
          ['a', 'c'],
        ],
      )
    },
  },
]

const inOrder: readonly Case[] = [
  {
    id: 'O2-order',
    clause: 'O2',
    title: 'rows of all tenants come by tenant and id in code point order',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      for (const tenant of [...TENANTS].reverse()) {
        await store
          .tenant(tenant)
          .collection(things)
          .putMany(KEYS.map((id, n) => ({ id, n })))
      }
      const expected = TENANTS.toSorted(compareText).flatMap((tenant) =>
        KEYS.toSorted(compareText).map((id) => [tenant, id]),
      )
      const rows = await rowsOf(store, 'things')
      assert.deepEqual(
        rows.map(({ tenant, id }) => [tenant, id]),
        expected,
      )
    },
  },
  {
    id: 'O2-pages',
    clause: 'O2',
    title: 'pages of every size have the same rows, each once, and all but the last are full',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      for (const tenant of TENANTS.slice(0, 3)) {
        await store
          .tenant(tenant)
          .collection(things)
          .putMany(KEYS.slice(0, 4).map((id) => ({ id, n: 1 })))
      }
      await store.place().snapshot(async (snapshot) => {
        const whole = (await snapshot.rows(layout, undefined, 100)).map(comparableRow)
        assert.equal(whole.length, 12)
        for (let limit = 1; limit <= 13; limit++) {
          assert.deepEqual(
            (await rowsIn(snapshot, layout, limit)).map(comparableRow),
            whole,
            `limit ${limit}`,
          )
          const first = await snapshot.rows(layout, undefined, limit)
          assert.equal(first.length, Math.min(limit, 12))
        }
      })
    },
  },
  {
    id: 'O2-after-absent',
    clause: 'O2',
    title: 'a page begins behind a key that need not be there, of any tenant',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      for (const tenant of ['b', 'd']) {
        await store
          .tenant(tenant)
          .collection(things)
          .putMany(['k', 'm'].map((id) => ({ id, n: 1 })))
      }
      const expected: readonly (readonly [tenant: string, id: string, first: string | undefined])[] = [
        ['a', 'z', 'b/k'],
        ['b', 'a', 'b/k'],
        ['b', 'k', 'b/m'],
        ['b', 'l', 'b/m'],
        ['b', '😀', 'd/k'],
        ['c', 'z', 'd/k'],
        ['d', 'm', undefined],
        ['e', 'a', undefined],
      ]
      await store.place().snapshot(async (snapshot) => {
        for (const [tenant, id, first] of expected) {
          const [row] = await snapshot.rows(layout, { tenant, id }, 2)
          assert.equal(row && `${row.tenant}/${row.id}`, first, `behind ${tenant}/${id}`)
        }
      })
    },
  },
  {
    id: 'O2-big-page',
    clause: 'O2',
    title: 'a page of thousands of rows is answered whole',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      await store.collection(things).putMany(Array.from({ length: 2_500 }, (_, n) => ({ id: `k${n}`, n })))
      await store.place().snapshot(async (snapshot) => {
        const rows = await snapshot.rows(layout, undefined, 10_000)
        assert.equal(new Set(rows.map(({ id }) => id)).size, 2_500)
        assert.equal(rows.length, 2_500)
      })
    },
  },
  {
    id: 'O2-again',
    clause: 'O2',
    title: 'a page can be asked for again, and pages in any order',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      await fillRecords(store, context.clock)
      await store.place().snapshot(async (snapshot) => {
        const first = await snapshot.rows(everything.layout, undefined, 3)
        const behind = await snapshot.rows(everything.layout, first.at(-1), 3)
        const [again, more] = await Promise.all([
          snapshot.rows(everything.layout, undefined, 3),
          snapshot.rows(everything.layout, first.at(-1), 3),
        ])
        assert.deepEqual([again, more], [first, behind])
      })
    },
  },
  {
    id: 'O2-floors',
    clause: 'O2',
    title: 'floors are told of tenants whose rows were removed, in text order and in pages, and of no others',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      for (const tenant of [...TENANTS, 'never']) {
        await store.tenant(tenant).collection(things).put({ id: 'a', n: 1 })
      }
      for (const [n, tenant] of TENANTS.entries()) {
        const collection = store.tenant(tenant).collection(things)
        for (let version = 1; version <= n; version++) await collection.put({ id: 'a', n: version })
        await collection.delete('a', { permanent: true })
      }
      await store.collection(things).put({ id: 'b', n: 1 }, { ttlMs: 1 })
      context.clock.advance(1)
      await store.cleanupExpired()
      const expected = TENANTS.map((tenant, n) => ({ tenant, version: n + 2 }))
        .map((floor) => (floor.tenant === 'default' ? { ...floor, version: 3 } : floor))
        .sort((left, right) => compareText(left.tenant, right.tenant))
      await store.place().snapshot(async (snapshot) => {
        for (const limit of [1, 2, 5, 6]) assert.deepEqual(await floorsIn(snapshot, layout, limit), expected)
        assert.deepEqual(await snapshot.floors(layout, 'zzz', 10), expected.slice(-2))
      })
    },
  },
]

/** O2: what a snapshot has. */
export const snapshotCases: readonly Case[] = [...asTheyAre, ...inOrder]
