/** Repair: saves what can be read, says what can't, and keeps what it found. */

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repair } from '../src/index.ts'
import {
  compacted,
  filled,
  idsIn,
  linesOf,
  namesIn,
  note,
  notes,
  plain,
  refusalOf,
  storeAt,
  temporaryPath,
} from './stores.ts'

const LOG = 'log-000001.jsonl'

function spoil(path: string, line: number): Buffer {
  const lines = linesOf(path)
  const offset = Buffer.byteLength(
    lines
      .slice(0, line)
      .map((each) => `${each}\n`)
      .join(''),
  )
  const bytes = readFileSync(path)
  bytes[offset + 20] = (bytes[offset + 20] ?? 0) ^ 1
  writeFileSync(path, bytes)
  return bytes
}

test('a damaged commit is lost, all others are saved, and the files are kept as they were', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 5)
  const found = spoil(join(basePath, LOG), 4)
  expect((await refusalOf(storeAt(basePath).open())).code).toBe('CORRUPT')
  const report = await repair({ basePath })
  expect(report).toMatchObject({ saved: { plain: 4 }, damage: [{ file: LOG, offset: expect.any(Number) }] })
  expect(readFileSync(join(report.keptIn ?? '', LOG))).toEqual(found)
  const store = storeAt(basePath)
  expect(await idsIn(store.collection(plain))).toEqual(['n0', 'n1', 'n3', 'n4'])
  await store.collection(plain).put(note('later'))
  await store.close()
  expect(await storeAt(basePath).collection(plain).count()).toBe(5)
})

test('a directory without damage is left as it is', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 3)
  expect(await repair({ basePath })).toEqual({ damage: [], saved: {}, keptIn: undefined })
  expect(namesIn(basePath)).toEqual([LOG, 'reserve'])
})

test('records whose layout was lost are found by the next program that knows it', async () => {
  const basePath = temporaryPath()
  const before = storeAt(basePath)
  await before.collection(notes).putMany([note('a', 'one'), note('b')])
  await before.collection(notes).put(note('a', 'two'))
  await before.close()
  spoil(join(basePath, LOG), 1)
  await repair({ basePath })
  const collection = storeAt(basePath).collection(notes)
  expect(await collection.count({ author: 'ann' })).toBe(2)
  expect((await collection.history('a')).records.map(({ version }) => version)).toEqual([2, 1])
})

test('a damaged snapshot gives all rows but the damaged one', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 400)
  spoil(join(basePath, await compacted(basePath)), 5)
  await repair({ basePath })
  expect(await storeAt(basePath).collection(plain).count()).toBe(399)
})

test('a missing log is told, and what is left is saved', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 400)
  await compacted(basePath)
  const log = namesIn(basePath).findLast((name) => name.startsWith('log')) ?? ''
  rmSync(join(basePath, log))
  const { damage } = await repair({ basePath })
  expect(damage).toEqual([{ file: log, offset: 0, what: 'the file is missing' }])
  expect(await storeAt(basePath).collection(plain).count()).toBeGreaterThan(0)
})

test('a store that is open for writing is not repaired', async () => {
  const basePath = temporaryPath()
  const store = storeAt(basePath)
  await store.collection(plain).put(note('a'))
  expect((await refusalOf(repair({ basePath, lockTimeoutMs: 0 }))).code).toBe('BUSY')
  expect(readdirSync(basePath).filter((name) => name.startsWith('damaged'))).toEqual([])
})
