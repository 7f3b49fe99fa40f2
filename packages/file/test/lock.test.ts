/** The lock of a directory, within one process. */

import { mkdirSync, readdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { FileSystem } from '../src/file-system.ts'
import { currentOwner, type LockOwner } from '../src/lock-owner.ts'
import { nodeFileSystem } from '../src/node-file-system.ts'
import { refusal, taken, temporaryDirectory } from './lock-place.ts'

/** A process that can't be looked at from here. */
const ELSEWHERE: LockOwner = {
  host: 'elsewhere',
  pid: 7,
  startTime: '1',
  machine: undefined,
  system: 'theirs',
}

/** Periods that make a silent holder dead soon, and one that beats never. */
const IMPATIENT = { silenceMs: 40, pauseMs: 4 }
const NO_HEARTBEAT = { self: ELSEWHERE, heartbeatMs: 1_000_000 }

const LOST = expect.objectContaining({ code: 'LOCK_LOST' })

test('holders follow each other at once, with growing numbers, and leave one empty file', async () => {
  const directory = temporaryDirectory()
  for (const number of [1, 2, 3]) {
    const lock = await taken(directory)
    expect(lock).toMatchObject({ number, wasReleased: true, note: undefined })
    lock.assertHeld()
    const names = readdirSync(directory)
    expect(names).toEqual([expect.stringContaining(`lock-00000${number}.held,`)])
    expect(statSync(join(directory, names[0] ?? ''))).toMatchObject({ size: 0, mode: 0o100600 })
    await lock.release()
    expect(readdirSync(directory)).toEqual([`lock-00000${number}.released`])
    expect(() => lock.assertHeld()).toThrow(LOST)
  }
})

test('a holder tells the next one whether all is in order, and leaves a note', async () => {
  const directory = temporaryDirectory()
  const note = { log: 3, end: Number.MAX_SAFE_INTEGER }
  await (await taken(directory)).release({ note })
  const second = await taken(directory)
  expect(second).toMatchObject({ wasReleased: true, note })
  await second.release({ inOrder: false, note })
  const third = await taken(directory)
  expect(third).toMatchObject({ wasReleased: false, note })
  await third.release({ inOrder: false })
  expect(await taken(directory)).toMatchObject({ number: 4, wasReleased: false, note: undefined })
})

test('a second store of one process is told so', async () => {
  const directory = temporaryDirectory()
  const lock = await taken(directory)
  const error = await refusal(directory)
  expect(error).toMatchObject({ code: 'BUSY', backend: 'file', retry: 'operation' })
  expect(error.message).toContain('another store of this process')
  expect(error.message).toContain(directory)
  lock.assertHeld()
})

test('two who ask at the same moment do not both get it', async () => {
  const directory = temporaryDirectory()
  const asked = await Promise.allSettled([taken(directory), taken(directory), taken(directory)])
  expect(asked.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
})

test('who waits gets it when it is given back', async () => {
  const directory = temporaryDirectory()
  const first = await taken(directory)
  const hasLooked = Promise.withResolvers<void>()
  let looks = 0
  const watched: FileSystem = {
    ...nodeFileSystem,
    list: async (path) => {
      looks += 1
      if (looks === 3) hasLooked.resolve()
      return nodeFileSystem.list(path)
    },
  }
  const second = taken(directory, { timeoutMs: 30_000 }, watched)
  await hasLooked.promise
  await first.release()
  expect((await second).number).toBe(2)
})

test('the id of a dead process, with another process under it, keeps nobody out', async () => {
  const directory = temporaryDirectory()
  const lock = await taken(directory, { self: { ...(await currentOwner()), startTime: '1' } })
  expect(await taken(directory)).toMatchObject({ number: 2, wasReleased: false })
  expect(() => lock.assertHeld()).toThrow(LOST)
})

test('a holder from before the machine was started again keeps nobody out', async () => {
  const directory = temporaryDirectory()
  const before = { ...ELSEWHERE, machine: 'ours', system: 'before' }
  await taken(directory, { self: before })
  expect((await taken(directory, { self: { ...before, system: 'after' } })).number).toBe(2)
})

test('a silent holder elsewhere is robbed, and knows it, whoever comes after', async () => {
  const directory = temporaryDirectory()
  const robbed = await taken(directory, NO_HEARTBEAT)
  robbed.assertHeld()
  const second = await taken(directory, IMPATIENT)
  expect(second).toMatchObject({ number: 2, wasReleased: false })
  expect(() => robbed.assertHeld()).toThrow(LOST)
  await second.release()
  expect(() => robbed.assertHeld()).toThrow(LOST)
  const third = await taken(directory)
  expect(() => robbed.assertHeld()).toThrow(LOST)
  await robbed.release()
  third.assertHeld()
  expect(readdirSync(directory)).toEqual([expect.stringContaining('lock-000003.held,')])
})

test('a holder elsewhere whose heart beats is not robbed', async () => {
  const directory = temporaryDirectory()
  const lock = await taken(directory, { self: ELSEWHERE, heartbeatMs: 5 })
  const error = await refusal(directory, { silenceMs: 5_000 })
  expect(error.code).toBe('BUSY')
  expect(error.message).toContain('process 7 on host elsewhere')
  lock.assertHeld()
})

test('a heart stops with the holding', async () => {
  const directory = temporaryDirectory()
  const touched: string[] = []
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    touch: async (path) => {
      touched.push(path)
      await nodeFileSystem.touch(path)
    },
  }
  const lock = await taken(directory, { heartbeatMs: 1 }, fileSystem)
  while (touched.length < 3) await nodeFileSystem.list(directory)
  await lock.release()
  const count = touched.length
  const next = await taken(directory, { heartbeatMs: 1 }, fileSystem)
  while (touched.length < count + 5) await nodeFileSystem.list(directory)
  expect(touched.slice(count).filter((path) => path.includes('lock-000001'))).toEqual([])
  next.assertHeld()
})

test('a heartbeat that fails is tried again', async () => {
  const directory = temporaryDirectory()
  let touches = 0
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    touch: async () => {
      touches += 1
      throw Object.assign(new Error('no'), { code: 'EIO' })
    },
  }
  const lock = await taken(directory, { heartbeatMs: 1 }, fileSystem)
  while (touches < 3) await nodeFileSystem.list(directory)
  lock.assertHeld()
})

