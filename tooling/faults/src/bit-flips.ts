/** Damage on the disk: single bits that have flipped, and lines and files that are not what they were. */

import { isDeepStrictEqual } from 'node:util'
import type { BaseStore } from '@coffer/core'
import { repair } from '@coffer/file'
import { damage, type Flip, flipBit } from './bit-flips-damage.ts'
import { diskWith, type Files, type StoredFiles, storedFiles } from './bit-flips-directory.ts'
import { filesToRead, type PlainRows, provenEnd, readPlainly } from './bit-flips-plain-reader.ts'
import { look, type Sight } from './crash-model-comparison.ts'
import { Violations } from './crash-model-violations.ts'
import { DIRECTORY, NOTHING, openWith, storeOn } from './crash-model-workload.ts'
import { errorText } from './error-text.ts'
import { type Random, randomFrom } from './random.ts'
import type { Effort, Rig, RigOptions, RigResult } from './rig.ts'
import type { SimulatedDisk } from './simulated-disk.ts'

/** How much is done. */
interface Extent {
  readonly flips: number
  readonly damages: number
  /** Of the flips that were told, so many of a hundred are repaired. */
  readonly repairs: number
  readonly directories: number
}

const EXTENTS: Readonly<Record<Effort, Extent>> = {
  short: { flips: 150, damages: 60, repairs: 20, directories: 1 },
  long: { flips: 2_000, damages: 1_000, repairs: 30, directories: 5 },
}

export const bitFlipsOfFile: Rig = {
  name: 'bit-flips.file',
  description:
    'flips single bits in the files of a store, cuts, drops, doubles and swaps lines and files: each is ' +
    'told with file and offset or changes nothing, and a repair saves all that was not hit',
  unavailable: async () => undefined,
  run,
}

/** Of a hundred flips, so many hit the files of a store whose process has died. */
const KILLED = 30

/** What became of an attempt to open damaged files. */
type Outcome = { readonly told: string } | { readonly sight: Sight }

class Tally {
  told = 0
  slack = 0
  repaired = 0
  eatenPlainly = 0
  readonly violations = new Violations()
}

async function run(options: RigOptions): Promise<RigResult> {
  const { flips, damages, repairs, directories } = EXTENTS[options.effort]
  const tally = new Tally()
  for (let number = 0; number < directories; number++) {
    const random = randomFrom(options.seed, number)
    const stored = await storedFiles(options.seed + number)
    const where = `seed ${options.seed}, directory ${number}`
    for (let flip = 0; flip < flips / directories; flip++) {
      await tryFlip(stored, random, repairs, where, tally)
      options.onProgress(number * (flips / directories) + flip, flips)
    }
    for (let count = 0; count < damages / directories; count++) {
      const { label, files } = damage(stored.closed, random)
      judge(await open(files), stored.sight, `${where}, ${label}`, tally)
    }
  }
  return {
    counts: {
      flips,
      'other damages': damages,
      told: tally.told,
      slack: tally.slack,
      repairs: tally.repaired,
    },
    violations: tally.violations.told,
    control: {
      description: 'a reader of plain lines of JSON, which takes a flipped bit for what was written',
      trials: flips,
      violations: tally.eatenPlainly,
    },
  }
}

async function tryFlip(
  { closed, killed, sight }: StoredFiles,
  random: Random,
  repairs: number,
  where: string,
  tally: Tally,
): Promise<void> {
  const isKilled = random.percent(KILLED)
  const files = isKilled ? killed : closed
  const flip = flipBit(files, random)
  const place = `${where}${isKilled ? ', killed' : ''}, ${flip.label}`
  if (isEatenPlainly(files, flip.files)) tally.eatenPlainly++
  const outcome = await open(flip.files)
  if (isKilled && isTorn(files, flip) && 'sight' in outcome) {
    tally.slack++
    return
  }
  judge(outcome, sight, place, tally)
  if ('sight' in outcome) return
  const wrongPlace = placeFlaw(outcome.told, flip)
  if (wrongPlace !== undefined) tally.violations.add(place, wrongPlace)
  if (!random.percent(repairs)) return
  tally.repaired++
  for (const problem of await tryRepair(files, flip)) tally.violations.add(place, problem)
}

/** Whether a flip looks like the torn end of a log whose writer has died. */
function isTorn(files: Files, { file, position }: Flip): boolean {
  const proven = provenEnd(files)
  return file === proven.file && position >= proven.end
}

