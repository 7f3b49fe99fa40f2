/** Processes that are killed while they restore over a place that has a bank, or save it. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backup, contentHash, listBackups, restore } from '@coffer/backup'
import type { BaseStore } from '@coffer/core'
import type { BackupCourse, BackupTally } from './backup-extent.ts'
import { folderProblems } from './backup-proof.ts'
import { bank, bankProblems, openBank } from './bank.ts'
import type { ContentsJob, ContentsResult } from './contents-worker.ts'
import { errorText } from './error-text.ts'
import { type GroundPlace, inStore, packagesOf } from './grounds.ts'
import { killedAtWork, undisturbed } from './killed-at-work.ts'
import { randomFrom } from './random.ts'
import { type Workers, workersOf } from './worker-process.ts'

/** Two states of a bank, and a place that has one of them. */
export interface KillScene extends AsyncDisposable {
  readonly course: BackupCourse
  readonly place: GroundPlace
  readonly folder: string
  readonly states: readonly State[]
  readonly workers: Workers<ContentsJob, ContentsResult>
}

/** A bank as it is in a backup. */
interface State {
  readonly path: string
  readonly hash: string
  /** The same as an archive. */
  readonly archive: string
}

/** By so many more the second state differs from the first. */
const TRANSFERS = 30

export async function startKillScene(course: BackupCourse): Promise<KillScene> {
  const { name, grounds } = course
  const folder = mkdtempSync(join(tmpdir(), 'coffer-faults-kills-'))
  const states = await statesIn(folder, course)
  const place = await grounds.newPlace(name)
  await inStore(place, (store) => restore(states[0]?.path ?? '', store))
  const workers = workersOf<ContentsJob, ContentsResult>('./contents-worker.ts', packagesOf(name))
  return {
    course,
    place,
    folder,
    states,
    workers,
    async [Symbol.asyncDispose]() {
      await workers[Symbol.asyncDispose]()
      await place.remove()
      rmSync(folder, { recursive: true })
    },
  }
}

function statesIn(
  out: string,
  { name, grounds, format, extent, seed }: BackupCourse,
): Promise<readonly State[]> {
  const paperCount = extent.papersOfKills
  return grounds.on(format === 'archive' ? 'memory' : name, async (store) => {
    await openBank(store, paperCount)
    const states: State[] = []
    for (const number of [1, 2]) {
      let left = TRANSFERS * number
      const banking = { seed: seed + number, name: `bank-${number}`, writers: 1, paperCount }
      await bank(store, banking, async () => left-- > 0)
      const { path: archive, contentHash: hash = '' } = await backup(store, { out })
      const { path } = format === 'archive' ? { path: archive } : await backup(store, { out, format })
      states.push({ path, hash, archive })
    }
    return states
  })
}

/** Restores one state over the other, and is killed: then it is the one or the other. */
export async function killedRestores(scene: KillScene): Promise<void> {
  const { place, states, workers } = scene
  const { extent, seed, tally } = scene.course
  const { durationMs } = await undisturbed(workers, restoreJob(scene, 1))
  let current = 1
  const play = async (trial: number, afterMs: number) => {
    const other = 1 - current
    const worker = await workers.next()
    worker.begin(restoreJob(scene, other))
    const ending = await worker.killAfter(afterMs)
    await place.settled()
    const where = `restore ${trial}, killed after ${afterMs} of about ${Math.round(durationMs)} ms`
    if (ending.outcome === 'failed') tally.violations.push(`${where}: ${ending.error}`)
    const found = await stateOf(scene)
    if (typeof found === 'string') {
      tally.violations.push(`${where}: ${found}`)
      await inStore(place, (store) => restore(states[current]?.path ?? '', store, { replace: true }))
    } else {
      if (ending.outcome === 'done' && found !== other) {
        tally.violations.push(`${where}: it was done, and is not there`)
      }
      current = found
    }
    return ending.outcome
  }
  for (let trial = 0; trial < extent.kills; trial++) {
    await killedAtWork(randomFrom(seed, 1, trial), durationMs, (moment) => play(trial, moment()))
    tally.onStep()
  }
  tally.counts['restores killed'] = extent.kills
  tally.controls.push(await naiveRestores(scene, extent.controls))
}

function restoreJob({ place, states }: KillScene, number: number, isNaive = false): ContentsJob {
  const { path = '', archive = '' } = states[number] ?? {}
  return { type: 'restore', config: place.config(), path: isNaive ? archive : path, isNaive }
}

/** The state that the place has, or what is wrong with it. */
async function stateOf({ place, states }: KillScene): Promise<number | string> {
  try {
    return await inStore(place, async (store) => {
      const hash = await contentHash(store)
      const state = states.findIndex((each) => each.hash === hash)
      const problems = await bankProblems(store)
      if (problems.length > 0) return problems.slice(0, 3).join('; ')
      return state < 0 ? 'it holds neither what it held before nor what was restored' : state
    })
  } catch (error) {
    return `it can't be read: ${errorText(error)}`
  }
}

/** A restore that stands still in the middle until it is killed. */
async function naiveRestores(scene: KillScene, trials: number): Promise<BackupTally['controls'][number]> {
  const { place, states, workers } = scene
  const whole = (store: BaseStore) => restore(states[0]?.path ?? '', store, { replace: true })
  let caught = 0
  for (let trial = 0; trial < trials; trial++) {
    await inStore(place, whole)
    const worker = await workers.next()
    worker.begin(restoreJob(scene, 1, true))
    await worker.noted()
    await worker.killAfter(0)
    await place.settled()
    if (typeof (await stateOf(scene)) === 'string') caught++
  }
  await inStore(place, whole)
  return { description: 'a restore in pieces', trials, caught }
}

/** Saves the place, and is killed: what has the name of a backup is one. */
export async function killedBackups(scene: KillScene): Promise<void> {
  const { place, folder, states, workers } = scene
  const { format, extent, seed, tally } = scene.course
  const out = join(folder, 'out')
  mkdirSync(out, { mode: 0o700 })
  const job: ContentsJob = { type: 'backup', config: place.config(), out, format }
  const { durationMs } = await undisturbed(workers, job)
  const hash = states[0]?.hash ?? ''
  const play = async (trial: number, afterMs: number) => {
    removeBackups(out)
    const worker = await workers.next()
    worker.begin(job)
    const ending = await worker.killAfter(afterMs)
    await place.settled()
    const where = `backup ${trial}, killed after ${afterMs} of about ${Math.round(durationMs)} ms`
    if (ending.outcome === 'failed') tally.violations.push(`${where}: ${ending.error}`)
    if (ending.outcome === 'done' && (await listBackups(out)).length !== 1) {
      tally.violations.push(`${where}: it was done, and is not there`)
    }
    const problems = await folderProblems(out, hash)
    tally.violations.push(...problems.map((problem) => `${where}: ${problem}`))
    return ending.outcome
  }
  for (let trial = 0; trial < extent.kills; trial++) {
    await killedAtWork(randomFrom(seed, 3, trial), durationMs, (moment) => play(trial, moment()))
    tally.onStep()
  }
  removeBackups(out)
  await inStore(place, (store) => backup(store, { out, format }))
  const problems = await folderProblems(out, hash)
  tally.violations.push(...problems.map((problem) => `the backup after all kills: ${problem}`))
  if ((await listBackups(out)).length !== 1) tally.violations.push('what was killed is listed as a backup')
  tally.counts['backups killed'] = extent.kills
}

/** What was left in part stays for the next. */
function removeBackups(out: string): void {
  for (const file of readdirSync(out)) if (!file.endsWith('.partial')) rmSync(join(out, file))
}
