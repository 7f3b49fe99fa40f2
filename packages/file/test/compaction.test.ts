/** Compaction: what is dead goes, nothing else does, and nobody has to wait for it. */

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { FileSystem, OpenFile } from '../src/index.ts'
import { nodeFileSystem } from '../src/node-file-system.ts'
import { filled, idsIn, namesIn, note, notes, plain, storeAt, temporaryPath } from './stores.ts'

const EAGER = { compaction: { minBytes: 4_096, deadShare: 0.5 } }

function bytesIn(basePath: string): number {
  return namesIn(basePath)
    .filter((name) => name !== 'reserve')
    .reduce((sum, name) => sum + statSync(join(basePath, name)).size, 0)
}

test('a directory of few records that change often stays small', async () => {
  const basePath = temporaryPath()
  const store = storeAt(basePath, EAGER)
  const collection = store.collection(plain)
  for (let turn = 0; turn < 100; turn++) {
    await Promise.all(
      Array.from({ length: 10 }, (_each, index) => collection.put(note(`n${index}`, `${turn}`))),
    )
  }
  await store.close()
  expect(bytesIn(basePath)).toBeLessThan(60_000)
  const again = storeAt(basePath).collection(plain)
  expect(await again.get('n7')).toEqual(note('n7', '99'))
  expect(await again.count()).toBe(10)
})

test('a snapshot has everything: versions, floors, history, layouts and what is deleted', async () => {
  const basePath = temporaryPath()
  const store = storeAt(basePath, { compaction: { minBytes: 0, deadShare: 0 } })
  const collection = store.collection(notes)
  await collection.put(note('kept', 'one'))
  await collection.put(note('kept', 'two'))
  await collection.put(note('gone'))
  await collection.delete('gone')
  for (let turn = 0; turn < 50; turn++) await collection.put(note('busy', `${turn}`))
  await store.close()
  expect(namesIn(basePath).some((name) => name.startsWith('snapshot'))).toBe(true)
  const again = storeAt(basePath).collection(notes)
  expect((await again.history('kept')).records.map(({ version }) => version)).toEqual([2, 1])
  expect(await again.get('kept')).toEqual(note('kept', 'two'))
  expect(await again.put(note('gone', 'again'))).toBe(3)
})

test('records that are never changed are not written twice', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 200, EAGER)
  expect(namesIn(basePath)).toEqual(['log-000001.jsonl', 'reserve'])
})

test('a compaction that fails costs nothing but the attempt', async () => {
  const basePath = temporaryPath()
  let failures = 0
  const failing: FileSystem = {
    ...nodeFileSystem,
    open: async (path, mode) => {
      const file = await nodeFileSystem.open(path, mode)
      if (!path.includes('snapshot')) return file
      const broken: OpenFile = {
        ...file,
        write: async () => {
          failures += 1
          throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
        },
      }
      return broken
    },
  }
  const store = storeAt(basePath, EAGER, { fileSystem: failing })
  const collection = store.collection(plain)
  for (let turn = 0; turn < 200; turn++) await collection.put(note(`n${turn % 5}`, `${turn}`))
  await store.close()
  expect(failures).toBeGreaterThan(0)
  expect(namesIn(basePath).filter((name) => /snapshot|tmp/.test(name))).toEqual([])
  expect(await idsIn(storeAt(basePath).collection(plain))).toEqual(['n0', 'n1', 'n2', 'n3', 'n4'])
})

test('writers go on while a snapshot is written, and reading shows only what is durable', async () => {
  const basePath = temporaryPath()
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let isHolding = false
  const slow: FileSystem = {
    ...nodeFileSystem,
    open: async (path, mode) => {
      const file = await nodeFileSystem.open(path, mode)
      if (!path.includes('snapshot')) return file
      return {
        ...file,
        write: async (bytes, position) => {
          isHolding = true
          await held
          return file.write(bytes, position)
        },
      }
    },
  }
  const store = storeAt(basePath, EAGER, { fileSystem: slow })
  const collection = store.collection(plain)
  for (let turn = 0; !isHolding; turn++) await collection.put(note('a', `${turn}`))
  await collection.put(note('b', 'while it is written'))
  await collection.put(note('a', 'last'))
  release()
  await store.close()
  const again = storeAt(basePath).collection(plain)
  expect(await again.getMany(['a', 'b'])).toEqual([note('a', 'last'), note('b', 'while it is written')])
})
