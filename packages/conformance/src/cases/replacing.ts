import assert from 'node:assert/strict'
import { type BaseStore, defineCollection, type HeldLayout, type Loader } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { assertSame, comparable, fillWith, heldBy, numberRow, tableIn } from '../held-contents.ts'
import { fillRecords } from './sample-place.ts'
import { movedFrom, successors } from './successors.ts'

const schema = z.object({ id: z.string(), n: z.int() })
const things = defineCollection({ name: 'things', schema, key: 'id', fields: { n: 'index' }, history: true })
const others = defineCollection({ name: 'others', schema, key: 'id', softDelete: true })

const held = (...layouts: (typeof things.layout)[]): readonly HeldLayout[] =>
  layouts.map((layout) => ({ layout: { ...layout, history: undefined }, stale: false }))

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

function replaceBy(store: BaseStore, onlyIfEmpty: boolean, run: (loader: Loader) => Promise<unknown>) {
  return store.place().replace({ layouts: held(others.layout, things.layout), onlyIfEmpty }, run)
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

const onlyIfEmpty: readonly Case[] = [
  {
    id: 'O4-not-empty',
    clause: 'O4',
    title:
      'a place with a row in whatever state refuses what is for an empty one, before the callback is run',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      let runs = 0
      const refuse = async (put: (store: BaseStore) => Promise<unknown>) => {
        const first = await next()
        await first.place().replace({ layouts: [], onlyIfEmpty: false }, async () => undefined)
        await put(first)
        context.clock.advance(1)
        const store = await next()
        const before = await heldBy(store)
        const replacing = replaceBy(store, true, async () => {
          runs++
        })
        await assert.rejects(replacing, { code: 'ALREADY_EXISTS' })
        assertSame(await heldBy(store), before)
      }
      await refuse((store) => store.collection(others).put({ id: 'a', n: 1 }))
      await refuse((store) => store.tenant('other').collection(others).put({ id: 'a', n: 1 }, { ttlMs: 1 }))
      await refuse(async (store) => {
        await store.collection(others).put({ id: 'a', n: 1 })
        await store.collection(others).delete('a')
      })
      await refuse(async (store) => {
        await store.collection(things).put({ id: 'a', n: 1 })
        await store.collection(things).delete('a')
      })
      assert.equal(runs, 0)
    },
  },
  {
    id: 'O4-tables-without-rows',
    clause: 'O4',
    title: 'tables without rows are empty, whatever was removed from them',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const first = await next()
      await first.collection(things).put({ id: 'a', n: 1 })
      await first.collection(things).clear()
      await first.collection(others).count()
      const store = await next()
      await replaceBy(store, true, (loader) => loader.rows(things.layout, [numberRow('a', 4)]))
      assert.deepEqual(await store.collection(things).get('a'), { id: 'a', n: 4 })
      assert.deepEqual(tableIn(await heldBy(store), 'things').floors, [])
    },
  },
  {
    id: 'O4-two-at-once',
    clause: 'O4',
    title: 'of two that fill an empty place at once one does, and the other is refused',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      const fill = (n: number) =>
        replaceBy(store, true, async (loader) => {
          for (const id of ['a', 'b', 'c']) {
            await loader.rows(things.layout, [numberRow(id, n)])
            await new Promise(setImmediate)
          }
        })
      const results = await Promise.allSettled([fill(1), fill(2), fill(3)])
      const codes = results.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []))
      assert.deepEqual(codes, ['ALREADY_EXISTS', 'ALREADY_EXISTS'])
      assert.equal(
        new Set(tableIn(await heldBy(store), 'things').rows.map(({ fields }) => fields[0])).size,
        1,
      )
    },
  },
  {
    id: 'O4-two-openers',
    clause: 'O4',
    title: 'two openers that fill one empty place at once do not both do so, and nothing is mixed',
    requires: ['contents', 'secondOpener'],
    run: async (context) => {
      const results = await Promise.allSettled(
        [1, 2].map((n) =>
          replaceBy(context.store(), true, async (loader) => {
            for (const id of ['a', 'b']) {
              await loader.rows(things.layout, [numberRow(id, n)])
              await new Promise(setImmediate)
            }
          }),
        ),
      )
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
      const { rows } = tableIn(await heldBy(context.store()), 'things')
      assert.equal(rows.length, 2)
      assert.deepEqual(rows[0]?.fields, rows[1]?.fields)
    },
  },
  {
    id: 'O4-again',
    clause: 'O4',
    title:
      'a place that was filled refuses to be filled as an empty one, and takes another state when told so',
    requires: ['contents'],
    run: async (context) => {
      const source = context.store()
      await fillRecords(source, context.clock)
      const target = await movedFrom(context, source)
      const state = await heldBy(source)
      await assert.rejects(fillWith(target, state), { code: 'ALREADY_EXISTS' })
      await fillWith(target, state, { onlyIfEmpty: false })
      assertSame(await heldBy(target), state)
    },
  },
]

/** O4: what a place is replaced by. */
export const replacingCases: readonly Case[] = [...whole, ...undone, ...onlyIfEmpty]
