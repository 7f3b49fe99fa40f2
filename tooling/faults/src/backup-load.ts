/** Backups of a bank that is at work, each restored and looked at. */

import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backup, contentHash, type MadeBackup, restore } from '@coffer/backup'
import { type BaseStore, createStore } from '@coffer/core'
import { memory } from '@coffer/memory'
import type { BackupCourse } from './backup-extent.ts'
import { provenHash } from './backup-proof.ts'
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
import { type BackendName, type GroundPlace, type Grounds, packagesOf, SHARED } from './grounds.ts'
import { batchesOf, withoutSnapshot } from './row-batches.ts'
import { WorkerProcess } from './worker-process.ts'

const WRITERS = 3
/** What is done between two backups, so that each is of another state, in transfers. */
const BETWEEN = 5
const COMPRESSIONS = ['zstd', 'gzip', 'none'] as const
/** Few at a time, with so many transfers between, so that a walk without a snapshot is what it is in a large store. */
const NAIVE_ROWS = 8
const NAIVE_TRANSFERS = 4

export async function backupsUnderLoad(course: BackupCourse): Promise<void> {
  const { name, grounds, format, extent, seed, tally } = course
  const out = mkdtempSync(join(tmpdir(), 'coffer-faults-backup-'))
  try {
    await grounds.on(name, async (store, place) => {
      await openBank(store, extent.papers)
      const load = await startLoad(store, place, course)
      let beside = 0
      try {
        for (let turn = 0; turn < extent.backups; turn++) {
          const target = targetOf(course, turn)
          const compression = COMPRESSIONS[turn % COMPRESSIONS.length] ?? 'none'
          const before = load.done()
          const made = await backup(store, { out, format, compression })
          beside += load.done() - before
          load.hold()
          const problems = await restoredProblems(made, grounds, target, seed + turn)
          load.goOn()
          await load.more(BETWEEN)
          tally.violations.push(...problems.map((problem) => `backup ${turn} on ${target}: ${problem}`))
          tally.onStep()
        }
        tally.controls.push(await naiveBackups(store, load, 2 * extent.controls))
      } finally {
        tally.counts.transfers = await load.end()
      }
      // Small banks are saved faster than a transfer is made.
      if (beside > 0) tally.counts['of them while it was saved'] = beside
      const left = await bankProblems(store)
      tally.violations.push(...left.map((problem) => `the bank itself: ${problem}`))
    })
    tally.counts['backups restored'] = extent.backups
  } finally {
    rmSync(out, { recursive: true })
  }
}

/** Every other one goes where it came from, the others to the rest in turn; dumps go nowhere else. */
function targetOf({ name, format }: BackupCourse, turn: number): BackendName {
  if (format === 'native' && name === 'postgresql') return name
  const others = (['memory', 'file', 'sqlite'] as const).filter((each) => each !== name)
  return turn % 2 === 0 ? name : (others[((turn - 1) / 2) % others.length] ?? name)
}

interface Load {
  /** Lets the writers rest: this process has only one thread for all that is done in it, and the machine few. */
  hold(): void
  goOn(): void
  /** How many transfers this process was told are done. */
  done(): number
  /** Resolves when they are so many more. */
  more(count: number): Promise<void>
  /** Ends it. @returns how many transfers were acknowledged */
  end(): Promise<number>
}

/** Writers in this process, and as many in another where that can open the place, too. */
async function startLoad(
  store: BaseStore,
  place: GroundPlace,
  { name, extent, seed }: BackupCourse,
): Promise<Load> {
  const banking: Banking = { seed, name: 'here', writers: WRITERS, paperCount: extent.papers }
  const over = Promise.withResolvers<void>()
  const rested = until(over.promise)
  let gate = Promise.withResolvers<void>()
  gate.resolve()
  const acknowledged = new EventEmitter()
  const mayGoOn = async () => {
    await gate.promise
    return rested()
  }
  let done = 0
  const here = bank(store, banking, mayGoOn, () => {
    done++
    acknowledged.emit('transfer')
  })
  here.catch(() => undefined)
  const there = SHARED.includes(name)
    ? await WorkerProcess.start<ContentsJob, ContentsResult>('./contents-worker.ts', packagesOf(name))
    : undefined
  there?.begin({
    type: 'bank',
    config: place.config(),
    banking: { ...banking, seed: seed + 1, name: 'there' },
  })
  return {
    hold() {
      gate = Promise.withResolvers<void>()
      there?.hold()
    },
    goOn() {
      there?.goOn()
      gate.resolve()
    },
    done: () => done,
    async more(count) {
      for (const wanted = done + count; done < wanted; ) {
        await Promise.race([once(acknowledged, 'transfer'), here])
      }
    },
    async end() {
      over.resolve()
      gate.resolve()
      there?.goOn()
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
  made: MadeBackup,
  grounds: Grounds,
  target: BackendName,
  seed: number,
): Promise<readonly string[]> {
  try {
    const said = await provenHash(made.path)
    return await grounds.on(target, async (restored) => {
      await restore(made.path, restored)
      const found = await contentHash(restored)
      const isSame = [said ?? found, made.contentHash ?? found].every((hash) => hash === found)
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
  load: Load,
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
          await load.more(NAIVE_TRANSFERS)
        }
      }
    })
    if (!(await isBalanced(restored))) caught++
  }
  return { description: 'a backup that reads without a snapshot', trials, caught }
}
