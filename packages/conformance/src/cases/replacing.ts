import assert from 'node:assert/strict'
import { type BaseStore, defineCollection, type Loader } from '@coffer/core'
import type { Case, CaseContext } from '../case.ts'
import { assertSame, comparable, heldBy, numberRow, tableIn } from '../held-contents.ts'
import { held, others, replaceBy, schema, things } from './replaced-collections.ts'
import { successors } from './successors.ts'

/** A store on a place that has two collections, of which nothing is open. */
async function full(context: CaseContext): Promise<BaseStore> {
  const next = successors(context)
  const store = await next()
  await store.collection(things).putMany(['a', 'b'].map((id) => ({ id, n: 1 })))
  await store.tenant('other').collection(things).put({ id: 'x', n: 1 })
  await store.collection(things).delete('b', { permanent: true })
  await store.collection(others).put({ id: 'o', n: 1 })
  return next()
}

const whole: readonly Case[] = [
  {
    id: 'O4-empty-place',
    clause: 'O4',
    title:
      'an empty place is filled with layouts, rows and floors as they are, and what the callback answers is answered',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      const answer = await replaceBy(store, true, async (loader) => {
        await loader.rows(things.layout, [
          numberRow('a', 1),
          numberRow('b', 2, { tenant: 'other', version: 7, expiresAt: 9 }),
        ])
        await loader.rows(others.layout, [numberRow('d', 0, { fields: [], deletedAt: 2, hash: null })])
        await loader.floors(things.layout, [{ tenant: 'gone', version: 12 }])
        return 'done'
      })
      assert.equal(answer, 'done')
      const state = await heldBy(store)
      assert.deepEqual(
        comparable(state),
        comparable({
          layouts: held(others.layout, things.layout),
          tables: [
            { layout: others.layout, rows: [numberRow('d', 0, { fields: [], deletedAt: 2 })], floors: [] },
            {
              layout: things.layout,
              rows: [numberRow('a', 1), numberRow('b', 2, { tenant: 'other', version: 7, expiresAt: 9 })],
              floors: [{ tenant: 'gone', version: 12 }],
            },
          ],
        }),
      )
    },
  },
  {
    id: 'O4-nothing-left',
    clause: 'O4',
    title: 'of what was there before nothing is left: no table, no row, no past, no floor',
    requires: ['contents'],
    run: async (context) => {
      const store = await full(context)
      await store.place().replace({ layouts: held(things.layout), onlyIfEmpty: false }, async (loader) => {
        await loader.rows(things.layout, [numberRow('a', 5)])
      })
      assert.deepEqual(
        comparable(await heldBy(store)),
        comparable({
          layouts: held(things.layout),
          tables: [{ layout: things.layout, rows: [numberRow('a', 5)], floors: [] }],
        }),
      )
      await store.collection(others).count()
      assert.deepEqual(tableIn(await heldBy(store), 'others').rows, [])
      assert.equal(await store.collection(things).put({ id: 'b', n: 1 }), 1)
    },
  },
  {
    id: 'O4-by-nothing',
    clause: 'O4',
    title: 'a place that is replaced by nothing holds nothing',
    requires: ['contents'],
    run: async (context) => {
      const store = await full(context)
      await store.place().replace({ layouts: [], onlyIfEmpty: false }, async () => undefined)
      assert.deepEqual(await store.place().layouts(), [])
      assert.equal(await store.collection(things).count(), 0)
      assert.equal(await store.collection(things).insert({ id: 'a', n: 1 }), 1)
    },
  },
  {
    id: 'O4-other-form',
    clause: 'O4',
    title: 'a table that was there in another form takes the form that it is given',
    requires: ['contents'],
    run: async (context) => {
      const other = defineCollection({ name: 'things', schema, key: 'id' })
      const next = successors(context)
      await (await next()).collection(other).put({ id: 'z', n: 1 })
      const store = await next()
      await store.place().replace({ layouts: held(things.layout), onlyIfEmpty: false }, async (loader) => {
        await loader.rows(things.layout, [numberRow('a', 5)])
      })
      assert.deepEqual((await store.collection(things).find({ where: { n: 5 } })).records, [
        { id: 'a', n: 5 },
      ])
    },
  },
  {
    id: 'O4-any-order',
    clause: 'O4',
    title: 'rows and floors may come in any order and in parts of any size',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      const rows = ['a', 'b', 'c', '\ufffd', '😀'].map((id, n) => numberRow(id, n))
      await replaceBy(store, true, async (loader) => {
        await loader.floors(others.layout, [{ tenant: 'default', version: 4 }])
        await loader.rows(things.layout, [])
        for (const each of rows.toReversed()) {
          await loader.rows(things.layout, [each])
          await loader.rows(others.layout, [{ ...each, fields: [] }])
        }
        await loader.floors(things.layout, [])
      })
      const state = await heldBy(store)
      for (const name of ['things', 'others']) {
        assert.deepEqual(
          tableIn(state, name).rows.map(({ id }) => id),
          rows.map(({ id }) => id),
        )
      }
      assert.deepEqual(tableIn(state, 'others').floors, [{ tenant: 'default', version: 4 }])
    },
  },
  {
    id: 'O4-many',
    clause: 'O4',
    title: 'thousands of rows are loaded by one call',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      const rows = Array.from({ length: 2_500 }, (_, n) => numberRow(`k${n}`, n))
      await replaceBy(store, true, (loader) => loader.rows(things.layout, rows))
      assert.equal(await store.collection(things).count({ n: { gte: 1_000 } }), 1_500)
      assert.equal(tableIn(await heldBy(store, 5_000), 'things').rows.length, 2_500)
    },
  },
]

