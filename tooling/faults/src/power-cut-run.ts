/** A run of the power cut rig, in a process with mounts of its own. */

import { type Nursery, nursery } from './kill-child.ts'
import { describeRound, drawRound, type Mode, type Round } from './kill-rounds.ts'
import { type CutResult, type Durability, PowerCutScene } from './power-cut-scene.ts'
import type { FolderSubject, MountedRun } from './private-mounts.ts'
import { randomFrom } from './random.ts'
import type { Effort, RigResult } from './rig.ts'
import { subjects } from './subjects.ts'

/** How much is done. */
interface Extent {
  readonly cuts: number
  /** The longest that a process works after its first acknowledgement. */
  readonly maxWorkMs: number
  readonly maxOpenings: number
  /** Trials with a durability that may lose what was acknowledged, and must not damage anything. */
  readonly processTrials: number
  readonly controlTrials: number
}

const extents: Readonly<Record<Effort, Extent>> = {
  short: { cuts: 3, maxWorkMs: 250, maxOpenings: 1, processTrials: 0, controlTrials: 2 },
  long: { cuts: 50, maxWorkMs: 800, maxOpenings: 3, processTrials: 10, controlTrials: 10 },
}

/** A disk is used for so many rounds, so that there is something to lose, and empty disks come often. */
const ROUNDS_OF_DISK = 5

/** From the opening of an empty place, or from its first acknowledgement. */
const MAX_FIRST_MS = 40

/** Keep the chance of one part of the rig apart from that of the others. */
const PROCESS = 1
const CONTROL = 2
const MAX_SEED = 2 ** 31

/** What all parts of a run share. */
interface Course extends Pick<MountedRun, 'folder' | 'subject' | 'seed'> {
  readonly children: Nursery
  readonly extent: Extent
  readonly onCuts: (more: number) => void
}

export async function runPowerCuts(run: MountedRun): Promise<RigResult> {
  const extent = extents[run.effort]
  const total = extent.cuts + extent.processTrials + extent.controlTrials
  let done = 0
  const onCuts = (more: number) => {
    done = Math.min(done + more, total)
    run.onProgress(done, total)
  }
  await using children = nursery(subjects[run.subject].packageName)
  const course = { ...run, children, extent, onCuts }
  const main = await cutUntilDone(course)
  const process = await cutOnce(course, 'process', PROCESS, extent.processTrials)
  const control = await cutOnce(course, 'none', CONTROL, extent.controlTrials)
  const complaints = [...process, ...control].flatMap((each) => each.complaints)
  return {
    counts: {
      cuts: main.cuts,
      acknowledged: main.acknowledged,
      ...(process.length > 0 && {
        "cuts with durability 'process'": process.length,
        'of them with losses': process.filter(hasLost).length,
      }),
    },
    violations: [...main.violations, ...process.flatMap((each) => each.damages), ...complaints],
    control: {
      description: "the same backend with durability 'none'",
      trials: control.length,
      violations: control.filter(hasLost).length,
    },
  }
}

/** What can't be opened is lost as well. */
function hasLost({ losses, damages }: CutResult): boolean {
  return losses.length > 0 || damages.length > 0
}

/** Cuts the power until there were enough cuts, on one disk after the other. */
async function cutUntilDone(course: Course): Promise<Tally> {
  const tally = { cuts: 0, acknowledged: 0, violations: [] }
  for (let index = 0; tally.cuts < course.extent.cuts; index += ROUNDS_OF_DISK) {
    await cutOneDisk(course, index, tally)
  }
  return tally
}

interface Tally {
  cuts: number
  acknowledged: number
  readonly violations: string[]
}

/** What went wrong once would be told in every round to come: then it is the last one of the disk. */
async function cutOneDisk(course: Course, from: number, tally: Tally): Promise<void> {
  const { subject, seed, extent, children, onCuts } = course
  await using scene = await PowerCutScene.begin({ ...course, durability: 'power' }, seed + from)
  let isSound = true
  for (let index = from; isSound && index < from + ROUNDS_OF_DISK && tally.cuts < extent.cuts; index++) {
    const round = index === from ? firstRound(seed, index) : drawCut(subject, seed, index, extent)
    const result = await scene.play(children, round)
    tally.cuts += result.cuts
    tally.acknowledged += result.acknowledged
    onCuts(result.cuts)
    const wrong = [...result.complaints, ...result.damages, ...result.losses]
    isSound = wrong.length === 0
    if (!isSound) {
      const where = `round ${index} (${describeRound(round)}, kept in ${scene.keepEvidence()})`
      tally.violations.push(...wrong.map((each) => `${where}: ${each}`))
    }
  }
}

/** So many trials of one cut, each of a disk that was empty. */
async function cutOnce(
  course: Course,
  durability: Durability,
  part: number,
  trials: number,
): Promise<readonly CutResult[]> {
  const { seed, extent, children, onCuts } = course
  const results: CutResult[] = []
  for (let trial = 0; trial < trials; trial++) {
    await using scene = await PowerCutScene.begin({ ...course, durability }, seed + trial)
    const round = drawRound(randomFrom(seed, part).below(MAX_SEED), trial, ['work'], extent)
    const { complaints, damages, losses, ...counts } = await scene.play(children, round)
    const named = (each: string) => `durability ${durability}, trial ${trial}: ${each}`
    results.push({ ...counts, losses, complaints: complaints.map(named), damages: damages.map(named) })
    onCuts(1)
  }
  return results
}

function drawCut(subject: FolderSubject, seed: number, index: number, extent: Extent): Round {
  const modes: readonly Mode[] = ['work', 'opening', 'closing', 'cleanup', 'schema']
  const round = drawRound(seed, index, subject === 'file' ? [...modes, 'compaction'] : modes, extent)
  return { ...round, opening: { ...round.opening, durability: 'power' } }
}

/** The cut comes while the place is made, or just after the first call was acknowledged there. */
function firstRound(seed: number, index: number): Round {
  const random = randomFrom(seed, index)
  return {
    mode: 'work',
    from: random.percent(40) ? 'opening' : 'first acknowledgement',
    afterMs: random.below(MAX_FIRST_MS),
    openingsMs: [],
    closingMs: 0,
    opening: { durability: 'power' },
  }
}
