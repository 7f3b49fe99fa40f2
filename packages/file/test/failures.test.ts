/** What a disk that refuses does to writers: who is told what, what is seen meanwhile, and what is there afterwards. */

import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { FileSystem } from '../src/index.ts'
import { nodeFileSystem } from '../src/node-file-system.ts'
import { filled, idsIn, note, plain, refusalOf, storeAt, temporaryPath } from './stores.ts'

/** Decides what becomes of an operation on a log; throws, or answers when it is done. */
interface Disk {
  write: (bytes: Uint8Array) => void
  sync: () => Promise<void>
}

function willing(): Disk {
  return { write: () => undefined, sync: async () => undefined }
}

/** The machine's file system, with a say in what happens to logs. */
function fileSystemOf(disk: Disk): FileSystem {
  return {
    ...nodeFileSystem,
    open: async (path, mode) => {
      const file = await nodeFileSystem.open(path, mode)
      if (!path.includes('log-')) return file
      return {
        ...file,
        writeSync: (bytes, position) => {
          disk.write(bytes)
          return file.writeSync(bytes, position)
        },
        sync: async () => {
          await disk.sync()
          await file.sync()
        },
      }
    },
  }
}

/** A place that is closed until it is opened, and says when somebody stands before it. */
function gate() {
  const reached = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  const pass = () => {
    reached.resolve()
    return opened.promise
  }
  return { reached: reached.promise, pass, open: opened.resolve }
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: played`), { code })
}

test('a failed sync is final: the write is unknown, and nothing goes on until the store is opened again', async () => {
  const basePath = temporaryPath()
  const disk = willing()
  const store = storeAt(basePath, {}, { fileSystem: fileSystemOf(disk) })
  const collection = store.collection(plain)
  await collection.put(note('a'))
  disk.sync = async () => {
    throw failure('EIO')
  }
  expect((await refusalOf(collection.put(note('b')))).code).toBe('OUTCOME_UNKNOWN')
  disk.sync = willing().sync
  const later = await refusalOf(collection.put(note('c')))
  expect(later).toEqual({ code: 'UNAVAILABLE', message: expect.stringContaining('open it again') })
  expect((await refusalOf(collection.get('a'))).code).toBe('UNAVAILABLE')
  await store.close().catch(() => undefined)
  const again = storeAt(basePath).collection(plain)
  expect(await again.get('a')).toEqual(note('a'))
  await again.put(note('d'))
})

test('a full disk refuses a write, shows none of it, and keeps what was there', async () => {
  const basePath = temporaryPath()
  const disk = willing()
  const store = storeAt(basePath, {}, { fileSystem: fileSystemOf(disk) })
  const collection = store.collection(plain)
  await collection.put(note('a', 'before'))
  disk.write = () => {
    throw failure('ENOSPC')
  }
  const refusals = await Promise.all([
    refusalOf(collection.put(note('a', 'after'))),
    refusalOf(collection.putMany([note('b'), note('c')])),
    refusalOf(store.transaction((tx) => tx.collection(plain).put(note('d')))),
  ])
  expect(refusals.map(({ code }) => code)).toEqual(['NO_SPACE', 'NO_SPACE', 'NO_SPACE'])
  expect(await idsIn(collection)).toEqual(['a'])
  expect(await collection.get('a')).toEqual(note('a', 'before'))
  disk.write = willing().write
  await collection.put(note('e'))
  await store.close()
  expect(await idsIn(storeAt(basePath).collection(plain))).toEqual(['a', 'e'])
})

test('what only removes is done on a full disk, also when it waited with what was refused', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 3)
  const disk = willing()
  const store = storeAt(basePath, {}, { fileSystem: fileSystemOf(disk) })
  const collection = store.collection(plain)
  await collection.get('n0')
  disk.write = (bytes) => {
    if (Buffer.from(bytes).includes('"put"')) throw failure('ENOSPC')
  }
  const [put, removed, transaction] = await Promise.allSettled([
    collection.put(note('x')),
    collection.delete('n0'),
    store.transaction((tx) => tx.collection(plain).delete('n1')),
  ])
  expect(put).toMatchObject({ status: 'rejected', reason: { code: 'NO_SPACE' } })
  expect(removed).toEqual({ status: 'fulfilled', value: true })
  expect(transaction).toEqual({ status: 'fulfilled', value: true })
  await store.close()
  expect(await idsIn(storeAt(basePath).collection(plain))).toEqual(['n2'])
})

test('reads wait for nobody, and show a write only when it is durable', async () => {
  const disk = willing()
  const collection = storeAt(temporaryPath(), {}, { fileSystem: fileSystemOf(disk) }).collection(plain)
  await collection.put(note('a', 'before'))
  const syncing = gate()
  disk.sync = syncing.pass
  const put = collection.put(note('a', 'after'))
  await syncing.reached
  expect(await collection.get('a')).toEqual(note('a', 'before'))
  syncing.open()
  await put
  expect(await collection.get('a')).toEqual(note('a', 'after'))
})

test('a transaction that read what could not be written runs again, and reads what is there', async () => {
  const disk = willing()
  const store = storeAt(temporaryPath(), {}, { fileSystem: fileSystemOf(disk) })
  const collection = store.collection(plain)
  await collection.put(note('a', 'before'))
  const syncing = gate()
  disk.sync = syncing.pass
  const first = collection.put(note('a', 'first'))
  await syncing.reached
  // This one waits behind the first, is seen by the transaction, and is refused.
  const second = refusalOf(store.transaction((tx) => tx.collection(plain).put(note('a', 'second'))))
  await setImmediate()
  const seen: unknown[] = []
  const read = store.transaction(async (tx) => {
    const { text } = (await tx.collection(plain).get('a')) ?? {}
    seen.push(text)
    return text
  })
  disk.write = (bytes) => {
    if (Buffer.from(bytes).includes('second')) throw failure('ENOSPC')
  }
  syncing.open()
  await first
  expect((await second).code).toBe('NO_SPACE')
  expect(await read).toBe('first')
  expect(seen).toEqual(['second', 'first'])
})

test('a store that has lost its lock writes nothing more and says so', async () => {
  const basePath = temporaryPath()
  const store = storeAt(basePath)
  const collection = store.collection(plain)
  await collection.put(note('a'))
  const lock = readdirSync(basePath).find((name) => name.startsWith('lock')) ?? ''
  rmSync(join(basePath, lock))
  await filled(basePath, 2)
  expect((await refusalOf(collection.put(note('late')))).code).toBe('LOCK_LOST')
  expect((await refusalOf(collection.put(note('later')))).code).toBe('LOCK_LOST')
  await store.close().catch(() => undefined)
  expect(await idsIn(storeAt(basePath).collection(plain))).toEqual(['a', 'n0', 'n1'])
})
