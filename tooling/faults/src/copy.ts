/**
 * The copy rig: a store in which a bank works is copied by processes that are killed, again and again, while the bank
 * goes on. When nobody works any more and a copy ends, it holds what the store holds: no more, no less, nothing older.
 */

import { contentHash, copy, readMark } from '@coffer/backup'
import { isStoreError } from '@coffer/core'
import { type Banking, bankProblems, openBank, transfersIn, writingProblems } from './bank.ts'
import type { ContentsResult, CopyJob } from './contents-worker.ts'
import { errorText } from './error-text.ts'
import { type GroundPlace, Grounds, inStore, packagesOf } from './grounds.ts'
import { killedAtWork, undisturbed, type WorkTime } from './killed-at-work.ts'
import { randomFrom } from './random.ts'
import type { Effort, Rig, RigOptions, RigResult } from './rig.ts'
import { type SubjectName, subjects } from './subjects.ts'
import { type Ending, type Workers, workersOf } from './worker-process.ts'

interface Extent {
  /** Copies that are killed, onto each backend, before one may end. */
  readonly kills: number
  /** Records that make the bank as large as it is. */
  readonly papers: number
  readonly controls: number
  /** Killed copies of each trial of the control arm. */
  readonly controlKills: number
}

const EXTENTS: Readonly<Record<Effort, Extent>> = {
  short: { kills: 2, papers: 2_000, controls: 1, controlKills: 2 },
  long: { kills: 20, papers: 10_000, controls: 5, controlKills: 3 },
}
const WRITERS = 3

export const copyRigs: readonly Rig[] = Object.values(subjects).map(({ name }) => ({
  name: `copy.${name}`,
  description:
    'kills who copies a store at work onto other backends, again and again: the last copy is the same',
  unavailable: () => subjects[name].unavailable(),
  run: (options) => run(name, options),
}))

/** What one source is copied to. */
async function targetsOf(name: SubjectName): Promise<readonly SubjectName[]> {
  const others = Object.values(subjects).filter((each) => each.name !== name)
  const missing = await Promise.all(others.map((each) => each.unavailable()))
  return others.filter((_each, position) => missing[position] === undefined).map((each) => each.name)
}

async function run(name: SubjectName, { effort, seed, onProgress }: RigOptions): Promise<RigResult> {
  const extent = EXTENTS[effort]
  const targets = await targetsOf(name)
  await using grounds = await Grounds.start([name, ...targets])
  await using workers = workersOf<CopyJob, ContentsResult>(
    './contents-worker.ts',
    packagesOf(name, ...targets),
  )
  const tally: Tally = { killed: 0, transfers: 0, marks: 0 }
  const violations: string[] = []
  const total = targets.length * extent.kills + extent.controls
  let done = 0
  const onStep = () => onProgress(++done, total)
  for (const to of targets) {
    await using scene = await startScene(grounds, workers, name, to, extent, seed)
    const time = await scene.measure()
    const problems = await copyUntilDone(scene, extent.kills, time, tally, onStep)
    problems.push(...(await refusalProblems(scene)))
    violations.push(...problems.map((problem) => `onto ${to}: ${problem}`))
  }
  let caught = 0
  for (let trial = 0; trial < extent.controls; trial++) {
    const to = targets[trial % targets.length] as SubjectName
    await using scene = await startScene(grounds, workers, name, to, extent, seed + trial)
    const problems = await copyNaively(scene, extent.controlKills)
    if (problems.length > 0) caught++
    onStep()
  }
  return {
    counts: {
      targets: targets.length,
      'copies killed': tally.killed,
      'marks found': tally.marks,
      'transfers beside them': tally.transfers,
    },
    violations,
    control: {
      description: 'a copy that goes on behind as many rows as it finds',
      trials: extent.controls,
      violations: caught,
    },
  }
}

interface Tally {
  killed: number
  transfers: number
  marks: number
}

interface Scene extends AsyncDisposable {
  readonly workers: Workers<CopyJob, ContentsResult>
  readonly source: GroundPlace
  readonly target: GroundPlace
  readonly seed: number
  readonly papers: number
  /** How long a copy takes that nobody kills, onto a place of its own. */
  measure(): Promise<WorkTime>
}

async function startScene(
  grounds: Grounds,
  workers: Workers<CopyJob, ContentsResult>,
  from: SubjectName,
  to: SubjectName,
  { papers }: Extent,
  seed: number,
): Promise<Scene> {
  const source = await grounds.newPlace(from)
  const target = await grounds.newPlace(to)
  await inStore(source, (store) => openBank(store, papers))
  const scene: Scene = {
    workers,
    source,
    target,
    seed,
    papers,
    async measure() {
      const other = await grounds.newPlace(to)
      try {
        return await undisturbed(workers, await jobOf({ ...scene, target: other }, 'measured', false))
      } finally {
        await settled({ source, target: other })
        await other.remove()
      }
    },
    async [Symbol.asyncDispose]() {
      await source.remove()
      await target.remove()
    },
  }
  return scene
}

