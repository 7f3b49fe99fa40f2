/**
 * The crash model: a workload is run once on a simulated disk; then the disk is taken as it may look after a crash
 * at any moment, a store is opened on it, and has to show all that was acknowledged and nothing by halves.
 */

import { work } from './crash-model-life.ts'
import { type Recovery, recover } from './crash-model-recovery.ts'
import { Violations } from './crash-model-violations.ts'
import type { Durability, Session, Span } from './crash-model-workload.ts'
import { type Random, randomFrom } from './random.ts'
import type { Effort, Rig, RigOptions, RigResult } from './rig.ts'
import { type Crash, killed, powerCuts } from './simulated-disk-crash.ts'
import {
  withoutDirectorySync,
  withoutReplacementSync,
  withoutSnapshotSync,
  withoutSync,
} from './simulated-disk-lies.ts'
import { type DiskOperation, DiskState } from './simulated-disk-state.ts'

/** How much is done. */
interface Extent {
  /** Disks on which a store has to be opened, at least. */
  readonly states: number
  readonly steps: number
  /** Of the operations of a workload, so many of a hundred are followed by a crash. */
  readonly density: number
  /** Of the recoveries, so many of a hundred are crashed again. */
  readonly again: number
  /** Of the operations of such a recovery, so many of a hundred are followed by a crash. */
  readonly densityAgain: number
  /** Operations of a control that are followed by a crash, of a hundred. */
  readonly control: number
}

const EXTENTS: Readonly<Record<Effort, Extent>> = {
  short: { states: 450, steps: 22, density: 20, again: 1, densityAgain: 20, control: 10 },
  long: { states: 20_000, steps: 60, density: 100, again: 2, densityAgain: 30, control: 30 },
}

/** Every so many workloads, one promises to survive the death of the process alone. */
const PROCESS_EVERY = 4

/** Power cuts left to chance at each moment, beside the extremes. */
const CHANCES = 4

/** What was counted in all. */
class Tally {
  states = 0
  kills = 0
  powerCuts = 0
  again = 0
  checked = 0
  /** Disks on which something was wrong. */
  wrong = 0
  readonly violations = new Violations()
}

export const crashModelOfFile: Rig = {
  name: 'crash-model.file',
  description:
    'crashes a simulated disk after every operation, with unsynced changes kept, dropped, cut or garbled, and ' +
    'opens the store: all that was acknowledged is there, and nothing by halves',
  unavailable: async () => undefined,
  run,
}

async function run({ seed, effort, onProgress }: RigOptions): Promise<RigResult> {
  const extent = EXTENTS[effort]
  const tally = new Tally()
  const told = () => onProgress(Math.min(tally.states, extent.states), extent.states)
  let workloads = 0
  let acknowledged = 0
  let compactions = 0
  let merges = 0
  let replacements = 0
  for (; tally.states < extent.states || workloads < 2; workloads++) {
    const random = randomFrom(seed, workloads)
    const durability = workloads % PROCESS_EVERY === 1 ? 'process' : 'power'
    const worked = await work(random, { steps: extent.steps, durability })
    acknowledged += worked.acknowledged
    compactions += worked.compactions
    merges += worked.merges
    replacements += worked.replacements.length
    const where = `seed ${seed}, workload ${workloads}`
    for (const flaw of worked.flaws) tally.violations.add(where, flaw)
    const { replacements: always } = worked
    await new Exploration({ random, extent, durability, always, tally, told }).crash(worked, where)
  }
  const { states, kills, powerCuts, again, checked } = tally
  return {
    counts: {
      workloads,
      acknowledged,
      compactions,
      merges,
      replacements,
      states,
      kills,
      'power cuts': powerCuts,
      'of them during a recovery': again,
      'writes checked': checked,
    },
    violations: tally.violations.told,
    control: await control(seed, extent),
  }
}

interface ExplorationOptions {
  readonly random: Random
  readonly extent: Extent
  readonly durability: Durability
  /** Changes of the disk that are all followed by a crash, whatever the extent says. */
  readonly always: readonly Span[]
  readonly tally: Tally
  /** Called after every disk. */
  readonly told: () => void
}

/** Crashes sessions, and some of the recoveries once more. */
class Exploration {
  readonly #options: ExplorationOptions

  constructor(options: ExplorationOptions) {
    this.#options = options
  }

