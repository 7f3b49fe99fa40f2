import assert from 'node:assert/strict'
import { exportLines } from '@coffer/core'
import type { Case } from '../case.ts'
import { all, everythingOf } from '../method-calls.ts'

/** O12: whether a place answers. */
export const healthCases: readonly Case[] = [
  {
    id: 'O12-open',
    clause: 'O12',
    title: 'a place that is open answers in some time, and nothing is made in it',
    run: async (context) => {
      const store = context.store()
      for (const health of [await store.place().health(), await store.place().health({ write: false })]) {
        const { ok, backend, readMs, writeMs, failure } = health
        assert.deepEqual(
          { ok, backend, failure },
          { ok: true, backend: store.place().backend, failure: undefined },
        )
        assert.ok(readMs !== null && Number.isFinite(readMs) && readMs >= 0)
        assert.equal(writeMs, null)
      }
      if (context.capabilities.contents) assert.deepEqual(await store.place().layouts(), [])
    },
  },
  {
    id: 'O12-closed',
    clause: 'O12',
    title: 'of a store that is closed it is told that it does not answer, and why',
    run: async (context) => {
      const store = context.store()
      await store.place().health()
      await store.close()
      const { ok, readMs, writeMs, failure } = await store.place().health({ write: true })
      assert.deepEqual(
        { ok, readMs, writeMs, code: failure?.code },
        { ok: false, readMs: null, writeMs: null, code: 'CLOSED' },
      )
    },
  },
  {
    id: 'O12-write',
    clause: 'O12',
    title:
      'many writes to see whether it can be written to, at once too, leave a collection without a record and no other trace',
    run: async (context) => {
      const store = context.store()
      const collection = everythingOf(store)
      await collection.put({ id: 'a', note: 'x' })
      const before = await all(exportLines(store))
      const asked = [1, 2, 3].map(() => store.place().health({ write: true }))
      for (const { ok, writeMs, failure } of await Promise.all(asked)) {
        assert.ok(ok, failure?.message)
        assert.ok(writeMs !== null && Number.isFinite(writeMs) && writeMs >= 0)
      }
      assert.deepEqual(await all(exportLines(store)), before)
      assert.equal(await collection.count(), 1)
      if (!context.capabilities.contents) return
      const internal = 'coffer_health'
      const { steps, unknown } = await store.place().plan()
      assert.deepEqual({ steps, unknown }, { steps: [], unknown: [] })
      const rows = await store.place().snapshot(async (snapshot) => {
        const held = snapshot.layouts.find(({ layout }) => layout.name === internal)
        return held === undefined ? [] : snapshot.rows(held.layout, undefined, 10)
      })
      assert.deepEqual(rows, [])
    },
  },
  {
    id: 'O12-options',
    clause: 'O12',
    title: 'what is no option of it is refused before anything is asked',
    run: async (context) => {
      const place = context.store().place()
      for (const options of [{ wirte: true }, { write: 1 }]) {
        await assert.rejects(place.health(options as never), { code: 'INVALID_ARGUMENT' })
      }
    },
  },
]
