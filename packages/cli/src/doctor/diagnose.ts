/** What is not as it should be with a store, as far as can be told without reading its records. */

import { readMark } from '@coffer/backup'
import type { BaseStore, Check, Place } from '@coffer/core'

/** What `diagnose` takes. */
export interface DiagnoseOptions {
  /** Whether the engine checks the structure of all that it keeps, which reads everything. Default: false. */
  readonly deep?: boolean
}

/** Clocks that differ by more than this give records deadlines that others see elsewhere. */
const MAX_SKEW_MS = 1_000
/** Clocks that differ by more than this make leases and short deadlines meaningless. */
const BAD_SKEW_MS = 30_000

/**
 * All checks of a store: what its backend says of itself, the form of its tables, an unfinished copy and the clock.
 * It changes nothing. The store may be open for reading only.
 *
 * @param store knows all collections that are meant to be in the place
 * @returns in the order of their topics' first appearance, the backend's own first
 * @throws what the backend throws when it can't be opened or asked
 */
export async function diagnose(store: BaseStore, options: DiagnoseOptions = {}): Promise<readonly Check[]> {
  const place = store.place()
  const before = store.now().getTime()
  const inspection = await place.inspect()
  const checks = inspection?.checks ?? []
  const ours = (before + store.now().getTime()) / 2
  return [
    ...checks,
    // A backend that judges the clock itself has compared it more closely.
    ...(checks.some(({ topic }) => topic === 'clock') ? [] : clockChecks(inspection?.clock ?? null, ours)),
    ...(store.capabilities?.contents === true ? [await formCheck(place), ...(await copyChecks(place))] : []),
    ...(options.deep === true ? await structureChecks(place) : []),
  ]
}

function clockChecks(theirs: number | null, ours: number): readonly Check[] {
  if (theirs === null) return []
  const skewMs = Math.abs(theirs - ours)
  if (skewMs <= MAX_SKEW_MS) {
    return [
      {
        topic: 'clock',
        state: 'good',
        says: `the server's clock is within ${MAX_SKEW_MS / 1_000} s of ours`,
      },
    ]
  }
  return [
    {
      topic: 'clock',
      state: skewMs > BAD_SKEW_MS ? 'bad' : 'warning',
      says: `the server's clock and ours differ by ${Math.round(skewMs / 1_000)} s`,
      advice: 'deadlines are judged by the clock of each program: let NTP keep all of them',
    },
  ]
}

async function formCheck(place: Place): Promise<Check> {
  const { steps } = await place.plan()
  if (steps.some(({ change }) => change === 'refused')) {
    return {
      topic: 'definitions',
      state: 'bad',
      says: 'a newer release has written here, whose records this one does not know',
      advice: 'use the newer release; coffer migrate --dry-run names the collections',
    }
  }
  if (steps.length === 0)
    return { topic: 'definitions', state: 'good', says: 'all tables are as they are defined' }
  return {
    topic: 'definitions',
    state: 'warning',
    says: `the tables differ from what is defined: ${steps.length} ${steps.length === 1 ? 'step' : 'steps'} to go`,
    advice: 'coffer migrate --dry-run shows the plan, coffer migrate applies it',
  }
}

async function copyChecks(place: Place): Promise<readonly Check[]> {
  if ((await readMark(place)) !== 'begun') return []
  return [
    {
      topic: 'copy',
      state: 'bad',
      says: 'a copy into this store was begun and never finished: records may be missing',
      advice: 'run the same coffer copy again: it goes on where it stopped',
    },
  ]
}

async function structureChecks(place: Place): Promise<readonly Check[]> {
  const problems = await place.check()
  if (problems === undefined) return []
  if (problems.length === 0)
    return [{ topic: 'structure', state: 'good', says: 'the engine finds nothing damaged' }]
  const advice = 'restore a backup; for a store of type file, coffer repair saves what can be read'
  return problems.map((problem): Check => ({ topic: 'structure', state: 'bad', says: problem, advice }))
}
