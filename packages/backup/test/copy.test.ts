import { type BaseStore, createStore, defineCollection } from '@coffer/core'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { backup, contentHash, copy, readMark, restore } from '../src/index.ts'
import { aNote, fill, notes, storeOn, tasks } from './filled-store.ts'
import { BACKENDS, placeOn, testFolder } from './places.ts'

const schema = z.object({ id: z.string(), a: z.string() })
const plain = defineCollection({ name: 'things', schema, key: 'id' })
const indexed = defineCollection({ name: 'things', schema, key: 'id', fields: { a: 'index' } })
const aField = { name: 'a', type: 'text', nullable: true } as const

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
      targetHash: report.contentHash,
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
    expect(await contentHash(target)).toBe(report.targetHash)
  })
})

describe.each(['file', 'sqlite', 'postgresql'] as const)('onto what was used before, on %s', (backend) => {
  test('a layout of the target that awaited a migration awaits none once it is replaced', async () => {
    await using place = await placeOn(backend)
    {
      await using before = storeOn(place.config)
      await before.collection(plain).put({ id: 'x', a: 'y' })
    }
    await using target = storeOn(place.config)
    await target.place().make([{ ...plain.layout, fields: [aField] }])
    expect(await target.place().layouts()).toMatchObject([{ stale: true }])
    await using source = storeOn({ type: 'memory' })
    await source.collection(indexed).put({ id: 'x', a: 'y' })
    expect(await copy(source, target, { update: true })).toMatchObject({ put: 1 })
    expect((await target.place().layouts()).filter(({ stale }) => stale)).toEqual([])
  })

  test('floors that only the target has stay, and its own hash tells it', async () => {
    await using place = await placeOn(backend)
    {
      await using before = storeOn(place.config)
      await before.collection(plain).put({ id: 'x', a: 'y' })
      await before.collection(plain).delete('x')
    }
    await using source = await filled(3)
    await using target = storeOn(place.config)
    const report = await copy(source, target, { update: true })
    expect(report.targetHash).toBe(await contentHash(target))
    expect(report.targetHash).not.toBe(report.contentHash)
    expect((await target.place().layouts()).map(({ layout }) => layout.name)).toContain('things')
  })
})

/** A copy that was begun and given up, with some rows of the source in the target. */
async function givenUp(source: BaseStore, target: BaseStore): Promise<void> {
  const stop = new AbortController()
  const stopped = copy(source, target, {
    signal: stop.signal,
    onProgress: ({ layout }) => {
      if (layout === 'tasks') stop.abort()
    },
  })
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' })
}

describe('a copy that was given up', () => {
  test('and a target that was used since: no row goes without update', async () => {
    await using place = await placeOn('sqlite')
    await using source = await filled(5)
    {
      await using target = storeOn(place.config)
      await givenUp(source, target)
    }
    {
      await using used = storeOn(place.config)
      await used.collection(notes).put(aNote('a-mine'))
    }
    await using target = storeOn(place.config)
    const before = await contentHash(target)
    await expect(copy(source, target)).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: expect.stringContaining('say update'),
    })
    expect(await contentHash(target)).toBe(before)
    await copy(source, target, { update: true })
    expect(await contentHash(target)).not.toBe(before)
  })

  test('and a row that was changed in the target since: it is not replaced without update', async () => {
    await using place = await placeOn('sqlite')
    await using source = await filled(5)
    {
      await using target = storeOn(place.config)
      await givenUp(source, target)
    }
    {
      await using used = storeOn(place.config)
      await used.collection(notes).put(aNote('n-3', { text: 'changed' }))
    }
    await using target = storeOn(place.config)
    await expect(copy(source, target)).rejects.toMatchObject({ code: 'ALREADY_EXISTS', collection: 'notes' })
  })

  test('and a layout that only the target has since: its rows stay without update', async () => {
    await using place = await placeOn('sqlite')
    await using source = await filled(5)
    {
      await using target = storeOn(place.config)
      await givenUp(source, target)
    }
    {
      await using used = storeOn(place.config)
      await used.collection(plain).put({ id: 'x', a: 'y' })
    }
    await using target = storeOn(place.config)
    await expect(copy(source, target)).rejects.toMatchObject({ collection: 'things' })
  })

  test('goes on from a source of the same name alone', async () => {
    await using source = await filled(5)
    await using target = storeOn({ type: 'memory' })
    await givenUp(source, target)
    await expect(copy(source, target, { sourceName: 'another' })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    })
    await copy(source, target)
    expect(await contentHash(target)).toBe(await contentHash(source))
  })

  test('is not told of a place that was restored from a backup of it', async () => {
    using folder = testFolder()
    await using source = await filled(5)
    await using half = storeOn({ type: 'sqlite', path: `${folder.path}/half.db` })
    await givenUp(source, half)
    for (const format of ['archive', 'native'] as const) {
      const { path } = await backup(half, { out: folder.path, format })
      await using restored = storeOn({ type: 'memory' })
      await restore(path, restored)
      expect(await readMark(restored.place())).toBeUndefined()
    }
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
