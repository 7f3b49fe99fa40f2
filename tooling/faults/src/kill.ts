/**
 * The kill rig: processes work on a store with many callers at once and are killed (SIGKILL) at any moment.
 * What they were told is done must be there afterwards, nothing may be there in part, and of each caller only
 * the one call that was in flight is unknown.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Nursery, nursery } from './kill-child.ts'
import { describeRound, drawRound, type Mode, type RoundLimits } from './kill-rounds.ts'
import { type KillPlace, type RoundResult, Scene } from './kill-scene.ts'
import type { Effort, Rig, RigOptions, RigResult } from './rig.ts'
import type { Subject, SubjectKind, SubjectName } from './subjects.ts'
import { subjects } from './subjects.ts'
import { durablePostgres } from './subjects-postgres.ts'

/** How much is done of a subject. */
interface Extent extends RoundLimits {
  readonly kills: number
  /** More rounds follow until so many acknowledged calls were checked. */
  readonly acknowledged: number
  readonly controlTrials: number
}

/** A place is used for so many rounds, so that there is much to lose, and yet it can be read whole each time. */
const ROUNDS_OF_PLACE = 12
/** On a machine so slow that this many rounds don't suffice something else is wrong. */
const MAX_ROUNDS = 2_000

const SHORT: Extent = { kills: 5, acknowledged: 0, controlTrials: 3, maxWorkMs: 250, maxOpenings: 2 }
const LONG: Extent = { kills: 100, acknowledged: 100_000, controlTrials: 20, maxWorkMs: 800, maxOpenings: 4 }

const extents: Readonly<Record<SubjectName, Readonly<Record<Effort, Extent>>>> = {
  file: { short: SHORT, long: LONG },
  sqlite: { short: SHORT, long: LONG },
  postgresql: { short: { ...SHORT, kills: 4 }, long: { ...LONG, kills: 40, acknowledged: 0 } },
}

export const killRigs: readonly Rig[] = Object.values({ ...subjects, postgresql: durablePostgres }).map(
  killRig,
)

function killRig(kind: SubjectKind): Rig {
  return {
    name: `kill.${kind.name}`,
    description: 'kills processes at work: what was acknowledged is there, and nothing is there in part',
    unavailable: () => kind.unavailable(),
    run: (options) => run(kind, options),
  }
}

async function run(kind: SubjectKind, { effort, seed, onProgress }: RigOptions): Promise<RigResult> {
  const extent = extents[kind.name][effort]
  await using children = nursery(kind.packageName)
  const total = extent.kills + extent.controlTrials
  const tally = await killUntilDone(kind, children, seed, extent, (done) => onProgress(done, total))
  const lost = await runControl(children, seed, extent, (done) => onProgress(extent.kills + done, total))
  const { kills, acknowledged, violations } = tally
  return {
    counts: { kills, acknowledged },
    violations,
    control: {
      description: 'a store that acknowledges before it writes, and writes one file in place',
      trials: extent.controlTrials,
      violations: lost,
    },
  }
}

interface Tally {
  readonly kills: number
  readonly acknowledged: number
  readonly violations: readonly string[]
}

async function killUntilDone(
  kind: SubjectKind,
  children: Nursery,
  seed: number,
  extent: Extent,
  onRound: (done: number) => void,
): Promise<Tally> {
  await using subject = await kind.start()
  const tally = { kills: 0, acknowledged: 0, violations: [] as string[] }
  let scene: Scene | undefined
  for (let round = 0; round < extent.kills || tally.acknowledged < extent.acknowledged; round++) {
    if (round === MAX_ROUNDS) {
      throw new Error(`only ${tally.acknowledged} calls were acknowledged in ${MAX_ROUNDS} rounds`)
    }
    if (round % ROUNDS_OF_PLACE === 0) {
      await scene?.end()
      scene = undefined
    }
    scene ??= await newScene(subject, seed, round)
    const drawn = drawRound(seed, round, modesOf(kind, scene.place), extent)
    const result = await scene.play(children, drawn)
    tally.kills += result.kills
    tally.acknowledged += result.acknowledged
    if (result.violations.length > 0) {
      const where = `round ${round}`
      tally.violations.push(`${where}: ${describeRound(drawn)}${kept(scene.place)}`)
      tally.violations.push(...result.violations.map((violation) => `${where}: ${violation}`))
      // What went wrong once would be told in every round to come; and somebody will want to look at it.
      scene = undefined
    }
    onRound(Math.min(round + 1, extent.kills))
  }
  await scene?.end()
  return tally
}

async function newScene(subject: Subject, seed: number, round: number): Promise<Scene> {
  return new Scene(await subject.newPlace(), seed + round)
}

function modesOf({ name }: SubjectKind, { crash }: KillPlace): readonly Mode[] {
  return [
    'work',
    'opening',
    'closing',
    'cleanup',
    'schema',
    ...(name === 'file' ? (['compaction'] as const) : []),
    ...(crash === undefined ? [] : (['crash'] as const)),
  ]
}

function kept({ folder }: KillPlace): string {
  return folder === undefined ? '' : `, kept in ${folder}`
}

/** The same for a store that is known to lose writes. @returns in how many trials it was caught */
async function runControl(
  children: Nursery,
  seed: number,
  extent: Extent,
  onTrial: (done: number) => void,
): Promise<number> {
  let caught = 0
  for (let trial = 0; trial < extent.controlTrials; trial++) {
    const folder = mkdtempSync(join(tmpdir(), 'coffer-faults-control-'))
    const place: KillPlace = {
      folder,
      config: () => ({ type: 'forgetful', path: join(folder, 'store.json') }),
      settled: async () => undefined,
      crash: undefined,
      remove: async () => rmSync(folder, { recursive: true, force: true }),
    }
    const scene = new Scene(place, seed + trial)
    const round = drawRound(seed, MAX_ROUNDS + trial, ['work'], extent)
    const result: RoundResult = await scene.play(children, round)
    if (result.violations.length > 0) caught++
    await scene.end()
    onTrial(trial + 1)
  }
  return caught
}