  /**
   * Crashes a session after its operations, in several ways.
   *
   * @param where how to find it again
   */
  async crash(session: Session, where: string): Promise<void> {
    const { random, extent, always } = this.#options
    for (const moment of momentsOf(session)) {
      const isWanted = always.some(({ from, to }) => moment.position >= from && moment.position <= to)
      if (!isWanted && !random.percent(extent.density)) continue
      for (const crash of crashesAt(moment, random, CHANCES)) {
        const recovery = await this.#recover(session, moment, crash, where)
        const isAgain = this.#options.durability === 'power' && random.percent(extent.again)
        if (!isAgain || recovery.session === undefined) continue
        await this.#crashAgain(recovery.session, whereOf(where, moment, crash))
      }
    }
  }

  async #crashAgain(session: Session, where: string): Promise<void> {
    const { random, extent, tally } = this.#options
    for (const moment of momentsOf(session)) {
      if (!random.percent(extent.densityAgain)) continue
      for (const crash of crashesAt(moment, random, 1)) {
        await this.#recover(session, moment, crash, where)
        tally.again++
      }
    }
  }

  async #recover(session: Session, moment: Moment, crash: Crash, where: string): Promise<Recovery> {
    const { random, durability, tally, told } = this.#options
    const position = crash.isWithin === true ? moment.position - 1 : moment.position
    const expectations = session.expectationsAt(position, crash.kind)
    const recovery = await recover(crash.state, expectations, random, durability)
    tally.states++
    tally.checked += recovery.checked
    if (crash.kind === 'kill') tally.kills++
    else tally.powerCuts++
    if (recovery.problems.length > 0) tally.wrong++
    for (const problem of recovery.problems) tally.violations.add(whereOf(where, moment, crash), problem)
    told()
    return recovery
  }
}

function whereOf(where: string, { position, last }: Moment, { label }: Crash): string {
  return `${where}, after operation ${position} (${describe(last)}), ${label}`
}

/** The disk between two operations. */
interface Moment {
  /** How many operations were done. */
  readonly position: number
  readonly before: DiskState
  readonly last: DiskOperation | undefined
  readonly state: DiskState
}

function* momentsOf({ start, operations }: Session): Generator<Moment> {
  let state = new DiskState(start)
  yield { position: 0, before: state, last: undefined, state }
  for (const [index, last] of operations.entries()) {
    const before = state
    state = new DiskState(before)
    state.apply(last)
    if (last.type === 'sync directory') state.forgetUnnamed(() => false)
    yield { position: index + 1, before, last, state }
  }
}

function crashesAt({ before, last, state }: Moment, random: Random, chances: number): readonly Crash[] {
  return [killed(before, last, random), ...powerCuts(state, chances, random)]
}

function describe(operation: DiskOperation | undefined): string {
  if (operation === undefined) return 'the beginning'
  if (operation.type !== 'names') return operation.type
  const settings = operation.changes.flatMap((change) => change.settings)
  const names = settings.map(([name, node]) => (node === undefined ? `no ${name}` : name))
  // What stands behind a comma is particular to the process.
  return names.map((name) => name.replace(/,.*/, '')).join(', ')
}

const CONTROLS = [withoutSync, withoutSnapshotSync, withoutDirectorySync, withoutReplacementSync] as const

/** Stores on disks that take syncs for done: acknowledged writes must be found lost. */
async function control(seed: number, extent: Extent): Promise<RigResult['control']> {
  const found: number[] = []
  let trials = 0
  for (const [index, wrap] of CONTROLS.entries()) {
    const random = randomFrom(seed, -1, index)
    const tally = new Tally()
    const worked = await work(random, { steps: extent.steps, durability: 'power', wrap })
    const told = () => undefined
    const sparse = { ...extent, density: extent.control, again: 0 }
    const always = wrap === withoutReplacementSync ? worked.replacements : []
    const options = { random, extent: sparse, durability: 'power', always, tally, told } as const
    await new Exploration(options).crash(worked, 'control')
    found.push(tally.wrong)
    trials += tally.states
  }
  return {
    description:
      'stores whose syncs of files, of snapshots, of directories or of a replacement’s names do nothing; the least ' +
      'of the four counts',
    trials,
    violations: Math.min(...found),
  }
}
