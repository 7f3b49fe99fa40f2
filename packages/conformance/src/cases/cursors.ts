import assert from 'node:assert/strict'
import { type Collection, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { assertRefused, unchecked } from './assert-refused.ts'

const members = {
  id: z.string(),
  group: z.string().optional(),
  rank: z.int().optional(),
}
const rows = defineCollection({
  name: 'rows',
  schema: z.object(members),
  key: 'id',
  fields: { group: 'index', rank: 'index' },
  softDelete: true,
  history: true,
})
const others = defineCollection({
  name: 'others',
  schema: z.object(members),
  key: 'id',
  fields: { group: 'index', rank: 'index' },
  softDelete: true,
})
type Rows = Collection<z.output<typeof rows.schema>, 'id' | 'group' | 'rank'>

/** What a cursor says is this query's place. */
const QUERY = { where: { group: 'a' }, orderBy: { rank: 'asc' }, limit: 2 } as const

/** Queries that differ from it in one thing. */
const OTHER_QUERIES: readonly (readonly [word: string, query: NonNullable<Parameters<Rows['find']>[0]>])[] = [
  ['filter-value', { ...QUERY, where: { group: 'b' } }],
  ['filter-operator', { ...QUERY, where: { group: { gte: 'a' } } }],
  ['filter-field', { ...QUERY, where: { id: 'a' } }],
  ['more-filter', { ...QUERY, where: { group: 'a', rank: { exists: true } } }],
  ['no-filter', { orderBy: QUERY.orderBy }],
  ['direction', { ...QUERY, orderBy: { rank: 'desc' } }],
  ['order-field', { ...QUERY, orderBy: { group: 'asc' } }],
  ['more-order', { ...QUERY, orderBy: [{ rank: 'asc' }, { group: 'asc' }] }],
  ['no-order', { where: QUERY.where }],
  ['deleted', { ...QUERY, includeDeleted: true }],
]

/** R2: cursors are opaque, and belong to one query. */
export const cursorCases: readonly Case[] = [
  ...OTHER_QUERIES.map(
    ([word, query]): Case => ({
      id: `R2-other-${word}`,
      clause: 'R2',
      title: `a cursor of another query is refused (${word})`,
      run: async (context) => {
        const { collection, cursor } = await begun(context)
        await assertRefused(() => collection.find({ ...query, cursor }), /cursor/)
      },
    }),
  ),
  {
    id: 'R2-other-tenant',
    clause: 'R2',
    title: "a cursor of another tenant's query is refused",
    run: async (context) => {
      const { store, cursor } = await begun(context)
      await assertRefused(
        () =>
          store
            .tenant('other')
            .collection(rows)
            .find({ ...QUERY, cursor }),
        /cursor/,
      )
    },
  },
  {
    id: 'R2-other-collection',
    clause: 'R2',
    title: "a cursor of another collection's query is refused",
    run: async (context) => {
      const { store, cursor } = await begun(context)
      await assertRefused(() => store.collection(others).find({ ...QUERY, cursor }), /cursor/)
    },
  },
  {
    id: 'R2-history-cursor',
    clause: 'R2',
    title: 'a cursor of a history is refused by find, and the other way round',
    run: async (context) => {
      const { collection, cursor } = await begun(context)
      await collection.update('a', { rank: 9 })
      const history = await collection.history('a', { limit: 1 })
      assert.ok(history.next !== undefined)
      await assertRefused(() => collection.find({ cursor: unchecked(history.next) }), /cursor/)
      await assertRefused(() => collection.history('a', { cursor }), /cursor/)
      await assertRefused(() => collection.history('b', { cursor: history.next }), /cursor/)
    },
  },
  {
    id: 'R2-tampered',
    clause: 'R2',
    title: 'a cursor with any one character changed is refused',
    run: async (context) => {
      const { collection, cursor } = await begun(context)
      for (let position = 0; position < cursor.length; position++) {
        for (const character of ['A', 'z', '_', '=', '\u00e9']) {
          if (cursor[position] === character) continue
          const changed = cursor.slice(0, position) + character + cursor.slice(position + 1)
          await assertRefused(() => collection.find({ ...QUERY, cursor: changed }), /cursor/)
        }
      }
    },
  },
  {
    id: 'R2-cut',
    clause: 'R2',
    title: 'a cursor that was cut, drawn out or padded is refused',
    run: async (context) => {
      const { collection, cursor } = await begun(context)
      const cut = Array.from({ length: cursor.length }, (_, length) => cursor.slice(0, length))
      for (const changed of [
        ...cut,
        `${cursor}A`,
        `${cursor}=`,
        ` ${cursor}`,
        `${cursor}\n`,
        cursor + cursor,
      ]) {
        await assertRefused(() => collection.find({ ...QUERY, cursor: changed }), /cursor/)
      }
    },
  },
  {
    id: 'R2-no-cursor',
    clause: 'R2',
    title: 'what is no text is refused as a cursor',
    run: async (context) => {
      const { collection } = await begun(context)
      for (const cursor of [null, 0, 1, true, {}, [], { values: [1], id: 'a' }]) {
        await assertRefused(() => collection.find({ ...QUERY, cursor: unchecked(cursor) }), /cursor/)
      }
    },
  },
  {
    id: 'R2-plain-text',
    clause: 'R2',
    title: 'a cursor is text that fits into an address as it is, however odd key and values are',
    run: async (context) => {
      const collection = context.store().collection(rows)
      const odd = ['\u0001"\\', '\ud7ff&=?#', '\u{1f600}\ufffd', "'%00 "]
      await collection.putMany(odd.map((id) => ({ id, group: id })))
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const query = { orderBy: { group: 'desc' }, limit: 1 } as const
        const page = await collection.find({ ...query, ...(cursor !== undefined && { cursor }) })
        seen.push(...page.records.map((record) => record.id))
        cursor = page.next
        if (cursor !== undefined) assert.match(cursor, /^[\w-]+$/)
      } while (cursor !== undefined)
      assert.deepEqual(new Set(seen), new Set(odd))
      assert.equal(seen.length, odd.length)
    },
  },
  {
    id: 'R2-another-handle',
    clause: 'R2',
    title: 'a cursor goes on from another handle, and from inside a transaction',
    run: async (context) => {
      const { store, cursor } = await begun(context)
      const other = await store.collection(rows).find({ ...QUERY, cursor })
      assert.deepEqual(
        other.records.map((record) => record.id),
        ['c', 'd'],
      )
      const inside = await store.transaction((transaction) =>
        transaction.collection(rows).find({ ...QUERY, cursor }),
      )
      assert.deepEqual(inside, other)
    },
  },
  {
    id: 'R2-cursor-twice',
    clause: 'R2',
    title: 'a cursor may be used again and again',
    run: async (context) => {
      const { collection, cursor } = await begun(context)
      const answers = await Promise.all([1, 2, 3].map(() => collection.find({ ...QUERY, cursor })))
      assert.equal(answers[0]?.records.length, 2)
      assert.deepEqual(answers[1], answers[0])
      assert.deepEqual(answers[2], answers[0])
    },
  },
]

async function begun(context: CaseContext) {
  const store = context.store()
  const collection: Rows = store.collection(rows)
  await collection.putMany(['a', 'b', 'c', 'd', 'e', 'f'].map((id, rank) => ({ id, group: 'a', rank })))
  const page = await collection.find(QUERY)
  assert.ok(page.next !== undefined)
  return { store, collection, cursor: page.next }
}
