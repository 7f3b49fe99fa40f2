import { modelHarness } from '@coffer/conformance'
import { createStore, defineCollection } from '@coffer/core'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { withCache } from '../src/index.ts'
import { groupOf, keyOf, SteppedBackend, things } from './stepped-backend.ts'

const notes = defineCollection({ name: 'notes', schema: z.object({ id: z.string() }), key: 'id' })

test('a store finds the package by itself, also for a backend that it is given', async () => {
  const { backend } = await modelHarness.create()
  await using store = createStore({ backend: backend(), cache: { ttlMs: 60_000 } })
  expect(store.cacheStatistics()).toBeUndefined()
  await store.collection(notes).put({ id: 'a' })
  for (let round = 0; round < 3; round++) await store.collection(notes).get('a')
  expect(store.cacheStatistics()).toEqual({ hits: 2, misses: 1, entries: 1, hitRate: 2 / 3 })
})

test('while one of two writes of a key is on its way, reads of it are not kept', async () => {
  const stepped = new SteppedBackend()
  const { backend } = stepped
  const { read } = backend
  const limits = { ttlMs: 10, maxEntries: 10, maxBytes: 100_000, now: () => 0, read }
  const cached = withCache(backend, limits)
  const settled = async (work: Promise<unknown>) => {
    while (!stepped.isIdle) await stepped.step(0)
    return work
  }
  let commit: () => void = () => undefined
  const transaction = cached.transaction(async (inside) => {
    const write = inside.write(groupOf('a', 'put'), 0)
    await new Promise<void>((resolve) => {
      commit = resolve
    })
    await write
  })
  await settled(cached.write([groupOf('a', 'put')], 0))
  expect(await settled(cached.read(things, [keyOf('a')]))).toMatchObject([{ version: 1 }])
  commit()
  await stepped.step(0)
  await settled(transaction)
  expect(await settled(cached.read(things, [keyOf('a')]))).toMatchObject([{ version: 2 }])
})
