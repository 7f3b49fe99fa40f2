import assert from 'node:assert/strict'
import type { BaseStore } from '@coffer/core'
import type { Case } from '../case.ts'
import { assertSame, fillWith, heldBy, numberRow, tableIn } from '../held-contents.ts'
import { others, replaceBy, things } from './replaced-collections.ts'
import { fillRecords } from './sample-place.ts'
import { movedFrom, successors } from './successors.ts'

/** O4: what is for an empty place alone. */
export const emptyPlaceCases: readonly Case[] = [
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
