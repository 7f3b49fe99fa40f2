/** Opening: what is made and how private it is, what can't be opened, and who may open it beside whom. */

import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { defineCollection } from '@coffer/core'
import { expect, onTestFinished, test } from 'vitest'
import type { FileSystem } from '../src/index.ts'
import { nodeFileSystem } from '../src/node-file-system.ts'
import {
  compacted,
  filled,
  idsIn,
  namesIn,
  note,
  noteSchema,
  plain,
  refusalOf,
  storeAt,
  temporaryPath,
} from './stores.ts'

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

test('the directory and all in it are private under any umask', async () => {
  const basePath = temporaryPath()
  const before = process.umask(0)
  onTestFinished(() => {
    process.umask(before)
  })
  await filled(basePath, 3)
  await compacted(basePath)
  expect(mode(basePath)).toBe('700')
  const names = readdirSync(basePath)
  expect(names.some((name) => name.startsWith('snapshot'))).toBe(true)
  expect(names.map((name) => mode(join(basePath, name)))).toEqual(names.map(() => '600'))
})

test('a directory that is closed holds a log, a reserve and a free lock', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 1)
  expect(namesIn(basePath)).toEqual(['log-000001.jsonl', 'reserve'])
  expect(readdirSync(basePath)).toContainEqual(
    expect.stringMatching(/^lock-000001\.\w+,log=1,end=\d+,commit=2$/),
  )
})

test.each([
  ['a file', (path: string) => writeFileSync(path, ''), 'INVALID_ARGUMENT', /is not a directory/],
  [
    'a symbolic link',
    (path: string) => symlinkSync(dirname(path), path),
    'PERMISSION_DENIED',
    /symbolic link/,
  ],
  [
    'a directory with a foreign file',
    (path: string) => {
      mkdirSync(path)
      writeFileSync(join(path, 'notes.txt'), 'mine')
    },
    'INVALID_ARGUMENT',
    /holds 'notes\.txt', which is no file of a store/,
  ],
  [
    'a directory whose log is a symbolic link',
    (path: string) => {
      mkdirSync(path)
      symlinkSync('/etc/hostname', join(path, 'log-000001.jsonl'))
    },
    'PERMISSION_DENIED',
    /log-000001\.jsonl is no ordinary file/,
  ],
  [
    'a directory whose reserve is a symbolic link',
    (path: string) => {
      mkdirSync(path)
      symlinkSync(join(dirname(path), 'elsewhere'), join(path, 'reserve'))
    },
    'PERMISSION_DENIED',
    /reserve is no ordinary file/,
  ],
])('%s is refused and left alone', async (_what, make, code, message) => {
  const basePath = temporaryPath()
  make(basePath)
  const before = statSync(basePath).isDirectory() ? readdirSync(basePath) : []
  const refusal = await refusalOf(storeAt(basePath).open())
  expect(refusal).toEqual({ code, message: expect.stringMatching(message) })
  if (before.length > 0) expect(readdirSync(basePath)).toEqual(before)
})

test('names that a file system or a desktop leaves in a directory do no harm', async () => {
  const basePath = temporaryPath()
  mkdirSync(join(basePath, 'lost+found'), { recursive: true })
  writeFileSync(join(basePath, '.DS_Store'), '')
  await filled(basePath, 1)
  expect(await idsIn(storeAt(basePath).collection(plain))).toEqual(['n0'])
})

test('a directory whose parent is missing is not made', async () => {
  const basePath = join(temporaryPath(), 'deeper')
  expect(await refusalOf(storeAt(basePath).open())).toEqual({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('does not exist'),
  })
})

test('a directory that may not be written is refused with what to look at', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 1)
  const denied: FileSystem = {
    ...nodeFileSystem,
    rename: async () => {
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
    },
  }
  const { code, message } = await refusalOf(storeAt(basePath, {}, { fileSystem: denied }).open())
  expect(code).toBe('PERMISSION_DENIED')
  expect(message).toContain('check owner and mode')
})

test('a second writer is refused, and told who the first one is', async () => {
  const basePath = temporaryPath()
  await storeAt(basePath).collection(plain).put(note('a'))
  expect(await refusalOf(storeAt(basePath).open())).toEqual({
    code: 'BUSY',
    message: expect.stringContaining('readOnly: true'),
  })
})

test('a reader shows what was there when it opened, beside a writer', async () => {
  const basePath = temporaryPath()
  const writer = storeAt(basePath).collection(plain)
  await writer.put(note('a'))
  const reader = storeAt(basePath, { readOnly: true }).collection(plain)
  expect(await idsIn(reader)).toEqual(['a'])
  await writer.put(note('b'))
  expect(await idsIn(reader)).toEqual(['a'])
  expect(await idsIn(storeAt(basePath, { readOnly: true }).collection(plain))).toEqual(['a', 'b'])
})

test('a reader can neither write nor make anything', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 1)
  const before = readdirSync(basePath)
  const store = storeAt(basePath, { readOnly: true })
  const reader = store.collection(plain)
  expect((await refusalOf(reader.put(note('b')))).code).toBe('READ_ONLY')
  expect((await refusalOf(store.transaction((tx) => tx.collection(plain).put(note('b'))))).code).toBe(
    'READ_ONLY',
  )
  expect(await store.transaction((tx) => tx.collection(plain).get('n0'))).toEqual(note('n0'))
  await store.close()
  expect(readdirSync(basePath)).toEqual(before)
})

test('a reader is refused a collection that the directory does not hold', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 1)
  const others = defineCollection({ name: 'others', schema: noteSchema, key: 'id' })
  const store = storeAt(basePath, { readOnly: true })
  expect(await refusalOf(store.collection(others).count())).toEqual({
    code: 'UNSUPPORTED',
    message:
      'the directory holds nothing for others, and readOnly: true makes nothing: open the store once without readOnly',
  })
  await store.close()
})

test('a reader brings records up to a newer definition, without writing them', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 3)
  const newer = defineCollection({
    name: 'plain',
    schema: noteSchema,
    key: 'id',
    fields: { author: 'index', text: 'index' },
  })
  const before = readdirSync(basePath)
  const store = storeAt(basePath, { readOnly: true })
  expect(await store.collection(newer).count({ text: 'text' })).toBe(3)
  await store.close()
  expect(readdirSync(basePath)).toEqual(before)
})

test.each(['missing', 'empty'])('a reader of a directory that is %s is told so', async (what) => {
  const basePath = temporaryPath()
  if (what === 'empty') mkdirSync(basePath)
  expect((await refusalOf(storeAt(basePath, { readOnly: true }).open())).code).toBe('NOT_FOUND')
})

test('a store that could not be opened can be opened again when the reason is gone', async () => {
  const basePath = temporaryPath()
  mkdirSync(basePath)
  writeFileSync(join(basePath, 'notes.txt'), '')
  const store = storeAt(basePath)
  expect((await refusalOf(store.open())).code).toBe('INVALID_ARGUMENT')
  rmSync(join(basePath, 'notes.txt'))
  await store.collection(plain).put(note('a'))
})

test('a mode that the owner chose for the directory stays', async () => {
  const basePath = temporaryPath()
  mkdirSync(basePath)
  chmodSync(basePath, 0o750)
  await filled(basePath, 1)
  expect(mode(basePath)).toBe('750')
})