test('a lock whose name can not be read is judged by its heartbeat', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'lock-000005.kept')
  writeFileSync(path, '')
  const beat = setInterval(() => nodeFileSystem.touch(path).catch(() => undefined), 5)
  onTestFinished(() => clearInterval(beat))
  const error = await refusal(directory, { silenceMs: 5_000 })
  expect(error.message).toContain('another process has')
  clearInterval(beat)
  expect(await taken(directory, IMPATIENT)).toMatchObject({ number: 6, wasReleased: false })
})

test('a lock that is a symbolic link or a directory is refused, and left alone', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'lock-000001.released')
  writeFileSync(join(directory, 'target'), '')
  symlinkSync('target', path)
  expect(await refusal(directory)).toMatchObject({ code: 'PERMISSION_DENIED' })
  renameSync(path, join(directory, 'elsewhere'))
  mkdirSync(path)
  expect(await refusal(directory)).toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(readdirSync(directory).sort()).toEqual(['elsewhere', 'lock-000001.released', 'target'])
})

test('who slept since it found the directory empty takes nothing', async () => {
  const directory = temporaryDirectory()
  let isFirst = true
  const sleepy: FileSystem = {
    ...nodeFileSystem,
    list: async (path) => {
      const names = await nodeFileSystem.list(path)
      if (isFirst) {
        isFirst = false
        await (await taken(directory)).release()
        await taken(directory)
      }
      return names
    },
  }
  expect(await refusal(directory, {}, sleepy)).toMatchObject({ code: 'BUSY' })
  expect(readdirSync(directory)).toContain('lock-000000.released')
})

