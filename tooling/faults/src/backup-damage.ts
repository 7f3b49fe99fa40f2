/** Archives with one wrong bit, or without their end: each is told, and what is there stays. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backup, contentHash, restore } from '@coffer/backup'
import { createStore, isStoreError } from '@coffer/core'
import { memory } from '@coffer/memory'
import type { BackupCourse } from './backup-extent.ts'
import { bank, openBank } from './bank.ts'
import { errorText } from './error-text.ts'
import { type Random, randomFrom } from './random.ts'

const COMPRESSIONS = ['zstd', 'gzip', 'none'] as const
/** What a damaged archive may be told as. */
const EXPECTED = ['CORRUPT', 'INVALID_ARGUMENT', 'UNSUPPORTED'] as const
const TRANSFERS = 30

interface Damage {
  readonly description: string
  readonly bytes: Uint8Array
}

export async function badArchives({ name, grounds, extent, seed, tally }: BackupCourse): Promise<void> {
  const { flips, cuts } = extent
  const folder = mkdtempSync(join(tmpdir(), 'coffer-faults-archives-'))
  try {
    const archives = await goodArchives(folder, seed)
    const path = join(folder, 'bad.tar')
    await grounds.on(name, async (target) => {
      await restore(await otherArchive(folder), target)
      const before = await contentHash(target)
      for (let trial = 0; trial < flips + cuts; trial++) {
        const random = randomFrom(seed, trial)
        const good = archives[trial % archives.length] as Buffer
        const damage = trial < flips ? flipped(good, random) : cut(good, random)
        writeFileSync(path, damage.bytes)
        const told = await restore(path, target, { replace: true }).then(
          () => 'nothing',
          (error: unknown) =>
            EXPECTED.some((code) => isStoreError(error, code)) ? undefined : errorText(error),
        )
        if (told !== undefined) tally.violations.push(`${damage.description}: it was told as ${told}`)
        if ((await contentHash(target)) !== before) {
          tally.violations.push(`${damage.description}: the target is another one afterwards`)
        }
        tally.onStep()
      }
    })
    tally.counts['bits flipped'] = flips
    tally.counts['archives cut'] = cuts
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A small one of each compression, so that there is a chance for every part of it. */
async function goodArchives(folder: string, seed: number): Promise<readonly Buffer[]> {
  await using store = createStore({ backend: memory() })
  await openBank(store, 20)
  let left = TRANSFERS
  await bank(store, { seed, name: 'archived', writers: 1, paperCount: 20 }, async () => left-- > 0)
  const archives: Buffer[] = []
  for (const compression of COMPRESSIONS) {
    archives.push(readFileSync((await backup(store, { out: folder, compression })).path))
  }
  return archives
}

async function otherArchive(folder: string): Promise<string> {
  await using store = createStore({ backend: memory() })
  await openBank(store, 50)
  return (await backup(store, { out: folder })).path
}

function flipped(good: Buffer, random: Random): Damage {
  const position = random.below(good.length)
  const bit = random.below(8)
  const bytes = Buffer.from(good)
  bytes[position] = (bytes[position] ?? 0) ^ (1 << bit)
  return { description: `bit ${bit} of byte ${position} of ${good.length}`, bytes }
}

function cut(good: Buffer, random: Random): Damage {
  const length = random.below(good.length)
  return { description: `cut at ${length} of ${good.length} bytes`, bytes: good.subarray(0, length) }
}
