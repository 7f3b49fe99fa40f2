/** What workloads on a simulated disk have in common: the store, and what is told of its life. */

import { type BaseStore, type Clock, createStore } from '@coffer/core'
import { type FileSystem, file } from '@coffer/file'
import { type Expectation, Ledger } from './crash-model-ledger.ts'
import { type Form, handlesOf } from './crash-model-records.ts'
import type { Crash } from './simulated-disk-crash.ts'
import type { DiskOperation, DiskState } from './simulated-disk-state.ts'

export type Durability = 'power' | 'process'

/** Where the store lives on every simulated disk. */
export const DIRECTORY = '/data'

/** Small, so that logs are compacted all the time. */
const COMPACTION = { minBytes: 6_000, deadShare: 0.3 } as const

const START = Date.UTC(2026, 0, 1)

/** What happened on a disk, and what has to be there after a crash at any moment of it. */
export interface Session {
  readonly start: DiskState
  readonly operations: readonly DiskOperation[]
  /**
   * @param position how many of the operations were done
   * @returns what may be there: one of these
   */
  expectationsAt(position: number, crash: Crash['kind']): readonly Expectation[]
}

/** A session of the whole workload. */
export interface Worked extends Session {
  readonly acknowledged: number
  /** What went wrong although nothing was done to the disk. */
  readonly flaws: readonly string[]
  /** How often a snapshot has taken the place of logs. */
  readonly compactions: number
  readonly merges: number
  readonly replacements: readonly Span[]
}

/** Changes of a disk, by how many were done before them: from the first to the one behind the last. */
export interface Span {
  readonly from: number
  readonly to: number
}

export interface WorkloadOptions {
  readonly steps: number
  readonly durability: Durability
  /** What stands between the backend and the disk. Default: nothing. */
  readonly wrap?: (disk: FileSystem) => FileSystem
}

/** How a store is to be; what is left out is small, and as safe as can be. */
export interface StoreSettings {
  readonly durability?: Durability
  readonly compaction?: { readonly minBytes: number; readonly deadShare: number }
  readonly readOnly?: boolean
}

/** A store on a disk. */
export function storeOn(fileSystem: FileSystem, clock: Clock, settings: StoreSettings): BaseStore {
  const { durability = 'power', compaction = COMPACTION, readOnly = false } = settings
  const options = { basePath: DIRECTORY, durability, lockTimeoutMs: 0, compaction, readOnly }
  return createStore({ backend: file(options, { fileSystem }), clock })
}

/** An id that no process has. */
const DEAD_PROCESS = 'pid=2147483647'

/** The disk as another process finds it: whoever holds the lock on it has died. */
export function asLeftByTheDead(state: DiskState): DiskState {
  return state.withNames((name) => name.replace(/\bpid=\d+/, DEAD_PROCESS))
}

/** Opens a store with all that is stored in it known, so that nothing is made later. */
export async function openWith(store: BaseStore, form: Form): Promise<void> {
  handlesOf(store, form)
  await store.open()
}

/** The expectation of a store that was never there. */
export const NOTHING: Omit<Expectation, 'open'> = { certain: new Ledger(), now: START, form: 1 }
