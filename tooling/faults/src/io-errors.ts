/**
 * I/O errors: the workload on a simulated disk whose first call fails, then on one whose second does, and so on
 * until a run meets no failure any more; and on disks that are full.
 */

import { Violations } from './crash-model-violations.ts'
import { fillDisk } from './io-errors-full.ts'
import { type FaultRunResult, runWithFault } from './io-errors-run.ts'
import { randomFrom } from './random.ts'
import type { Effort, Rig, RigOptions, RigResult } from './rig.ts'
import { type Fault, NEEDS_ROOM } from './simulated-disk-faults.ts'
import { withoutErrors } from './simulated-disk-lies.ts'

/** How much is done. */
interface Extent {
  readonly steps: number
  /** From one failing call to the next that is tried. */
  readonly stride: number
  readonly fullDisks: number
  /** Runs of the control. */
  readonly control: number
}

const EXTENTS: Readonly<Record<Effort, Extent>> = {
  short: { steps: 8, stride: 17, fullDisks: 2, control: 10 },
  long: { steps: 16, stride: 1, fullDisks: 40, control: 60 },
}

/** A way of failing, at a call that is yet to be chosen. */
type Kind = Omit<Fault, 'nth'>

const KINDS: readonly Kind[] = [
  { effect: 'EIO', lasts: false },
  { effect: 'EIO', lasts: true },
  { effect: 'EIO', lasts: false, calls: ['sync', 'syncDirectory'] },
  { effect: 'EIO', lasts: true, calls: ['sync', 'syncDirectory'] },
  { effect: 'ENOSPC', lasts: false, calls: NEEDS_ROOM },
  { effect: 'ENOSPC', lasts: true, calls: NEEDS_ROOM },
  { effect: 'short', lasts: false, calls: ['read', 'write'] },
  { effect: 'short', lasts: true, calls: ['read', 'write'] },
]

/** No run makes so many calls. */
const MOST_CALLS = 10_000

export const ioErrorsOfFile: Rig = {
  name: 'io-errors.file',
  description:
    'lets every call to a simulated disk fail in turn, with EIO, ENOSPC, short writes and failing syncs, and fills ' +
    'it up: each write is safe or refused with the right error, and the store goes on when the disk does',
  unavailable: async () => undefined,
  run,
}

class Tally {
  runs = 0
  strikes = 0
  acknowledged = 0
  failed = 0
  crashes = 0
  /** Runs in which something was wrong. */
  wrong = 0
  readonly violations = new Violations()

  add(where: string, result: FaultRunResult): void {
    this.runs++
    this.strikes += result.strikes
    this.acknowledged += result.acknowledged
    this.failed += result.failed
    this.crashes += result.crashes
    if (result.problems.length > 0) this.wrong++
    for (const problem of result.problems) this.violations.add(where, problem)
  }
}

async function run(options: RigOptions): Promise<RigResult> {
  const extent = EXTENTS[options.effort]
  const tally = new Tally()
  const unhandled = (reason: unknown) =>
    tally.violations.add('anywhere', `a rejection is unhandled: ${reason}`)
  process.on('unhandledRejection', unhandled)
  try {
    const total = KINDS.length + extent.fullDisks
    for (const [index, kind] of KINDS.entries()) {
      await strikeEveryCall(kind, index, options.seed, extent, tally)
      options.onProgress(index + 1, total)
    }
    const full = { refused: 0, removed: 0 }
    for (let disk = 0; disk < extent.fullDisks; disk++) {
      const { refused, removed, crashes, problems } = await fillDisk(randomFrom(options.seed, -2, disk))
      full.refused += refused
      full.removed += removed
      tally.crashes += crashes
      for (const problem of problems) tally.violations.add(`seed ${options.seed}, full disk ${disk}`, problem)
      options.onProgress(KINDS.length + disk + 1, total)
    }
    const { runs, strikes, acknowledged, failed, crashes } = tally
    return {
      counts: {
        runs,
        'failed calls': strikes,
        acknowledged,
        'failed writes': failed,
        'full disks': extent.fullDisks,
        'refused on them': full.refused,
        'removed on them': full.removed,
        'crashes afterwards': crashes,
      },
      violations: tally.violations.told,
      control: await control(options.seed, extent),
    }
  } finally {
    process.off('unhandledRejection', unhandled)
  }
}

async function strikeEveryCall(
  kind: Kind,
  index: number,
  seed: number,
  { steps, stride }: Extent,
  tally: Tally,
): Promise<void> {
  const first = 1 + randomFrom(seed, index).below(stride)
  for (let nth = first; nth < MOST_CALLS; nth += stride) {
    // All runs of a kind make the same calls up to the failure.
    const result = await runWithFault({ fault: { ...kind, nth }, steps, random: randomFrom(seed, index) })
    tally.add(`seed ${seed}, ${described(kind)} from call ${nth}`, result)
    if (result.strikes === 0) return
  }
}

function described({ effect, lasts, calls }: Kind): string {
  return `${effect} ${lasts ? 'for good' : 'once'}${calls === undefined ? '' : ` of ${calls.join(', ')}`}`
}

/** A disk that says that it has done what it failed to do: acknowledged writes must be found lost. */
async function control(seed: number, extent: Extent): Promise<RigResult['control']> {
  const tally = new Tally()
  for (let trial = 0; trial < extent.control; trial++) {
    const random = randomFrom(seed, -1, trial)
    const fault = {
      effect: 'EIO',
      lasts: false,
      calls: ['write', 'sync'],
      nth: 5 + random.below(40),
    } as const
    tally.add('control', await runWithFault({ fault, steps: extent.steps, random, wrap: withoutErrors }))
  }
  return {
    description: 'a disk whose failing writes and syncs look as if they had succeeded',
    trials: extent.control,
    violations: tally.wrong,
  }
}
