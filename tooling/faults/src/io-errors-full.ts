/**
 * A disk that is full: what is refused harms nothing, removing goes on working, and after enough of it writing
 * does too.
 */

import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { type BaseStore, isStoreError } from '@coffer/core'
import { compare, look } from './crash-model-comparison.ts'
import { NO_RECEIPT } from './crash-model-ledger.ts'
import { handlesOf, type Place } from './crash-model-records.ts'
import { recover } from './crash-model-recovery.ts'
import { Trace } from './crash-model-trace.ts'
import type { Unit } from './crash-model-units.ts'
import { NOTHING, openWith, storeOn } from './crash-model-workload.ts'
import { errorText } from './error-text.ts'
import type { Random } from './random.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import { killed, powerCuts } from './simulated-disk-crash.ts'

/** The room of the disk, in bytes: that which a store keeps for hard times, and something to fill. */
const LEAST_CAPACITY = 200_000
const MOST_CAPACITY = 600_000

const LONGEST_TEXT = 20_000

/** How long a store may take to write again after removals, in milliseconds. */
const PATIENCE_MS = 20_000
const PAUSE_MS = 20

export interface FullDiskResult {
  readonly refused: number
  readonly removed: number
  readonly crashes: number
  readonly problems: readonly string[]
}

export async function fillDisk(random: Random): Promise<FullDiskResult> {
  const run = new FullDisk(random)
  try {
    await run.all()
  } catch (error) {
    run.problems.push(`it could not go on: ${errorText(error)}`)
  } finally {
    await run.close()
  }
  return run.result
}

class FullDisk {
  readonly #random: Random
  readonly #disk: SimulatedDisk
  readonly #trace: Trace
  readonly problems: string[] = []
  #store: BaseStore | undefined
  #refused = 0
  #removed = 0
  #crashes = 0
  #notes = 0

  constructor(random: Random) {
    this.#random = random
    const capacity = LEAST_CAPACITY + random.below(MOST_CAPACITY - LEAST_CAPACITY)
    this.#disk = new SimulatedDisk({ random, capacity, latency: () => turn() })
    this.#trace = new Trace(() => this.#disk.operations.length, NOTHING)
  }

  get result(): FullDiskResult {
    return {
      refused: this.#refused,
      removed: this.#removed,
      crashes: this.#crashes,
      problems: [...this.problems, ...this.#trace.flaws],
    }
  }

  async all(): Promise<void> {
    let store = await this.#open()
    await this.#fill(store)
    await this.#check(store, 'when it was full')
    if (this.#random.percent(50)) {
      await store.close()
      store = await this.#open()
      await this.#check(store, 'when it was opened on the full disk')
    }
    await this.#remove(store)
    await this.#check(store, 'after removing')
    if (!(await this.#writesAgain(store))) {
      this.problems.push('nothing can be written though two of three notes were removed')
    }
    await this.#check(store, 'after writing again')
  }

  async #open(): Promise<BaseStore> {
    const store = storeOn(this.#disk, { now: () => this.#trace.now }, {})
    this.#store = store
    await openWith(store, 1)
    return store
  }

  async close(): Promise<void> {
    await this.#store?.close()
  }

  /** Puts notes until none is taken any more, be it a short one. */
  async #fill(store: BaseStore): Promise<void> {
    for (let length = LONGEST_TEXT; length > 1; ) {
      const [failed] = await this.#trace.perform(store, [this.#put(length)], isRefusal)
      if (failed === undefined) continue
      this.#refused++
      if (!isRefusal(failed.error)) this.problems.push(`a put on a full disk: ${errorText(failed.error)}`)
      length = Math.floor(length / 2)
    }
  }

  /** Two of three notes, which has to work on the fullest disk. */
  async #remove(store: BaseStore): Promise<void> {
    const places = [...this.#trace.ledger.held.keys()].filter((_, index) => index % 3 !== 0)
    for (const place of places) {
      const [failed] = await this.#trace.perform(store, [removal(place)], isRefusal)
      this.#removed++
      if (failed !== undefined) this.problems.push(`a removal on a full disk: ${errorText(failed.error)}`)
    }
  }

  /** What was removed may have to be compacted away first. */
  async #writesAgain(store: BaseStore): Promise<boolean> {
    const deadline = performance.now() + PATIENCE_MS
    while (performance.now() < deadline) {
      const [failed] = await this.#trace.perform(store, [this.#put(LONGEST_TEXT / 4)], isRefusal)
      if (failed === undefined) return true
      if (!isRefusal(failed.error)) this.problems.push(`a put after removing: ${errorText(failed.error)}`)
      await pause(PAUSE_MS)
    }
    return false
  }

  async #check(store: BaseStore, when: string): Promise<void> {
    const expectation = this.#trace.expectationAt(this.#disk.operations.length)
    const problems = compare(await look(store, 1), expectation)
    const { state } = this.#disk
    const random = this.#random
    for (const crash of [killed(state, undefined, random), ...powerCuts(state, 2, random)]) {
      this.#crashes++
      const recovery = await recover(crash.state, [expectation], random)
      this.problems.push(...recovery.problems.map((problem) => `${when}, then ${crash.label}: ${problem}`))
    }
    this.problems.push(...problems.map((problem) => `${when}: ${problem}`))
  }

  #put(length: number): Unit {
    const place: Place = `notes/note-${this.#notes++}`
    const content = { author: 'ada', text: 'x'.repeat(1 + this.#random.below(length)) }
    return {
      label: `put ${place}`,
      effect: { places: new Map([[place, { content }]]), told: [] },
      run: async (store, form) => {
        const version = await handlesOf(store, form).notes.put({ id: keyOf(place), ...content, form })
        return { ...NO_RECEIPT, versions: new Map([[place, version]]) }
      },
    }
  }
}

function removal(place: Place): Unit {
  return {
    label: `delete ${place}`,
    effect: { places: new Map([[place, undefined]]), told: [] },
    run: async (store, form) => {
      await handlesOf(store, form).notes.delete(keyOf(place))
      return NO_RECEIPT
    },
  }
}

function keyOf(place: Place): string {
  return place.slice(place.indexOf('/') + 1)
}

function isRefusal(error: unknown): boolean {
  return isStoreError(error, 'NO_SPACE')
}
