import assert from 'node:assert/strict'
import { type BaseStore, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { comparableRow, heldBy, numberRow, tableIn } from '../held-contents.ts'
import { happenings, happeningsOf } from '../method-calls.ts'

const things = defineCollection({
  name: 'things',
  schema: z.object({ id: z.string(), n: z.int() }),
  key: 'id',
  fields: { n: 'index' },
  softDelete: true,
  history: true,
})
const { layout } = things

const nothing = { put: [], remove: [], floors: [] } as const

async function filled(context: CaseContext): Promise<BaseStore> {
  const store = context.store()
  await store.collection(things).putMany(['a', 'b', 'c'].map((id) => ({ id, n: 1 })))
  return store
}

async function tableOf(store: BaseStore) {
  return tableIn(await heldBy(store), 'things')
}

/** O6: rows that are put into a place as they are. */
export const mergingCases: readonly Case[] = [
  {
    id: 'O6-puts',
    clause: 'O6',
    title: 'rows are put as they are, over nothing and over whatever is there, newer or older',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      await store.collection(things).put({ id: 'c', n: 1 })
      const put = [
        numberRow('a', 5, { version: 9, expiresAt: 4_000_000_000_000 }),
        numberRow('b', 6, { version: 1, deletedAt: 2 }),
        numberRow('c', 7, { version: 1 }),
        numberRow('new', 8, { schemaVersion: 1, createdAt: 0, expiresAt: 1 }),
        numberRow('a', 9, { tenant: 'other', version: 4 }),
      ]
      await store.place().merge(layout, { ...nothing, put })
      assert.deepEqual((await tableOf(store)).rows.map(comparableRow), put.map(comparableRow))
      const collection = store.collection(things)
      assert.deepEqual((await collection.find()).records, [
        { id: 'a', n: 5 },
        { id: 'c', n: 7 },
      ])
      assert.equal(await collection.update('a', { n: 1 }, { ifVersion: 9 }), 10)
      assert.equal(await collection.restore('b'), 2)
    },
  },
  {
    id: 'O6-fields',
    clause: 'O6',
    title: 'rows that were put are found by their fields, and no longer by those they had before',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      await store
        .place()
        .merge(layout, { ...nothing, put: [numberRow('a', 5)], remove: [{ tenant: 'default', id: 'b' }] })
      const collection = store.collection(things)
      assert.deepEqual((await collection.find({ where: { n: 5 } })).records, [{ id: 'a', n: 5 }])
      assert.deepEqual((await collection.find({ where: { n: 1 } })).records, [{ id: 'c', n: 1 }])
    },
  },
  {
    id: 'O6-removes',
    clause: 'O6',
    title: 'rows go for good, those of one tenant alone, and what is not there is passed over',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      await store.tenant('other').collection(things).put({ id: 'a', n: 1 })
      const remove = ['a', 'nothing'].map((id) => ({ tenant: 'default', id }))
      await store.place().merge(layout, { ...nothing, remove })
      assert.deepEqual(
        (await tableOf(store)).rows.map(({ tenant, id }) => `${tenant}/${id}`),
        ['default/b', 'default/c', 'other/a'],
      )
      assert.equal(await store.collection(things).has('a'), false)
    },
  },
  {
    id: 'O6-both',
    clause: 'O6',
    title: 'a key that is put and removed is not there afterwards, and of one put twice the last stays',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      const put = [numberRow('a', 5), numberRow('new', 6), numberRow('b', 7), numberRow('b', 8)]
      const remove = ['a', 'new'].map((id) => ({ tenant: 'default', id }))
      await store.place().merge(layout, { ...nothing, put, remove })
      const { rows } = await tableOf(store)
      assert.deepEqual(
        rows.map(({ id, fields }) => [id, fields[0]]),
        [
          ['b', 8],
          ['c', 1],
        ],
      )
    },
  },
  {
    id: 'O6-both-append-only',
    clause: 'O6',
    title: 'an entry that was not there is put twice and removed in one merge',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      await happeningsOf(store).append('s', [{ event_id: 'e1', note: 'x' }])
      const [entry] = tableIn(await heldBy(store), 'happenings').rows
      assert.ok(entry)
      const twice = (id: string) => [
        { ...entry, id },
        { ...entry, id, version: 2 },
      ]
      const put = [...twice('e2'), ...twice('e3')]
      await store.place().merge(happenings.entries.layout, { ...nothing, put })
      await store
        .place()
        .merge(happenings.entries.layout, { ...nothing, put: twice('e4'), remove: twice('e4') })
      const { rows } = tableIn(await heldBy(store), 'happenings')
      assert.deepEqual(
        rows.map(({ id, version }) => [id, version]),
        [
          ['e1', 1],
          ['e2', 2],
          ['e3', 2],
        ],
      )
    },
  },
  {
    id: 'O6-floors',
    clause: 'O6',
    title: 'floors rise to what is given and never fall, and removals alone raise none',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      const merge = (floors: Record<string, number>, remove: string[] = []) =>
        store.place().merge(layout, {
          put: [],
          remove: remove.map((id) => ({ tenant: 'default', id })),
          floors: Object.entries(floors).map(([tenant, version]) => ({ tenant, version })),
        })
      await merge({}, ['a'])
      assert.deepEqual((await tableOf(store)).floors, [])
      await merge({ default: 4, other: 7 })
      await merge({ default: 3, other: 9, third: 1 })
      assert.deepEqual((await tableOf(store)).floors, [
        { tenant: 'default', version: 4 },
        { tenant: 'other', version: 9 },
        { tenant: 'third', version: 1 },
      ])
      assert.equal(await store.collection(things).insert({ id: 'a', n: 1 }), 5)
      assert.equal(await store.tenant('other').collection(things).insert({ id: 'a', n: 1 }), 10)
    },
  },
  {
    id: 'O6-no-history',
    clause: 'O6',
    title: 'the past is not touched, and is a layout of its own to put rows into',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      const { history } = layout
      assert.ok(history)
      const before = tableIn(await heldBy(store), history.name).rows
      const remove = [{ tenant: 'default', id: 'b' }]
      await store.place().merge(layout, { ...nothing, put: [numberRow('a', 5)], remove })
      assert.deepEqual(tableIn(await heldBy(store), history.name).rows, before)
      const [first] = before
      assert.ok(first)
      await store.place().merge(history, { ...nothing, remove: [first] })
      assert.deepEqual(await store.collection(things).history('a'), { records: [], next: undefined })
      await store.place().merge(history, { ...nothing, put: [first] })
      assert.equal((await store.collection(things).history('a')).records.length, 1)
    },
  },
  {
    id: 'O6-append-only',
    clause: 'O6',
    title: 'rows of an append-only layout are put over others and removed too, and it stays append-only',
    requires: ['contents'],
    run: async (context) => {
      const backend = context.place.backend()
      const store = context.storeOver(backend)
      await happeningsOf(store).append(
        's',
        [1, 2, 3].map((n) => ({ event_id: `e${n}`, note: 'x' })),
      )
      const entries = happenings.entries.layout
      const [first, second] = tableIn(await heldBy(store), 'happenings').rows
      assert.ok(first && second)
      const put = [{ ...first, version: 2, document: first.document.replace('"x"', '"y"') }]
      await store.place().merge(entries, { ...nothing, put, remove: [second] })
      const { rows } = tableIn(await heldBy(store), 'happenings')
      assert.deepEqual(
        rows.map(({ id, version }) => [id, version]),
        [
          ['e1', 2],
          ['e3', 1],
        ],
      )
      assert.equal((await happeningsOf(store).verify('s')).ok, false)
      const erase = { type: 'delete', layout: entries, tenant: 'default', id: 'e1', mode: 'erase' } as const
      const operations = [{ ...erase, condition: { type: 'none' } as const }]
      await assert.rejects(backend.write([{ operations, checks: [] }], 1))
    },
  },
  {
    id: 'O6-whole',
    clause: 'O6',
    title: 'readers see a merge whole or not at all',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      const seen: (readonly number[])[] = []
      let isMerging = true
      const merge = async () => {
        for (let n = 2; n < 12; n++) {
          const keys = n % 2 === 0 ? ['a', 'c'] : ['a', 'b', 'c']
          const remove = n % 2 === 0 ? [{ tenant: 'default', id: 'b' }] : []
          await store.place().merge(layout, { put: keys.map((id) => numberRow(id, n)), remove, floors: [] })
        }
      }
      const read = async () => {
        while (isMerging) {
          seen.push((await store.collection(things).find()).records.map(({ n }) => n))
          await new Promise(setImmediate)
        }
      }
      const merging = merge().finally(() => {
        isMerging = false
      })
      await Promise.all([merging, read()])
      for (const numbers of seen) {
        const [first = 0] = numbers
        const length = first % 2 === 0 ? 2 : 3
        assert.deepEqual(
          numbers,
          Array.from({ length }, () => first),
        )
      }
    },
  },
  {
    id: 'O6-other-opener',
    clause: 'O6',
    title: 'another opener sees what was merged, and its versions go on from there',
    requires: ['contents', 'secondOpener'],
    run: async (context) => {
      const store = await filled(context)
      const other = context.store().collection(things)
      assert.equal((await other.get('a'))?.n, 1)
      const floors = [{ tenant: 'default', version: 20 }]
      await store
        .place()
        .merge(layout, { put: [numberRow('a', 5)], remove: [{ tenant: 'default', id: 'b' }], floors })
      assert.deepEqual(await other.getMany(['a', 'b']), [{ id: 'a', n: 5 }, undefined])
      assert.deepEqual([await other.update('a', { n: 6 }), await other.insert({ id: 'b', n: 1 })], [4, 21])
    },
  },
  {
    id: 'O6-many',
    clause: 'O6',
    title: 'thousands of rows are put and removed by one call',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      const rows = Array.from({ length: 2_500 }, (_, n) => numberRow(`k${n}`, n))
      await store.place().merge(layout, { ...nothing, put: rows })
      await store.place().merge(layout, {
        floors: [],
        put: rows.slice(0, 1_200).map((each) => ({ ...each, version: 4 })),
        remove: rows.slice(1_200),
      })
      const after = (await tableOf(store)).rows
      assert.deepEqual([after.length, after.filter(({ version }) => version === 4).length], [1_203, 1_200])
    },
  },
  {
    id: 'O6-nothing',
    clause: 'O6',
    title: 'a merge of nothing changes nothing',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      const before = await heldBy(store)
      await store.place().merge(layout, nothing)
      assert.deepEqual(await heldBy(store), before)
    },
  },
  {
    id: 'O6-made',
    clause: 'O6',
    title: 'tables are made from layouts alone, take rows, and are those of the definition',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      await store.place().make([layout, ...(layout.history ? [layout.history] : [])])
      await store.place().merge(layout, { ...nothing, put: [numberRow('a', 5)] })
      assert.deepEqual(await store.collection(things).get('a'), { id: 'a', n: 5 })
      assert.equal((await store.place().layouts()).length, 2)
    },
  },
  {
    id: 'O6-read-since',
    clause: 'O6',
    title: 'what was read before is read as it was merged afterwards',
    requires: ['contents'],
    run: async (context) => {
      const store = await filled(context)
      const collection = store.collection(things)
      assert.deepEqual(await collection.getMany(['a', 'b', 'new']), [
        { id: 'a', n: 1 },
        { id: 'b', n: 1 },
        undefined,
      ])
      const remove = [{ tenant: 'default', id: 'b' }]
      await store.place().merge(layout, { ...nothing, put: [numberRow('a', 5), numberRow('new', 6)], remove })
      assert.deepEqual(await collection.getMany(['a', 'b', 'new']), [
        { id: 'a', n: 5 },
        undefined,
        { id: 'new', n: 6 },
      ])
    },
  },
]
