import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createStore } from '@coffer/core'
import { describe, expect, test } from 'vitest'
import { backup, contentHash, restore } from '../src/index.ts'
import { aNote, Clock, events, fill, notes, storeOn, tasks } from './filled-store.ts'
import { BACKENDS, type BackendName, placeOn, testFolder } from './places.ts'

async function backedUp(folder: string, backend: BackendName = 'memory', count?: number) {
  await using place = await placeOn(backend)
  await using store = storeOn(place.config)
  await fill(store, count)
  return await backup(store, { out: folder })
}

describe.each(BACKENDS)('an archive of %s', (from) => {
  test.each(BACKENDS)('restores onto %s as it was', async (to) => {
    using folder = testFolder()
    const made = await backedUp(folder.path, from)
    await using place = await placeOn(to)
    const clock = new Clock()
    {
      await using target = storeOn(place.config, clock)
      expect(await restore(made.path, target)).toEqual({
        form: 'archive',
        rows: 72,
        layouts: 5,
        isProven: true,
      })
      expect(await contentHash(target)).toBe(made.contentHash)
    }
    if (to === 'memory') return
    await using again = storeOn(place.config, clock)
    const mine = again.collection(notes)
    expect(await mine.get('__proto__')).toMatchObject({ text: 'a line\nand "quotes" \u{1f600} \uffff' })
    expect(await mine.get('n-2')).toBeUndefined()
    expect(await mine.restore('n-2')).toBeGreaterThan(1)
    expect((await mine.history('n-1')).records).toHaveLength(2)
    expect(await mine.verify()).toMatchObject({ ok: true })
    expect(await again.log(events).verify('s-1')).toMatchObject({ ok: true, entries: 2 })
    expect(await again.tenant('ünïcode 😀').collection(notes).count()).toBe(1)
    // A version does not restart, for its floor came along; and a deadline is still one.
    const version = await again.collection(tasks).put({ name: 'gone', done: false, count: 1 } as never)
    expect(version).toBeGreaterThan(2)
    clock.at += 1
    expect(await again.collection(tasks).has('brief')).toBe(false)
  })
})