/** Copies, with a bank at work in the source, and kills who copies; then once more, in peace. */
async function copyUntilDone(
  scene: Scene,
  kills: number,
  { durationMs, notedMs }: WorkTime,
  tally: Tally,
  onStep: () => void,
): Promise<string[]> {
  const problems: string[] = []
  const before = await inStore(scene.source, transfersIn)
  const play = async (trial: number, name: string, afterMs: number) => {
    const worker = await scene.workers.next()
    worker.begin(await jobOf(scene, name, false))
    // Half of them when it is at work for certain.
    if (isAtWork(trial)) await worker.noted()
    const ending = await worker.killAfter(afterMs)
    await settled(scene)
    if (ending.outcome === 'failed') problems.push(`copy ${trial}: ${ending.error}`)
    if (ending.outcome === 'killed') {
      tally.killed++
      const marked = await markProblem(scene)
      if (marked === undefined) tally.marks++
      else if (marked !== '') problems.push(`copy ${trial}: ${marked}`)
    }
    return ending.outcome
  }
  for (let trial = 0; trial < kills; trial++) {
    let attempt = 0
    const longestMs = isAtWork(trial) ? durationMs - notedMs : durationMs
    await killedAtWork(randomFrom(scene.seed, trial), longestMs, (moment) =>
      play(trial, `trial-${trial}-${attempt++}`, moment()),
    )
    onStep()
  }
  tally.transfers += (await inStore(scene.source, transfersIn)) - before
  return [...problems, ...(await lastProblems(scene, false))]
}

function isAtWork(trial: number): boolean {
  return trial % 2 === 0
}

async function lastProblems(scene: Scene, isNaive: boolean): Promise<string[]> {
  const worker = await scene.workers.next()
  worker.begin(await jobOf(scene, undefined, isNaive))
  const last = await worker.ending()
  await settled(scene)
  return endProblems(scene, last)
}

/** Between two of them the bank has been at work, so it does not matter when they are killed. */
async function copyNaively(scene: Scene, kills: number): Promise<string[]> {
  for (let trial = 0; trial < kills; trial++) {
    const worker = await scene.workers.next()
    worker.begin(await jobOf(scene, `trial-${trial}`, true))
    await worker.noted()
    await worker.killAfter(0)
    await settled(scene)
  }
  return lastProblems(scene, true)
}

async function settled({ source, target }: Pick<Scene, 'source' | 'target'>): Promise<void> {
  await source.settled()
  await target.settled()
}

/**
 * The bank works where it has a name. A copy that was begun goes on with `update`, for the bank removes papers
 * meanwhile, and a copy takes nothing away unless it is told to.
 */
async function jobOf(scene: Scene, name: string | undefined, isNaive: boolean): Promise<CopyJob> {
  const { source, target, seed, papers } = scene
  const update = await inStore(target, async (store) => (await readMark(store.place())) !== undefined)
  const banking: Banking | undefined =
    name === undefined ? undefined : { seed, name, writers: WRITERS, paperCount: papers }
  return {
    type: 'copy',
    source: source.config(),
    target: target.config(),
    banking,
    update,
    isNaive,
  }
}

/** A target that has rows must say that a copy has begun; `undefined` when it does, empty when it has none. */
async function markProblem({ target }: Scene): Promise<string | undefined> {
  return inStore(target, async (store) => {
    const mark = await readMark(store.place())
    if (mark !== undefined) return undefined
    const filled = await store.place().snapshot(async (snapshot) => {
      for (const { layout } of snapshot.layouts) {
        if ((await snapshot.rows(layout, undefined, 1)).length > 0) return true
      }
      return false
    })
    return filled ? 'the target has rows, and does not say that a copy has begun' : ''
  })
}

async function endProblems({ source, target, seed }: Scene, last: Ending<ContentsResult>): Promise<string[]> {
  if (last.outcome !== 'done') return [`the last copy did not end: ${JSON.stringify(last)}`]
  const problems: string[] = []
  const wanted = await inStore(source, (store) => contentHash(store))
  const { contentHash: said } = last.result
  if (said !== undefined && said !== wanted) problems.push('the copy tells another hash than the source has')
  try {
    const found = await inStore(target, (store) => contentHash(store))
    if (found !== wanted) problems.push('the target holds something else than the source')
    const wrong = await inStore(target, (store) => bankProblems(store))
    problems.push(...wrong)
    if (problems.length === 0)
      problems.push(...(await inStore(target, (store) => writingProblems(store, seed))))
  } catch (error) {
    problems.push(`the target can't be read: ${errorText(error)}`)
  }
  return problems
}

/** What is done, and somebody's own place, is not copied onto unless that is asked for. */
async function refusalProblems({ source, target }: Scene): Promise<string[]> {
  const before = await inStore(target, (store) => contentHash(store))
  const refused = await inStore(source, (from) => inStore(target, (to) => copy(from, to))).then(
    () => 'nothing',
    (error: unknown) => (isStoreError(error, 'ALREADY_EXISTS') ? undefined : errorText(error)),
  )
  const after = await inStore(target, (store) => contentHash(store))
  return [
    ...(refused === undefined ? [] : [`a copy onto a filled place was told ${refused}`]),
    ...(after === before ? [] : ['a copy onto a filled place has changed it']),
  ]
}
