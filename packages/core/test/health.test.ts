import { expect, test } from 'vitest'
import * as z from 'zod'
import { createStore } from '../src/create-store.ts'
import { defineCollection } from '../src/definition.ts'
import { StoreError } from '../src/errors.ts'
import { fakeBackend } from './fake-backend.ts'
import { heldBackend } from './held-backend.ts'

const notes = defineCollection({ name: 'notes', schema: z.object({ id: z.string() }), key: 'id' })

test('a place that answers is ok, with the time that it took, and nothing is written', async () => {
  const backend = heldBackend()
  const health = await createStore({ backend }).place().health()
  expect(health).toEqual({
    ok: true,
    backend: 'fake',
    readMs: expect.any(Number),
    writeMs: null,
    failure: undefined,
  })
  expect(backend.held.size).toBe(0)
  expect(backend.rows.size).toBe(0)
})

test('with write a record is written and removed, over and over, in a collection of Coffer itself', async () => {
  const backend = heldBackend()
  const place = createStore({ backend, clock: { now: () => 1_000 } }).place()
  for (let round = 0; round < 2; round++) {
    expect(await place.health({ write: true })).toMatchObject({ ok: true, writeMs: expect.any(Number) })
    expect([...backend.rows.values()]).toEqual([])
  }
  expect([...backend.held.keys()]).toEqual(['coffer_health'])
  expect((await place.plan()).unknown).toEqual([])
})

test('many who write at once wait for their turn, as all writes do', async () => {
  let isBusy = false
  const backend = fakeBackend({
    write: async () => {
      expect(isBusy).toBe(false)
      isBusy = true
      await new Promise((resolve) => setImmediate(resolve))
      isBusy = false
    },
  })
  const store = createStore({ backend })
  const asked = [1, 2, 3].map(() => store.place().health({ write: true }))
  await store.collection(notes).put({ id: 'a' })
  expect((await Promise.all(asked)).map(({ ok }) => ok)).toEqual([true, true, true])
})

test('a place without contents is asked by opening it', async () => {
  const backend = fakeBackend()
  expect(await createStore({ backend }).place().health()).toMatchObject({ ok: true })
  expect(backend.calls).toEqual(['open ', 'open '])
})

test('a place that can not be opened is not ok, and answers once it can', async () => {
  let isDown = true
  const backend = fakeBackend({
    open: () => {
      if (isDown) throw new StoreError('UNAVAILABLE', 'nobody is there')
    },
  })
  const place = createStore({ backend }).place()
  expect(await place.health()).toEqual({
    ok: false,
    backend: 'fake',
    readMs: null,
    writeMs: null,
    failure: { code: 'UNAVAILABLE', message: 'nobody is there' },
  })
  isDown = false
  expect(await place.health()).toMatchObject({ ok: true })
})

test('a write that fails is told beside the read that did not', async () => {
  const backend = heldBackend()
  backend.hooks.write = () => {
    throw new StoreError('NO_SPACE', 'the disk is full')
  }
  expect(await createStore({ backend }).place().health({ write: true })).toMatchObject({
    ok: false,
    readMs: expect.any(Number),
    writeMs: null,
    failure: { code: 'NO_SPACE' },
  })
})

test("an engine's own failure is named without its words", async () => {
  const backend = fakeBackend({
    open: () => {
      throw new Error('canary')
    },
  })
  const { ok, failure } = await createStore({ backend }).place().health()
  expect(ok).toBe(false)
  expect(failure?.message).toMatch(/^fake: /)
  expect(JSON.stringify(failure)).not.toContain('canary')
})

test('a store that is closed is not ok, and so is one that is asked inside of its own transaction', async () => {
  const store = createStore({ backend: fakeBackend() })
  await store.transaction(async () => {
    expect(await store.place().health()).toMatchObject({ failure: { code: 'INVALID_ARGUMENT' } })
  })
  await store.close()
  expect(await store.place().health({ write: true })).toMatchObject({
    ok: false,
    failure: { code: 'CLOSED' },
  })
})

test.each([{ wirte: true }, { write: 'yes' }, null])(
  'options that are none are refused: %j',
  async (options) => {
    const backend = fakeBackend()
    const asked = createStore({ backend })
      .place()
      .health(options as never)
    await expect(asked).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(backend.calls).toEqual([])
  },
)
