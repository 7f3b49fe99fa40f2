import assert from 'node:assert/strict'
import { type BaseStore, createStore, exportLines } from '@coffer/core'
import type { Case } from '../case.ts'
import { modelBackend } from '../differential/model-backend.ts'
import { assertSame, fillWith, heldBy, tableIn } from '../held-contents.ts'
import { defineSample, fillSample, TENANTS } from './sample-place.ts'
import { movedFrom } from './successors.ts'

/** The lines of an export of every tenant. */
async function linesOf(store: BaseStore): Promise<readonly string[]> {
  defineSample(store)
  const lines: string[] = []
  for (const tenant of TENANTS) {
    for await (const line of exportLines(store.tenant(tenant))) lines.push(line)
  }
  return lines
}

/** O7: contents that go from one place to another. */
export const movingCases: readonly Case[] = [
  {
    id: 'O7-equal',
    clause: 'O7',
    title: 'a place that is filled from another holds the same, and so does a third',
    requires: ['contents'],
    run: async (context) => {
      const source = context.store()
      await fillSample(source, context.clock)
      const second = await movedFrom(context, source)
      const third = await movedFrom(context, second)
      const state = await heldBy(source)
      assert.ok(tableIn(state, 'everything').rows.length > 15)
      assertSame(await heldBy(second), state)
      assertSame(await heldBy(third), state)
      assert.deepEqual(await linesOf(third), await linesOf(source))
    },
  },
  {
    id: 'O7-model',
    clause: 'O7',
    title:
      'contents go to the model of plain maps and back, and are the same on all three, to the byte of an export',
    requires: ['contents'],
    run: async (context) => {
      const source = context.store()
      await fillSample(source, context.clock)
      const state = await heldBy(source)
      const model = createStore({ clock: context.clock, backend: modelBackend() })
      await fillWith(model, state)
      assertSame(await heldBy(model), state)
      const target = await movedFrom(context, model)
      assertSame(await heldBy(target), state)
      const lines = await linesOf(source)
      assert.deepEqual(await linesOf(target), lines)
      assert.deepEqual(await linesOf(model), lines)
      await model.close()
    },
  },
  {
    id: 'O7-from-model',
    clause: 'O7',
    title: 'what the model of plain maps made fills a place, and its export has the same bytes',
    requires: ['contents'],
    run: async (context) => {
      const model = createStore({ clock: context.clock, backend: modelBackend() })
      await fillSample(model, context.clock)
      const target = await movedFrom(context, model)
      assertSame(await heldBy(target), await heldBy(model))
      assert.deepEqual(await linesOf(target), await linesOf(model))
      await model.close()
    },
  },
  {
    id: 'O7-merged',
    clause: 'O7',
    title: 'a place whose tables were made and whose rows were merged holds the same as one that was filled',
    requires: ['contents'],
    run: async (context) => {
      const source = context.store()
      await fillSample(source, context.clock)
      const state = await heldBy(source)
      const target = context.storeOn(await context.anotherPlace())
      await target.place().make(state.layouts.map(({ layout }) => layout))
      for (const { layout, rows, floors } of state.tables) {
        for (let at = 0; at < rows.length; at += 5) {
          await target.place().merge(layout, { put: rows.slice(at, at + 5), remove: [], floors: [] })
        }
        await target.place().merge(layout, { put: [], remove: [], floors })
      }
      assertSame(await heldBy(target), state)
    },
  },
]
