/** Processes that are killed while they restore over a place that has a bank, or save it. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backup, contentHash, listBackups, restore, verifyArchive } from '@coffer/backup'
import { createStore } from '@coffer/core'
import { memory } from '@coffer/memory'
import type { BackupTally, Extent } from './backup-extent.ts'
import { bank, bankProblems, openBank } from './bank.ts'
import type { ContentsJob, ContentsResult } from './contents-worker.ts'
import { errorText } from './error-text.ts'
import { ALL_PACKAGES, type BackendName, type GroundPlace, type Grounds, inStore } from './grounds.ts'
import { randomFrom } from './random.ts'
import { type Workers, workersOf } from './worker-process.ts'

/** Two states of a bank, and a place that has one of them. */
export interface KillScene extends AsyncDisposable {
  readonly place: GroundPlace
  readonly folder: string
  readonly states: readonly State[]
  readonly workers: Workers<ContentsJob, ContentsResult>
  readonly seed: number
}

/** A bank as it is in an archive. */
interface State {
  readonly path: string
  readonly hash: string
}

/** What lies behind the end of the work is drawn too: so much of it, in percent. */
const BEHIND_PERCENT = 10
const OTHERS = 0o077

export async function startKillScene(
  name: BackendName,
  grounds: Grounds,
  { papersOfKills }: Extent,
  seed: number,
): Promise<KillScene> {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-faults-kills-'))
  const states = await statesIn(folder, papersOfKills, seed)
  const place = await grounds.newPlace(name)
  await inStore(place, (store) => restore(states[0]?.path ?? '', store))
  const workers = workersOf<ContentsJob, ContentsResult>('./contents-worker.ts', ALL_PACKAGES)
  return {
    place,
    folder,
    states,
    workers,
    seed,
    async [Symbol.asyncDispose]() {
      await workers[Symbol.asyncDispose]()
      await place.remove()
      rmSync(folder, { recursive: true })
    },
  }
}

async function statesIn(folder: string, paperCount: number, seed: number): Promise<readonly State[]> {
  await using store = createStore({ backend: memory() })
  await openBank(store, paperCount)
  const states: State[] = []
  for (const number of [1, 2]) {
    let left = 100 * number
    const banking = { seed: seed + number, name: `bank-${number}`, writers: 1, paperCount }
    await bank(store, banking, async () => left-- > 0)
    const { path, contentHash: hash = '' } = await backup(store, { out: folder })
    states.push({ path, hash })
  }
  return states
}

/** Restores one state over the other, and is killed: then it is the one or the other. */
export async function killedRestores(scene: KillScene, extent: Extent, tally: BackupTally): Promise<void> {
  const { place, states, seed } = scene
  let current = 0
  const durationMs = await undisturbed(scene, restoreJob(scene, 1))
  current = 1
  let killed = 0
  for (let trial = 0; trial < extent.kills; trial++) {
    const random = randomFrom(seed, 1, trial)
    const afterMs = random.below(Math.ceil((durationMs * (100 + BEHIND_PERCENT)) / 100))
    const other = 1 - current
    const worker = await scene.workers.next()
    worker.begin(restoreJob(scene, other))
    const ending = await worker.killAfter(afterMs)
    await place.settled()
    const where = `restore ${trial}, killed after ${afterMs} of about ${durationMs} ms`
    if (ending.outcome === 'failed') tally.violations.push(`${where}: ${ending.error}`)
    if (ending.outcome === 'killed') killed++
    const found = await stateOf(scene)
    if (typeof found === 'string') tally.violations.push(`${where}: ${found}`)
    else {
      if (ending.outcome === 'done' && found !== other)
        tally.violations.push(`${where}: it was done, and is not there`)
      current = found
    }
    if (typeof found === 'string')
      await inStore(place, (store) => restore(states[current]?.path ?? '', store, { replace: true }))
    tally.onStep()
  }
  tally.counts['restores killed'] = killed
  tally.controls.push(await naiveRestores(scene, extent.controls, durationMs))
}

function restoreJob({ place, states }: KillScene, number: number, isNaive = false): ContentsJob {
  return { type: 'restore', config: place.config(), path: states[number]?.path ?? '', isNaive }
}

/** How long a job takes that is not killed, in milliseconds. */
async function undisturbed({ workers, place }: KillScene, job: ContentsJob): Promise<number> {
  const worker = await workers.next()
  const startedAt = performance.now()
  worker.begin(job)
  const ending = await worker.ending()
  const durationMs = Math.ceil(performance.now() - startedAt)
  await place.settled()
  if (ending.outcome !== 'done') throw new Error(`undisturbed work ended: ${JSON.stringify(ending)}`)
  return durationMs
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

async function naiveRestores(
  scene: KillScene,
  trials: number,
  durationMs: number,
): Promise<BackupTally['controls'][number]> {
  let caught = 0
  for (let trial = 0; trial < trials; trial++) {
    const worker = await scene.workers.next()
    worker.begin(restoreJob(scene, trial % 2, true))
    await worker.noted()
    await worker.killAfter(randomFrom(scene.seed, 2, trial).below(Math.ceil(durationMs / 4)))
    await scene.place.settled()
    if (typeof (await stateOf(scene)) === 'string') caught++
  }
  await inStore(scene.place, (store) => restore(scene.states[0]?.path ?? '', store, { replace: true }))
  return { description: 'a restore in pieces', trials, caught }
}

/** Saves the place, and is killed: what has the name of a backup is one. */
export async function killedBackups(scene: KillScene, extent: Extent, tally: BackupTally): Promise<void> {
  const { place, folder, seed } = scene
  const out = join(folder, 'out')
  mkdirSync(out, { mode: 0o700 })
  const job: ContentsJob = { type: 'backup', config: place.config(), out }
  const durationMs = await undisturbed(scene, job)
  let killed = 0
  for (let trial = 0; trial < extent.kills; trial++) {
    const afterMs = randomFrom(seed, 3, trial).below(Math.ceil((durationMs * (100 + BEHIND_PERCENT)) / 100))
    const worker = await scene.workers.next()
    worker.begin(job)
    const ending = await worker.killAfter(afterMs)
    await place.settled()
    const where = `backup ${trial}, killed after ${afterMs} of about ${durationMs} ms`
    if (ending.outcome === 'failed') tally.violations.push(`${where}: ${ending.error}`)
    if (ending.outcome === 'killed') killed++
    const problems = await folderProblems(out, scene.states[0]?.hash ?? '')
    tally.violations.push(...problems.map((problem) => `${where}: ${problem}`))
    for (const file of readdirSync(out)) if (!file.endsWith('.partial')) rmSync(join(out, file))
    tally.onStep()
  }
  await inStore(place, (store) => backup(store, { out }))
  const problems = await folderProblems(out, scene.states[0]?.hash ?? '')
  tally.violations.push(...problems.map((problem) => `the backup after all kills: ${problem}`))
  if ((await listBackups(out)).length !== 1) tally.violations.push('what was killed is listed as a backup')
  tally.counts['backups killed'] = killed
}

/** Whatever has the name of a backup must be one, and everything is its owner's alone. */
async function folderProblems(out: string, hash: string): Promise<readonly string[]> {
  const problems: string[] = []
  for (const file of readdirSync(out)) {
    if ((statSync(join(out, file)).mode & OTHERS) !== 0) problems.push(`${file} is open to others`)
    if (file.endsWith('.partial')) continue
    const found = await verifyArchive(join(out, file)).catch(errorText)
    if (typeof found === 'string') problems.push(`${file}: ${found}`)
    else if (found.contentHash !== hash) problems.push(`${file} holds something else than the place`)
  }
  return problems
}
