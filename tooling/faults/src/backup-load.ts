/** Backups of a bank that is at work, each restored and looked at. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { backup, contentHash, type MadeBackup, restore, verifyArchive } from '@coffer/backup'
import { type BaseStore, createStore } from '@coffer/core'
import { memory } from '@coffer/memory'
import type { BackupTally, Extent } from './backup-extent.ts'
import {
  accounts,
  type Banking,
  bank,
  bankProblems,
  isBalanced,
  openBank,
  until,
  writingProblems,
} from './bank.ts'
import type { ContentsJob, ContentsResult } from './contents-worker.ts'
import { errorText } from './error-text.ts'
import { type BackendName, type GroundPlace, type Grounds, SHARED } from './grounds.ts'
import { batchesOf, withoutSnapshot } from './row-batches.ts'
import { WorkerProcess } from './worker-process.ts'

const WRITERS = 3
/** What is done between two backups, so that each is of another state. */
const BETWEEN_MS = 30
const COMPRESSIONS = ['zstd', 'gzip', 'none'] as const
/** Small and with pauses, so that a walk without a snapshot takes as long as it does in a large store. */
const NAIVE_ROWS = 8
const NAIVE_PAUSE_MS = 10

export async function backupsUnderLoad(
  name: BackendName,
  grounds: Grounds,
  extent: Extent,
  seed: number,
  tally: BackupTally,
): Promise<void> {
  const out = mkdtempSync(join(tmpdir(), 'coffer-faults-backup-'))
  try {
    await grounds.on(name, async (store, place) => {
      await openBank(store, extent.papers)
      const load = await startLoad(name, store, place, extent, seed)
      try {
        for (let turn = 0; turn < extent.backups; turn++) {
          const target = targetOf(name, turn)
          const compression = COMPRESSIONS[turn % COMPRESSIONS.length] ?? 'none'
          const made = await backup(store, { out, compression })
          load.hold()
          const problems = await restoredProblems(made, grounds, target, seed + turn)
          load.goOn()
          await pause(BETWEEN_MS)
          tally.violations.push(...problems.map((problem) => `backup ${turn} on ${target}: ${problem}`))
          tally.onStep()
        }
        tally.controls.push(await naiveBackups(store, extent.controls))
      } finally {
        tally.counts.transfers = await load.end()
      }
      const left = await bankProblems(store)
      tally.violations.push(...left.map((problem) => `the bank itself: ${problem}`))
    })
    tally.counts['backups restored'] = extent.backups
  } finally {
    rmSync(out, { recursive: true })
  }
}

/** Every other one goes where it came from, the others to the rest in turn. */
function targetOf(name: BackendName, turn: number): BackendName {
  const others = (['memory', 'file', 'sqlite'] as const).filter((each) => each !== name)
  return turn % 2 === 0 ? name : (others[((turn - 1) / 2) % others.length] ?? name)
}

interface Load {
  /** Lets the writers of this process rest, which has only one thread for all that is done in it. */
  hold(): void
  goOn(): void
  /** Ends it. @returns how many transfers were acknowledged */
  end(): Promise<number>
}

/** Writers in this process, and as many in another where that can open the place, too. */
async function startLoad(
  name: BackendName,
  store: BaseStore,
  place: GroundPlace,
  { papers }: Extent,
  seed: number,
): Promise<Load> {
  const banking: Banking = { seed, name: 'here', writers: WRITERS, paperCount: papers }
  const over = Promise.withResolvers<void>()
  const rested = until(over.promise)
  let gate = Promise.withResolvers<void>()
  gate.resolve()
  const here = bank(store, banking, async () => {
    await gate.promise
    return rested()
  })
  here.catch(() => undefined)
  const there = SHARED.includes(name)
    ? await WorkerProcess.start<ContentsJob, ContentsResult>('./contents-worker.ts', [])
    : undefined
  there?.begin({
    type: 'bank',
    config: place.config(),
    banking: { ...banking, seed: seed + 1, name: 'there' },
  })
  return {
    hold() {
      gate = Promise.withResolvers<void>()
    },
    goOn: () => gate.resolve(),
    async end() {
      over.resolve()
      gate.resolve()
      there?.stop()
      const ending = await there?.ending()
      if (ending !== undefined && ending.outcome !== 'done') {
        throw new Error(`a process with writers ended: ${JSON.stringify(ending)}`)
      }
      return (await here) + (ending?.result.transfers ?? 0)
    },
  }
}

async function restoredProblems(
  { path, contentHash: told }: MadeBackup,
  grounds: Grounds,
  target: BackendName,
  seed: number,
): Promise<readonly string[]> {
  try {
    const { contentHash: said } = await verifyArchive(path)
    return await grounds.on(target, async (restored) => {
      await restore(path, restored)
      const found = await contentHash(restored)
      const isSame = found === said && said === told
      const problems = [
        ...(isSame ? [] : ['it holds something else than was saved']),
        ...(await bankProblems(restored)),
      ]
      return problems.length > 0 ? problems : await writingProblems(restored, seed)
    })
  } catch (error) {
    return [errorText(error)]
  }
}

/** Reads one batch after the other, each as it is just then. */
async function naiveBackups(
  store: BaseStore,
  trials: number,
): Promise<{ readonly description: string; readonly trials: number; readonly caught: number }> {
  let caught = 0
  for (let trial = 0; trial < trials; trial++) {
    await using restored = createStore({ backend: memory() })
    const layouts = await store.place().layouts()
    await restored.place().replace({ layouts, onlyIfEmpty: true }, async (loader) => {
      for (const { layout } of layouts) {
        // The others would only make it slow.
        if (layout.name !== accounts.name) continue
        for await (const rows of batchesOf(withoutSnapshot(store), layout, NAIVE_ROWS)) {
          await loader.rows(layout, rows)
          await pause(NAIVE_PAUSE_MS)
        }
      }
    })
    if (!(await isBalanced(restored))) caught++
  }
  return { description: 'a backup that reads without a snapshot', trials, caught }
}