test('a lock file that does not count goes with the next holder', async () => {
  const directory = temporaryDirectory()
  writeFileSync(join(directory, 'lock-000000.released'), '')
  writeFileSync(join(directory, 'lock-000002.released'), '')
  expect((await taken(directory)).number).toBe(3)
  expect(readdirSync(directory)).toEqual([expect.stringContaining('lock-000003.held,')])
})

test('who took a file that does not count sees it and gives way', async () => {
  const directory = temporaryDirectory()
  const holder = await taken(directory)
  writeFileSync(join(directory, 'lock-000000.released'), '')
  let isFirst = true
  const shortSighted: FileSystem = {
    ...nodeFileSystem,
    list: async (path) => {
      const names = await nodeFileSystem.list(path)
      if (!isFirst) return names
      isFirst = false
      return names.filter((name) => name.endsWith('released'))
    },
  }
  expect(await refusal(directory, {}, shortSighted)).toMatchObject({ code: 'BUSY' })
  holder.assertHeld()
  expect(readdirSync(directory)).toEqual([expect.stringContaining('lock-000001.held,')])
})

test('who slept since it found the holder dead takes nothing', async () => {
  const directory = temporaryDirectory()
  await taken(directory, { self: { ...(await currentOwner()), startTime: '1' } })
  let isFirst = true
  const sleepy: FileSystem = {
    ...nodeFileSystem,
    rename: async (from, to) => {
      if (isFirst) {
        isFirst = false
        await taken(directory)
      }
      await nodeFileSystem.rename(from, to)
    },
  }
  expect(await refusal(directory, {}, sleepy)).toMatchObject({ code: 'BUSY' })
  expect(readdirSync(directory)).toEqual([expect.stringContaining('lock-000002.held,')])
})

test('who finds the lock file gone at the last moment does not believe to have it', async () => {
  const directory = temporaryDirectory()
  await (await taken(directory)).release()
  const removing: FileSystem = {
    ...nodeFileSystem,
    rename: async (from, to) => {
      await nodeFileSystem.remove(from)
      await nodeFileSystem.rename(from, to)
    },
  }
  expect(await refusal(directory, {}, removing)).toMatchObject({ code: 'BUSY' })
})

test('a rename that was done and then denied is one that was done', async () => {
  const directory = temporaryDirectory()
  const denying: FileSystem = {
    ...nodeFileSystem,
    rename: async (from, to) => {
      await nodeFileSystem.rename(from, to)
      if (to.includes('held')) throw Object.assign(new Error('no'), { code: 'ENOENT' })
    },
  }
  const lock = await taken(directory, {}, denying)
  lock.assertHeld()
})

test('who can not make sure of the lock gives it back as it was found', async () => {
  const directory = temporaryDirectory()
  await (await taken(directory)).release({ inOrder: false, note: { log: 1 } })
  const failing: FileSystem = {
    ...nodeFileSystem,
    syncDirectory: async () => {
      throw Object.assign(new Error('no'), { code: 'EIO' })
    },
  }
  await expect(taken(directory, {}, failing)).rejects.toMatchObject({ code: 'EIO' })
  expect(await taken(directory)).toMatchObject({ number: 3, wasReleased: false, note: { log: 1 } })
})

test('taking and giving back are made durable, unless that is not wanted', async () => {
  const directory = temporaryDirectory()
  const synced: string[] = []
  const watched: FileSystem = {
    ...nodeFileSystem,
    syncDirectory: async (path) => {
      synced.push(...(await nodeFileSystem.list(path)))
    },
  }
  const lock = await taken(directory, {}, watched)
  expect(synced).toEqual([expect.stringContaining('lock-000001.held,')])
  await lock.release()
  expect(synced.slice(1)).toEqual(['lock-000001.released'])
  await (await taken(directory, { isDurable: false }, watched)).release()
  expect(synced).toHaveLength(2)
})

test('a full disk does not stand in the way of the next holder', async () => {
  const directory = temporaryDirectory()
  await (await taken(directory)).release()
  const full: FileSystem = {
    ...nodeFileSystem,
    open: async () => {
      throw Object.assign(new Error('no'), { code: 'ENOSPC' })
    },
  }
  expect((await taken(directory, {}, full)).number).toBe(2)
})
