/** `migrate: 'verify'`: what opening would have to change is refused, and stays as it is. */

import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineCollection } from '@coffer/core'
import { expect, test } from 'vitest'
import { filled, idsIn, note, noteSchema, plain, refusalOf, storeAt, temporaryPath } from './stores.ts'

const VERIFY = { migrate: 'verify' } as const

/** All logs and snapshots, as they are. */
function textIn(basePath: string): string {
  const names = readdirSync(basePath).filter((name) => name.endsWith('.jsonl'))
  return names.map((name) => readFileSync(join(basePath, name), 'utf8')).join('')
}

test('a store that is as it should be is opened, and may be written to', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 1)
  const store = storeAt(basePath, VERIFY)
  await store.collection(plain).put(note('n1'))
  expect(await idsIn(store.collection(plain))).toEqual(['n0', 'n1'])
})

test.each(['auto', 'verify'] as const)(
  'a plan makes no directory, and leaves an empty one empty, with migrate: %s',
  async (migrate) => {
    const basePath = temporaryPath()
    for (const isMade of [false, true]) {
      if (isMade) mkdirSync(basePath, { recursive: true })
      const store = storeAt(basePath, { migrate })
      store.collection(plain)
      expect((await store.place().plan()).steps).toMatchObject([{ collection: 'plain', change: 'create' }])
      await store.close()
      expect(existsSync(basePath) ? readdirSync(basePath) : undefined).toEqual(isMade ? [] : undefined)
    }
  },
)

test('a collection that is not there yet is refused, and not made', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 1)
  const before = textIn(basePath)
  const others = defineCollection({ name: 'others', schema: noteSchema, key: 'id' })
  const store = storeAt(basePath, VERIFY)
  expect(await refusalOf(store.collection(others).get('a'))).toEqual({
    code: 'UNSUPPORTED',
    message:
      "the directory holds nothing, or rows of another form, for others, and migrate: 'verify' changes nothing: " +
      "open the store once with migrate: 'auto'",
  })
  await store.close()
  expect(textIn(basePath)).toBe(before)
})

test('a collection of another form is refused, and keeps its form', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 1)
  const before = textIn(basePath)
  const changed = defineCollection({
    name: 'plain',
    schema: noteSchema,
    key: 'id',
    fields: { author: 'index', text: 'index' },
  })
  const store = storeAt(basePath, VERIFY)
  expect((await refusalOf(store.collection(changed).get('n0'))).code).toBe('UNSUPPORTED')
  await store.close()
  expect(textIn(basePath)).toBe(before)
})

test('rows that await being written anew are refused', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 1)
  const source = storeAt(basePath)
  const target = temporaryPath()
  const stale = await source.place().snapshot(async ({ layouts, rows }) => {
    const held = layouts.map(({ layout }) => ({ layout, stale: true }))
    const store = storeAt(target)
    await store.place().replace({ layouts: held, onlyIfEmpty: true }, async (loader) => {
      for (const { layout } of held) await loader.rows(layout, await rows(layout, undefined, 10))
    })
    await store.close()
    return held
  })
  expect(stale).toHaveLength(1)
  expect((await refusalOf(storeAt(target, VERIFY).collection(plain).get('n0'))).code).toBe('UNSUPPORTED')
})

test('where no store is, none is made', async () => {
  const basePath = temporaryPath()
  const store = storeAt(basePath, VERIFY)
  expect(await store.place().layouts()).toEqual([])
  expect((await refusalOf(store.collection(plain).get('a'))).code).toBe('UNSUPPORTED')
  expect((await refusalOf(store.place().inspect())).message).toContain(`there is no store in ${basePath}`)
  await store.close()
  expect(existsSync(basePath)).toBe(false)
})

test.each([{}, VERIFY, { readOnly: true }])(
  'a collection of a higher version is refused with %o, and the directory stays as it is',
  async (options) => {
    const basePath = temporaryPath()
    const newer = defineCollection({
      ...{ name: 'plain', schema: noteSchema, key: 'id', version: 2 },
      upgrade: { 1: (old) => old },
    })
    const writer = storeAt(basePath)
    await writer.collection(newer).put(note('n0'))
    await writer.close()
    const before = textIn(basePath)
    const store = storeAt(basePath, options)
    expect(await refusalOf(store.collection(plain).get('n0'))).toEqual({
      code: 'UNSUPPORTED',
      message:
        'plain was written by version 2 of its definition, and this program has version 1: use the newer release',
    })
    await store.close()
    expect(textIn(basePath)).toBe(before)
  },
)
