/** Opens a store on a disk after a crash, and checks all that it has to show and to be able to do. */

import { type BaseStore, isStoreError } from '@coffer/core'
import { compare, look, type Sight } from './crash-model-comparison.ts'
import { type Content, type Expectation, Ledger, NO_RECEIPT } from './crash-model-ledger.ts'
import { handlesOf, type Place } from './crash-model-records.ts'
import { Trace } from './crash-model-trace.ts'
import { chooseUnits, type Unit } from './crash-model-units.ts'
import { asLeftByTheDead, type Durability, openWith, type Session, storeOn } from './crash-model-workload.ts'
import { errorText } from './error-text.ts'
import type { Random } from './random.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import type { DiskState } from './simulated-disk-state.ts'

/** Of a hundred disks, so many are opened for reading first. */
const READERS = 10

/** What came of it. */
export interface Recovery {
  /** Everything that is not as promised. */
  readonly problems: readonly string[]
  /** How many writes were looked for. */
  readonly checked: number
  /** What happened on the disk meanwhile, to crash it once more; absent where there were problems. */
  readonly session: Session | undefined
}

/**
 * Recovers what a crash has left.
 *
 * @param expectations what may be there: one of these, the newest first, of one time and one form
 */
export async function recover(
  crashed: DiskState,
  expectations: readonly Expectation[],
  random: Random,
  durability: Durability = 'power',
): Promise<Recovery> {
  const start = asLeftByTheDead(crashed)
  const disk = new SimulatedDisk({ state: start, random })
  const [newest] = expectations
  if (newest === undefined) throw new Error('nothing is expected')
  const { now, form } = newest
  const clock = { now: () => now }
  const stores: BaseStore[] = []
  const fresh = async () => {
    const store = storeOn(disk, clock, { durability })
    stores.push(store)
    await openWith(store, form)
    return store
  }
  try {
    const misread = random.percent(READERS) ? await readingFlaws(disk, expectations, durability) : []
    if (misread.length > 0) return { problems: misread, checked: 0, session: undefined }
    const first = await fresh()
    const sight = await look(first, form)
    const checked = newest.certain.held.size + newest.certain.told.size + newest.open.length
    // Of states that look the same the earliest promises the least.
    const fitting = expectations.findLast((expectation) => compare(sight, expectation).length === 0)
    if (fitting === undefined) return { problems: compare(sight, newest), checked, session: undefined }
    const { certain } = fitting
    const shownAt = disk.operations.length
    const trace = new Trace(() => disk.operations.length, { certain: ledgerOf(sight, certain), now, form })
    const later = await goOn(trace, first, random)
    await first.close()
    const second = await fresh()
    later.push(...compare(await look(second, form), trace.expectationAt(disk.operations.length)))
    await second.close()
    const session: Session = {
      start,
      operations: disk.operations,
      expectationsAt: (position) => (position < shownAt ? expectations : [trace.expectationAt(position)]),
    }
    const told = later.map((problem) => `after it was opened again: ${problem}`)
    return { problems: told, checked, session: told.length === 0 ? session : undefined }
  } catch (error) {
    return { problems: [`recovery failed: ${errorText(error)}`], checked: 0, session: undefined }
  } finally {
    for (const store of stores) await store.close().catch(() => undefined)
  }
}

/** Opens what a crash has left for reading only, which must show as much and leave all as it is. */
async function readingFlaws(
  disk: SimulatedDisk,
  expectations: readonly Expectation[],
  durability: Durability,
): Promise<readonly string[]> {
  const [newest] = expectations
  if (newest === undefined) return []
  const { now, form } = newest
  const store = storeOn(disk, { now: () => now }, { durability, readOnly: true })
  try {
    await openWith(store, form)
    const sight = await look(store, form)
    const fits = expectations.some((expectation) => compare(sight, expectation).length === 0)
    const flaws = fits ? [] : compare(sight, newest).map((problem) => `opened for reading: ${problem}`)
    return disk.operations.length === 0 ? flaws : [...flaws, 'opening for reading has changed the disk']
  } catch (error) {
    const isNothing = expectations.some(({ certain }) => certain.held.size + certain.told.size === 0)
    if (isNothing && isStoreError(error, 'NOT_FOUND')) return []
    return [`it can't be opened for reading: ${errorText(error)}`]
  } finally {
    await store.close()
  }
}

/** Writes more. */
async function goOn(trace: Trace, store: BaseStore, random: Random): Promise<string[]> {
  const again = insertAgain(trace.ledger)
  const failed = again === undefined ? [] : [...(await trace.perform(store, [again]))]
  failed.push(...(await trace.perform(store, chooseUnits(random, trace.ledger, trace.now))))
  const problems = failed.map(({ write, error }) => `${write.label} failed: ${errorText(error)}`)
  return [...problems, ...trace.flaws]
}

/** Inserts where something was removed: its version has to go on. */
function insertAgain({ held, versions }: Ledger): Unit | undefined {
  const place = [...versions.keys()].find((each) => each.startsWith('notes/') && !held.has(each))
  if (place === undefined) return undefined
  const content = { author: 'ada', text: 'again' }
  return {
    label: `insert ${place} again`,
    effect: { places: new Map([[place, { content }]]), told: [] },
    run: async (store, form) => {
      const { notes } = handlesOf(store, form)
      const version = await notes.insert({ id: place.slice('notes/'.length), ...content, form })
      return { ...NO_RECEIPT, versions: new Map([[place, version]]) }
    },
  }
}

/** What was shown once has to stay. */
function ledgerOf(sight: Sight, { versions }: Ledger): Ledger {
  const ledger = new Ledger()
  for (const [place, version] of versions) ledger.versions.set(place, version)
  for (const [place, { record, version }] of sight.places) {
    ledger.held.set(place, { content: contentOf(place, record), version })
    ledger.versions.set(place, Math.max(version, versions.get(place) ?? 0))
  }
  for (const [stream, events] of sight.told) ledger.told.set(stream, new Map(events))
  return ledger
}

function contentOf(place: Place, record: object): Content {
  if ('author' in record && 'text' in record) {
    return { author: String(record.author), text: String(record.text) }
  }
  if ('title' in record) return { title: String(record.title) }
  if ('balance' in record) return { balance: Number(record.balance) }
  throw new Error(`${place} holds something else`)
}