describe.each(BACKENDS)('a place on %s', (backend) => {
  test('with rows is refused and stays as it is, unless it is to be replaced', async () => {
    using folder = testFolder()
    const made = await backedUp(folder.path)
    await using place = await placeOn(backend)
    {
      await using before = storeOn(place.config)
      await before.collection(notes).put(aNote('mine'))
      if (backend === 'memory')
        await expect(restore(made.path, before)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    if (backend === 'memory') return
    await using target = storeOn(place.config)
    const held = await contentHash(target)
    await expect(restore(made.path, target)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(await contentHash(target)).toBe(held)
    await restore(made.path, target, { replace: true })
    expect(await contentHash(target)).toBe(made.contentHash)
  })

  test('stays as it is when the archive changes under the restore', async () => {
    using folder = testFolder()
    const made = await backedUp(folder.path, 'memory', 20_000)
    await using place = await placeOn(backend)
    if (backend !== 'memory') {
      await using before = storeOn(place.config)
      await before.collection(notes).put(aNote('mine'))
    }
    await using target = storeOn(place.config)
    const held = await contentHash(target)
    let isChanged = false
    const restoring = restore(made.path, target, {
      replace: true,
      onProgress: ({ phase }) => {
        if (phase === 'proving' || isChanged) return
        isChanged = true
        const good = readFileSync(made.path)
        const at = good.lastIndexOf('rows/tasks/', good.indexOf('manifest.json'))
        good[at + 520] = (good[at + 520] ?? 0) ^ 1
        writeFileSync(made.path, good)
      },
    })
    await expect(restoring).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(await contentHash(target)).toBe(held)
  })

  test('stays as it is when the restore is stopped', async () => {
    using folder = testFolder()
    const made = await backedUp(folder.path, 'memory', 20_000)
    await using place = await placeOn(backend)
    await using target = storeOn(place.config)
    const stop = new AbortController()
    const stopped = restore(made.path, target, {
      signal: stop.signal,
      onProgress: ({ phase }) => {
        if (phase === 'filling') stop.abort()
      },
    })
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await target.place().layouts()).toEqual([])
  })
})

test('somebody may still say no once the backup is proven, and the store is not even made', async () => {
  using folder = testFolder()
  const { path } = await backedUp(folder.path)
  const place = join(folder.path, 'target.db')
  await using target = createStore({ type: 'sqlite', path: place })
  const phases = new Set<string>()
  const refused = restore(path, target, {
    onProgress: ({ phase }) => phases.add(phase),
    onProven: () => Promise.reject(new Error('no')),
  })
  await expect(refused).rejects.toThrow('no')
  expect({ phases: [...phases], isMade: existsSync(place) }).toEqual({ phases: ['proving'], isMade: false })
})

describe('a native backup of SQLite', () => {
  test('has a note of its hash beside it, and restores onto any backend', async () => {
    using folder = testFolder()
    const out = join(folder.path, 'out')
    await using place = await placeOn('sqlite')
    await using store = storeOn(place.config)
    await fill(store)
    const made = await backup(store, { out, format: 'native' })
    expect(made).toMatchObject({ name: 'coffer-20261121T151612Z.sqlite', format: 'sqlite' })
    expect(readdirSync(out).sort()).toEqual([made.name, `${made.name}.json`])
    expect(JSON.parse(readFileSync(`${made.path}.json`, 'utf8'))).toEqual({
      format: 'coffer-native-backup',
      formatVersion: 1,
      release: '0.0.0',
      createdAt: '2026-11-21T15:16:12.000Z',
      backend: 'sqlite',
      form: 'sqlite',
      bytes: made.bytes,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    for (const backend of BACKENDS) {
      await using there = await placeOn(backend)
      await using target = storeOn(there.config)
      expect(await restore(made.path, target)).toEqual({
        form: 'sqlite',
        rows: 72,
        layouts: 5,
        isProven: true,
      })
      expect(await contentHash(target)).toBe(await contentHash(store))
    }
    expect(readdirSync(out).sort()).toEqual([made.name, `${made.name}.json`])
  })

  test('without its note restores too, and that it was not proven is told', async () => {
    using folder = testFolder()
    await using place = await placeOn('sqlite')
    await using store = storeOn(place.config)
    await fill(store)
    const made = await backup(store, { out: folder.path, format: 'native' })
    rmSync(`${made.path}.json`)
    await using target = createStore({ type: 'memory' })
    expect(await restore(made.path, target)).toMatchObject({ isProven: false })
  })

  test('that is cut and without its note is told to be damaged, not the store', async () => {
    using folder = testFolder()
    await using place = await placeOn('sqlite')
    await using store = storeOn(place.config)
    await fill(store)
    const made = await backup(store, { out: folder.path, format: 'native' })
    rmSync(`${made.path}.json`)
    writeFileSync(made.path, readFileSync(made.path).subarray(0, -8_192))
    await using target = createStore({ type: 'memory' })
    await expect(restore(made.path, target)).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(/^the backup is damaged: /),
    })
  })

  test('that is stopped leaves nothing behind', async () => {
    using folder = testFolder()
    await using place = await placeOn('sqlite')
    await using store = storeOn(place.config)
    await fill(store)
    const stop = new AbortController()
    const made = backup(store, { out: folder.path, format: 'native', signal: stop.signal })
    stop.abort()
    await expect(made).rejects.toMatchObject({ code: 'ABORTED' })
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('that was changed is told, and the target is not made', async () => {
    using folder = testFolder()
    await using place = await placeOn('sqlite')
    await using store = storeOn(place.config)
    await fill(store)
    const made = await backup(store, { out: folder.path, format: 'native' })
    const data = readFileSync(made.path)
    data[5_000] = (data[5_000] ?? 0) ^ 1
    writeFileSync(made.path, data)
    const path = join(folder.path, 'target.db')
    await using target = createStore({ type: 'sqlite', path })
    await expect(restore(made.path, target)).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(existsSync(path)).toBe(false)
  })

  test('an SQLite file without tables of Coffer is no backup', async () => {
    using folder = testFolder()
    const path = join(folder.path, 'empty.db')
    {
      await using store = createStore({ type: 'sqlite', path })
      await store.open()
    }
    await using target = createStore({ type: 'memory' })
    await expect(restore(path, target)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})
