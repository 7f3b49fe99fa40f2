/** A workload on a simulated disk: all that a store does in its life, in small, and what it answered to it. */

import { setImmediate as turn } from 'node:timers/promises'
import { type BaseStore, type Clock, createStore } from '@coffer/core'
import { type FileSystem, file } from '@coffer/file'
import { type Expectation, Ledger } from './crash-model-ledger.ts'
import { type Form, handlesOf } from './crash-model-records.ts'
import { Trace } from './crash-model-trace.ts'
import { chooseUnits } from './crash-model-units.ts'
import { errorText } from './error-text.ts'
import type { Random } from './random.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import type { Crash } from './simulated-disk-crash.ts'
import { type DiskOperation, DiskState } from './simulated-disk-state.ts'

export type Durability = 'power' | 'process'

/** Where the store lives on every simulated disk. */
export const DIRECTORY = '/data'

/** Small, so that logs are compacted all the time. */
const COMPACTION = { minBytes: 6_000, deadShare: 0.3 } as const

const START = Date.UTC(2026, 0, 1)
/** Longer than half of a lease, in milliseconds. */
const LEAP_MS = 40_000

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

export async function work(random: Random, options: WorkloadOptions): Promise<Worked> {
  const { steps, durability, wrap = (disk) => disk } = options
  const start = new DiskState()
  const disk = new SimulatedDisk({ state: start, random, latency: () => turn() })
  const trace = new Trace(() => disk.operations.length, NOTHING)
  const clock: Clock = { now: () => trace.now }
  const fresh = async () => {
    const store = storeOn(wrap(disk), clock, { durability })
    await openWith(store, trace.form)
    return store
  }
  const flaws: string[] = []
  let store = await fresh()
  for (let step = 0; step < steps; step++) {
    const chance = random.below(100)
    if (chance < 6) trace.change({ now: trace.now + LEAP_MS })
    else if (chance < 10 || step === Math.floor(steps / 2)) {
      await store.close()
      trace.change({ isDurable: true, form: step < steps / 2 ? 1 : 2 })
      store = await fresh()
    } else {
      const before = disk.operations.length
      const failed = await trace.perform(store, chooseUnits(random, trace.ledger, trace.now))
      for (const { write, error } of failed) {
        flaws.push(`${write.label} failed on a sound disk: ${errorText(error)}`)
      }
      if (step === Math.floor(steps / 3) && disk.operations.length > before) await untilIdle(disk)
    }
  }
  await store.close()
  return {
    start,
    operations: disk.operations,
    expectationsAt: (position, crash) =>
      durability === 'process' && crash === 'power cut'
        ? trace.earlierAt(position)
        : [trace.expectationAt(position)],
    acknowledged: trace.acknowledged,
    flaws: [...flaws, ...trace.flaws],
    compactions: disk.operations.filter(isCompaction).length,
  }
}

/** Waits for what a store does by itself a while after the last write. */
async function untilIdle(disk: SimulatedDisk): Promise<void> {
  const before = disk.operations.length
  while (disk.operations.length === before) await turn()
}

function isCompaction(operation: DiskOperation): boolean {
  return (
    operation.type === 'names' &&
    operation.changes.some(({ settings }) =>
      settings.some(([name, node]) => node !== undefined && /^snapshot-\d+\.jsonl$/.test(name)),
    )
  )
}