const undone: readonly Case[] = [
  {
    id: 'O4-throws-empty',
    clause: 'O4',
    title:
      'when the callback throws, an empty place stays as empty as it was, and what was thrown is thrown on',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      const thrown = new Error('thrown by the case')
      const replacing = replaceBy(store, true, async (loader) => {
        await loader.rows(things.layout, [numberRow('a', 1)])
        await loader.floors(things.layout, [{ tenant: 'a', version: 9 }])
        throw thrown
      })
      await assert.rejects(replacing, (error) => error === thrown)
      assert.deepEqual(await store.place().layouts(), [])
      assert.equal(await store.collection(things).insert({ id: 'a', n: 1 }), 1)
    },
  },
  {
    id: 'O4-throws-full',
    clause: 'O4',
    title:
      'when the callback throws at the second layout, a full place is as it was, and its records can be written on',
    requires: ['contents'],
    run: async (context) => {
      const store = await full(context)
      const before = await heldBy(store)
      const replacing = replaceBy(store, false, async (loader) => {
        await loader.rows(others.layout, [numberRow('new', 1, { fields: [] })])
        await loader.rows(things.layout, [numberRow('a', 99)])
        throw new Error('thrown by the case')
      })
      await assert.rejects(replacing, /thrown by the case/)
      assertSame(await heldBy(store), before)
      assert.equal(await store.collection(things).update('a', { n: 2 }), 2)
      assert.equal(await store.collection(things).count({ n: 2 }), 1)
    },
  },
  {
    id: 'O4-duplicate',
    clause: 'O4',
    title: 'a row that comes twice, in one call or two, refuses the whole, and the place is as it was',
    requires: ['contents'],
    run: async (context) => {
      const store = await full(context)
      const before = await heldBy(store)
      for (const calls of [
        [[numberRow('k', 1), numberRow('l', 1), numberRow('k', 2)]],
        [[numberRow('k', 1)], [numberRow('k', 2)]],
      ]) {
        const replacing = replaceBy(store, false, async (loader) => {
          for (const rows of calls) await loader.rows(things.layout, rows)
        })
        await assert.rejects(replacing, { code: 'ALREADY_EXISTS' })
        assertSame(await heldBy(store), before)
      }
    },
  },
  {
    id: 'O4-unnamed',
    clause: 'O4',
    title: 'rows and floors of a layout that is not among the new ones refuse the whole',
    requires: ['contents'],
    run: async (context) => {
      const store = await full(context)
      const before = await heldBy(store)
      const parts: readonly ((loader: Loader) => Promise<void>)[] = [
        (loader) => loader.rows(others.layout, [numberRow('a', 1, { fields: [] })]),
        (loader) => loader.floors(others.layout, [{ tenant: 'default', version: 4 }]),
      ]
      for (const load of parts) {
        const replacing = store
          .place()
          .replace({ layouts: held(things.layout), onlyIfEmpty: false }, async (loader) => {
            await loader.rows(things.layout, [numberRow('k', 1)])
            await load(loader)
          })
        await assert.rejects(replacing, { code: 'INVALID_ARGUMENT' })
        assertSame(await heldBy(store), before)
      }
    },
  },
  {
    id: 'O4-swallowed',
    clause: 'O4',
    title: 'a row that was refused undoes the whole, also when the callback swallows the failure',
    requires: ['contents'],
    run: async (context) => {
      const store = await full(context)
      const before = await heldBy(store)
      const replacing = replaceBy(store, false, async (loader) => {
        await loader.rows(things.layout, [numberRow('k', 1)])
        await loader.rows(things.layout, [numberRow('l', 1), numberRow('k', 2)]).catch(() => undefined)
      })
      await assert.rejects(replacing)
      assertSame(await heldBy(store), before)
    },
  },
]

/** O4: what a place is replaced by. */
export const replacingCases: readonly Case[] = [...whole, ...undone]