/** Opens a store on damaged files. Anything but `CORRUPT` is thrown on. */
async function open(files: Files): Promise<Outcome> {
  const disk = await diskWith(files, DIRECTORY)
  const store = storeOn(disk, { now: () => NOTHING.now }, {})
  try {
    await openWith(store, 2)
    return { sight: await look(store, 2) }
  } catch (error) {
    return { told: errorText(error) }
  } finally {
    await store.close()
  }
}

function judge(outcome: Outcome, sight: Sight, where: string, tally: Tally): void {
  if ('sight' in outcome) {
    if (isDeepStrictEqual(outcome.sight, sight)) tally.slack++
    else tally.violations.add(where, 'the damage was eaten: the store shows something else')
  } else if (/^CORRUPT .*\.jsonl is damaged at byte \d+: /.test(outcome.told)) tally.told++
  else tally.violations.add(where, `the damage was not told as such: ${outcome.told}`)
}

/** A message has to lead to the damage: to its file, and to the line that it is in, or before it. */
function placeFlaw(told: string, { file, position }: Flip): string | undefined {
  const [, named, offset] = /([\w-]+\.jsonl) is damaged at byte (\d+): /.exec(told) ?? []
  if (named === file && Number(offset) <= position) return undefined
  return `the message leads elsewhere: ${told}`
}

/** Repairs flipped files, and looks for all that was not hit. */
async function tryRepair(original: Files, flip: Flip): Promise<readonly string[]> {
  const disk = await diskWith(flip.files, DIRECTORY)
  let store: BaseStore | undefined
  try {
    const { damage: found, keptIn } = await repair({ basePath: DIRECTORY, fileSystem: disk })
    store = storeOn(disk, { now: () => NOTHING.now }, {})
    await openWith(store, 2)
    const sight = await look(store, 2)
    const flipped = original.get(flip.file)?.[flip.position] === 0x0a ? flip.position + 1 : flip.position
    const wanted = readPlainly(original, (file, { from, to }) => {
      // Where a newline has gone, two lines are hit.
      return file === flip.file && from <= flipped && to >= flip.position
    })
    return [
      ...(found.length === 0 ? ['the repair found no damage'] : []),
      ...(await keepingFlaws(disk, keptIn, flip.files)),
      ...savingFlaws(sight, wanted),
      // An entry that was hit leaves a gap in its chain.
      ...sight.flaws.filter((flaw) => !/chain|head/.test(flaw)),
    ].map((flaw) => `after a repair: ${flaw}`)
  } catch (error) {
    return [`a repair, or opening after it, failed: ${errorText(error)}`]
  } finally {
    await store?.close()
  }
}

/** All files that a repair found are kept as they were. */
async function keepingFlaws(
  disk: SimulatedDisk,
  keptIn: string | undefined,
  files: Files,
): Promise<readonly string[]> {
  if (keptIn === undefined) return ['nothing was kept']
  const flaws: string[] = []
  for (const name of filesToRead(files)) {
    const wanted = Buffer.from(files.get(name) ?? [])
    const found = Buffer.alloc(wanted.length + 1)
    const file = await disk.open(`${keptIn}/${name}`, 'read')
    const length = await file.read(found, 0)
    await file.close()
    if (!found.subarray(0, length).equals(wanted)) flaws.push(`${name} was not kept as it was`)
  }
  return flaws
}

function savingFlaws({ places }: Sight, wanted: PlainRows): readonly string[] {
  const flaws: string[] = []
  for (const [place, { record, version }] of places) {
    const row = wanted.get(place)
    // A record of the older form is brought up to the newer one.
    const expected = { ...Object(row?.record), ...('form' in record ? { form: 2 } : {}) }
    if (row?.version !== version || !isDeepStrictEqual(record, expected)) flaws.push(`${place} is another`)
  }
  for (const place of wanted.keys()) {
    const isShown = /^(?:notes|accounts)\//.test(place)
    if (isShown && ![...places.keys()].some((each) => each === place)) flaws.push(`${place} was not saved`)
  }
  return flaws
}

/** Whether a reader that checks nothing would take the damage for data. */
function isEatenPlainly(original: Files, damaged: Files): boolean {
  try {
    return !isDeepStrictEqual(readPlainly(damaged), readPlainly(original))
  } catch {
    return false
  }
}
