import assert from 'node:assert/strict'
import { defineCollection, isStoreError } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'

const marks = defineCollection({
  name: 'marks',
  schema: z.object({ id: z.string(), value: z.int() }),
  key: 'id',
  fields: { value: 'index' },
  integrity: true,
})

/** S: the harness itself. What it gets wrong makes every other answer worthless. */
export const harnessCases: readonly Case[] = [
  {
    id: 'S1-own-places',
    clause: 'S1',
    title: 'two places of the harness share nothing',
    run: async (context) => {
      const one = context.store().collection(marks)
      const other = context.storeOn(await context.anotherPlace()).collection(marks)
      await one.put({ id: 'a', value: 1 })
      assert.equal(await other.get('a'), undefined)
      await other.put({ id: 'a', value: 2 })
      assert.deepEqual(await one.get('a'), { id: 'a', value: 1 })
      assert.equal(await other.count(), 1)
    },
  },
  {
    id: 'S1-empty-place',
    clause: 'S1',
    title: 'a place begins empty',
    run: async (context) => {
      assert.deepEqual(await context.store().collection(marks).find(), { records: [], next: undefined })
    },
  },
  {
    id: 'S1-capabilities',
    clause: 'S1',
    title:
      'the backend declares what the harness says, before it is opened, once and for all, and without contradiction',
    run: async (context) => {
      const backend = context.place.backend()
      const { capabilities } = backend
      assert.deepEqual({ ...capabilities }, { ...context.capabilities })
      assert.ok(Object.isFrozen(capabilities), 'capabilities are frozen')
      assert.ok(Number.isInteger(capabilities.lanes) && capabilities.lanes >= 1, 'lanes are counted from 1')
      if (!capabilities.persistent) assert.equal(capabilities.durability, 'none')
      await backend.open([])
      await backend.close()
      assert.deepEqual({ ...backend.capabilities }, { ...context.capabilities })
    },
  },
  {
    id: 'S1-reopen',
    clause: 'S1',
    title: 'a place that is opened again has what was stored in it',
    requires: ['persistent'],
    run: async (context) => {
      const first = context.store()
      await first.collection(marks).putMany([
        { id: 'a', value: 1 },
        { id: 'b', value: 2 },
      ])
      await first.close()
      const second = context.store().collection(marks)
      assert.deepEqual((await second.find()).records, [
        { id: 'a', value: 1 },
        { id: 'b', value: 2 },
      ])
      assert.deepEqual(await second.get('b'), { id: 'b', value: 2 })
    },
  },
  {
    id: 'S1-second-opener',
    clause: 'S1',
    title: 'a second opener sees what the first has stored, and the first what the second has',
    requires: ['secondOpener'],
    run: async (context) => {
      const first = context.store().collection(marks)
      const second = context.store().collection(marks)
      await first.put({ id: 'a', value: 1 })
      assert.deepEqual((await second.find()).records, [{ id: 'a', value: 1 }])
      await second.put({ id: 'b', value: 2 })
      await second.update('a', { value: 3 })
      assert.deepEqual((await first.find()).records, [
        { id: 'a', value: 3 },
        { id: 'b', value: 2 },
      ])
    },
  },
  {
    id: 'S1-tamper',
    clause: 'S1',
    title: 'what is changed behind the back of the backend is what it reads',
    requires: ['tamper'],
    run: async (context) => {
      const collection = context.store().collection(marks)
      await collection.putMany([
        { id: 'a', value: 1 },
        { id: 'b', value: 1 },
      ])
      await tampered(context)
      assert.deepEqual(await collection.get('a'), { id: 'a', value: 7 })
      assert.deepEqual(await collection.get('b'), { id: 'b', value: 1 })
    },
  },
]

async function tampered(context: CaseContext): Promise<void> {
  const change = (document: string) => JSON.stringify({ ...JSON.parse(document), value: 7 })
  await context.place.tamper?.('marks', 'a', change).catch((error: unknown) => {
    assert.fail(`the harness can't tamper: ${isStoreError(error) ? error.code : error}`)
  })
}
