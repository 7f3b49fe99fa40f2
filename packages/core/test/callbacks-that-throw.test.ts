/** Callbacks that are told of progress: what they throw is thrown on as it is, to whoever gave them alone. */

import { expect, test } from 'vitest'
import * as z from 'zod'
import { createStore, defineCollection } from '../src/index.ts'
import { fakeBackend } from './fake-backend.ts'

const schema = z.object({ id: z.string() })
const notes = defineCollection({ name: 'notes', schema, key: 'id' })
const mine = new TypeError('mine')
const throwing = () => {
  throw mine
}

function stale() {
  const backend = fakeBackend()
  return { ...backend, open: async () => ['notes'] }
}

async function filledStore() {
  const backend = stale()
  const store = createStore({ backend })
  await store.collection(notes).put({ id: 'a' })
  return createStore({ backend })
}

test('of open', async () => {
  const store = await filledStore()
  store.collection(notes)
  await expect(store.open({ onProgress: throwing })).rejects.toBe(mine)
})

test('of cleanupExpired', async () => {
  const store = await filledStore()
  store.collection(notes)
  await expect(store.cleanupExpired({ onProgress: throwing })).rejects.toBe(mine)
})

test('and not to those who share the opening', async () => {
  const store = await filledStore()
  const collection = store.collection(notes)
  const opening = store.open({ onProgress: throwing })
  const reading = collection.get('a')
  await expect(opening).rejects.toBe(mine)
  await expect(reading).resolves.toEqual({ id: 'a' })
})

test('migrate refuses a place that was handed over as one for reading only', async () => {
  const store = createStore({ backend: { ...fakeBackend(), readOnly: true } })
  await expect(store.place().migrate()).rejects.toMatchObject({ code: 'READ_ONLY' })
})

test('migrate refuses a signal that is none', async () => {
  const store = createStore({ backend: fakeBackend() })
  const migrating = store.place().migrate({ signal: 'soon' as unknown as AbortSignal })
  await expect(migrating).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})
