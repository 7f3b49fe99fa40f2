import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createStore } from '@coffer/core'
import { expect, test } from 'vitest'
import { backup, restore } from '../src/index.ts'
import { fill, storeOn } from './filled-store.ts'
import { testFolder } from './places.ts'

const TRIALS = 500

/** Numbers below 1 that look like chance and are the same in every run. */
function chances(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

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
      if (!['CORRUPT', 'INVALID_ARGUMENT', 'UNSUPPORTED'].includes(code))
        untold.push(`byte ${position} bit ${bit}: ${code}`)
    }
    expect(untold).toEqual([])
    expect(existsSync(place)).toBe(false)
  },
)
