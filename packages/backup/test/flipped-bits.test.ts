import { closeSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createStore } from '@coffer/core'
import { expect, test } from 'vitest'
import { backup, restore, verifyArchive } from '../src/index.ts'
import { fill, storeOn, tasks } from './filled-store.ts'
import { testFolder } from './places.ts'

const TRIALS = 500

/** The bytes by which an archive is told from other files. */
function namesForm(position: number): boolean {
  return position >= 257 && position < 262
}

/** Numbers below 1 that look like chance and are the same in every run. */
function chances(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

test('a flipped bit in each byte of a small archive is told, frame and manifest included', async () => {
  using folder = testFolder()
  await using store = storeOn({ type: 'memory' })
  await store.collection(tasks).put({ name: 'only', done: true, count: 1 } as never)
  const { path } = await backup(store, { out: folder.path, compression: 'none' })
  const good = readFileSync(path)
  const untold: string[] = []
  const file = openSync(path, 'r+')
  const version = '"formatVersion": '
  const atVersion = good.indexOf(version) + version.length
  for (let position = 0; position < good.length; position++) {
    const byte = good[position] ?? 0
    writeSync(file, Buffer.of(byte ^ (1 << (position % 8))), 0, 1, position)
    const code = await verifyArchive(path).then(
      () => 'nothing',
      (error) => error.code,
    )
    const isForm = code === 'INVALID_ARGUMENT' && namesForm(position)
    const isVersion = code === 'UNSUPPORTED' && position === atVersion
    if (code !== 'CORRUPT' && !isForm && !isVersion) untold.push(`byte ${position}: ${code}`)
    writeSync(file, Buffer.of(byte), 0, 1, position)
  }
  closeSync(file)
  expect(untold).toEqual([])
})

test.each(['zstd', 'gzip', 'none'] as const)(
  `each of ${TRIALS} flipped bits is told, wherever it is, and the target is not even made (%s)`,
  async (compression) => {
    using folder = testFolder()
    await using store = storeOn({ type: 'memory' })
    await fill(store)
    const { path } = await backup(store, { out: folder.path, compression })
    const good = readFileSync(path)
    const place = join(folder.path, 'target.db')
    const chance = chances(20_261_121)
    const untold: string[] = []
    for (let trial = 0; trial < TRIALS; trial++) {
      const position = Math.floor(chance() * good.length)
      const bit = Math.floor(chance() * 8)
      const bad = Buffer.from(good)
      bad[position] = (bad[position] ?? 0) ^ (1 << bit)
      writeFileSync(path, bad)
      const target = createStore({ type: 'sqlite', path: place })
      const code = await restore(path, target).then(
        () => 'nothing',
        (error) => error.code,
      )
      await target.close()
      if (code !== 'CORRUPT' && !(code === 'INVALID_ARGUMENT' && namesForm(position)))
        untold.push(`byte ${position} bit ${bit}: ${code}`)
    }
    expect(untold).toEqual([])
    expect(existsSync(place)).toBe(false)
  },
)
