import { type BaseStore, createStore, defineCollection } from '@coffer/core'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { contentHash, copy } from '../src/index.ts'
import { aNote, fill, notes, storeOn, tasks } from './filled-store.ts'
import { BACKENDS, placeOn } from './places.ts'

async function filled(count?: number): Promise<BaseStore> {
  const store = storeOn({ type: 'memory' })
  await fill(store, count)
  return store
}

describe.each(BACKENDS)('a copy of %s', (from) => {
  test.each(BACKENDS)('onto %s holds the same', async (to) => {
    await using here = await placeOn(from)
    await using there = await placeOn(to)
    await using source = storeOn(here.config)
    await fill(source, 300)
    const target = storeOn(there.config)
    await using _closing = target
    const report = await copy(source, target)
    expect(report).toEqual({
      layouts: 5,
      rows: 612,
      put: 612,
      removed: 0,
      same: 0,
      contentHash: await contentHash(source),
    })
    expect(await contentHash(target)).toBe(report.contentHash)
  })
})

describe.each(BACKENDS)('onto %s', (backend) => {
  test('a copy that was stopped goes on where it was', async () => {
    await using source = await filled(9_000)
    await using place = await placeOn(backend)
    {
      await using target = storeOn(place.config)
      const stop = new AbortController()
      const stopped = copy(source, target, {
        signal: stop.signal,
        onProgress: ({ rows }) => {
          if (rows > 12_000) stop.abort()
        },
      })
      await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' })
      if (backend === 'memory') return
    }
    await using target = storeOn(place.config)
    const report = await copy(source, target)
    expect(report.same).toBeGreaterThan(3_000)
    expect(report.same + report.put).toBe(report.rows)
    expect(await contentHash(target)).toBe(await contentHash(source))
  })

  test('a target with rows is refused, and brought up to date when that is asked for', async () => {
    await using source = await filled(50)
    await using place = await placeOn(backend)
    const other = defineCollection({ name: 'other', schema: z.object({ id: z.string() }), key: 'id' })
    if (backend === 'memory') {
      await using target = storeOn(place.config)
      await copy(source, target)
      await expect(copy(source, target)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
      expect(await copy(source, target, { update: true })).toMatchObject({ put: 0, removed: 0, same: 112 })
      return
    }
    {
      await using before = storeOn(place.config)
      await copy(source, before)
    }
    {
      await using changed = storeOn(place.config)
      await changed.collection(notes).put(aNote('n-3', { text: 'changed' }))
      await changed.collection(notes).put(aNote('a-mine'))
      await changed.collection(tasks).put({ name: 'zz', done: true, count: 0 } as never)
      await changed.collection(other).put({ id: 'o' })
    }
    await using target = storeOn(place.config)
    await expect(copy(source, target)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    const report = await copy(source, target, { update: true })
    // Changed: one note. Only there: a note, two rows of history, a task, and a record that the source does not know.
    expect(report).toMatchObject({ put: 1, removed: 5, same: 111 })
    expect(await contentHash(target)).toBe(report.contentHash)
  })
})

test('writes to the source go on and are not seen', async () => {
  await using source = await filled(9_000)
  const before = await contentHash(source)
  await using target = storeOn({ type: 'memory' })
  let writing: Promise<unknown> | undefined
  await copy(source, target, {
    onProgress: () => {
      writing ??= source.collection(notes).clear()
    },
  })
  await writing
  expect(await contentHash(target)).toBe(before)
})

test('somebody else who writes to the target is noticed', async () => {
  await using place = await placeOn('sqlite')
  await using source = await filled(5_000)
  await using target = storeOn(place.config)
  await using other = storeOn(place.config)
  let writing: Promise<unknown> | undefined
  const copying = copy(source, target, {
    onProgress: ({ layout }) => {
      if (layout === 'notes__history') writing ??= other.collection(notes).put(aNote('n-1', { text: 'mine' }))
    },
  })
  await expect(copying).rejects.toMatchObject({ code: 'CORRUPT' })
  await writing
})

test('a source whose rows await a migration is refused, with what to do', async () => {
  await using place = await placeOn('sqlite')
  const first = defineCollection({
    name: 'things',
    schema: z.object({ id: z.string(), a: z.string() }),
    key: 'id',
  })
  {
    await using store = storeOn(place.config)
    await store.collection(first).put({ id: 'x', a: 'y' })
  }
  await using source = storeOn(place.config)
  const layout = { ...first.layout, fields: [{ name: 'a', type: 'text', nullable: true }] } as const
  await source.place().make([layout])
  await using target = storeOn({ type: 'memory' })
  await expect(copy(source, target)).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('coffer migrate'),
  })
  expect(await target.place().layouts()).toEqual([])
})

test('an empty store is copied too', async () => {
  await using source = createStore({ type: 'memory' })
  await using target = createStore({ type: 'memory' })
  expect(await copy(source, target)).toMatchObject({ layouts: 0, rows: 0 })
})
