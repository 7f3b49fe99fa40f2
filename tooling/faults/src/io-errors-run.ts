/**
 * The workload on a disk that fails at one call, or from one call on. Every write must be acknowledged and safe,
 * or fail with an error that says what became of it; and when the disk works again, so must the store.
 */

import { setImmediate as turn } from 'node:timers/promises'
import { type BaseStore, type ErrorCode, isStoreError } from '@coffer/core'
import type { FileSystem } from '@coffer/file'
import { compare, look, receiptOf, type Sight } from './crash-model-comparison.ts'
import { recover } from './crash-model-recovery.ts'
import { Trace } from './crash-model-trace.ts'
import { chooseUnits } from './crash-model-units.ts'
import { NOTHING, openWith, storeOn } from './crash-model-workload.ts'
import { errorText } from './error-text.ts'
import type { Random } from './random.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import { killed, powerCuts } from './simulated-disk-crash.ts'
import type { Call, Fault } from './simulated-disk-faults.ts'

/** What a store may say of each failure of its disk. What has happened for certain is in no error of these. */
const CODES: Readonly<Record<Fault['effect'], readonly ErrorCode[]>> = {
  EIO: ['UNAVAILABLE', 'OUTCOME_UNKNOWN'],
  ENOSPC: ['NO_SPACE', 'UNAVAILABLE', 'OUTCOME_UNKNOWN'],
  // What was not done at once is done in several goes.
  short: [],
}

/** A disk that goes on failing is mended after so many steps with failures. */
const STEPS_OF_FAILURE = 3

/** Power cuts left to chance after a failure, beside the extremes. */
const CHANCES = 2

export interface FaultRunOptions {
  readonly fault: Fault
  readonly steps: number
  readonly random: Random
  /** What stands between the backend and the disk. Default: nothing. */
  readonly wrap?: (disk: FileSystem) => FileSystem
}

/** What came of a run. */
export interface FaultRunResult {
  /** How often the disk has failed. */
  readonly strikes: number
  readonly acknowledged: number
  /** Writes that failed, each with an error. */
  readonly failed: number
  /** Stores that were opened on the disk as a crash has left it. */
  readonly crashes: number
  readonly problems: readonly string[]
}

export async function runWithFault(options: FaultRunOptions): Promise<FaultRunResult> {
  const run = new FaultRun(options)
  await run.all()
  return run.result
}

class FaultRun {
  readonly #options: FaultRunOptions
  readonly #disk: SimulatedDisk
  readonly #fileSystem: FileSystem
  readonly #trace: Trace
  readonly #problems: string[] = []
  #store: BaseStore | undefined
  #strikes = 0
  #firstStrike: Call | undefined
  #failed = 0
  #stepsOfFailure = 0
  #crashes = 0

  constructor(options: FaultRunOptions) {
    const { random, fault, wrap = (disk) => disk } = options
    this.#options = options
    this.#disk = new SimulatedDisk({ random, latency: () => turn() })
    this.#fileSystem = wrap(this.#disk)
    this.#disk.fault = fault
    this.#trace = new Trace(() => this.#disk.operations.length, NOTHING)
  }

  get result(): FaultRunResult {
    return {
      strikes: this.#strikes + this.#disk.strikes,
      acknowledged: this.#trace.acknowledged,
      failed: this.#failed,
      crashes: this.#crashes,
      problems: [...this.#problems, ...this.#trace.flaws],
    }
  }

  async all(): Promise<void> {
    const { steps } = this.#options
    await this.#open()
    for (let step = 0; step < steps && this.#store !== undefined; step++) {
      if (step === Math.floor(steps / 2)) {
        this.#trace.change({ form: 2 })
        await this.#reopen()
      } else await this.#step(this.#store)
    }
    this.#checkHarm()
    this.#mend()
    await this.#reopen()
    await this.#close()
    await this.#crash('at the end')
  }

  /** What a store does on the side may fail and be done later; writers are not to notice. */
  #checkHarm(): void {
    const { kind, path = '' } = this.#firstStrike ?? this.#disk.firstStrike ?? {}
    const isAside = kind !== 'read' && /\/(?:snapshot-|reserve)[^/]*$/.test(path)
    if (!isAside || this.#options.fault.lasts || this.#failed === 0) return
    this.#problems.push(`${this.#failed} writes failed with ${kind} of ${path}`)
  }

  async #step(store: BaseStore): Promise<void> {
    const { random } = this.#options
    const units = chooseUnits(random, this.#trace.ledger, this.#trace.now)
    const failed = await this.#trace.perform(store, units, isRefusal)
    this.#failed += failed.length
    for (const { write, error } of failed) this.#judge(error, write.label)
    if (failed.length === 0) return
    this.#stepsOfFailure++
    await this.#crash(failed.map(({ write }) => `${write.label} failed`).join(', '))
    if (this.#stepsOfFailure >= STEPS_OF_FAILURE) this.#mend()
    if (!(await this.#isAlive(store))) await this.#reopen()
  }

  /** Whether the store goes on after a failure. If so, it shows nothing of what it refused. */
  async #isAlive(store: BaseStore): Promise<boolean> {
    try {
      this.#compare(await look(store, this.#trace.form), 'after a failure')
      return this.#trace.unknown.length === 0
    } catch (error) {
      this.#judge(error, 'looking')
      return false
    }
  }

  async #reopen(): Promise<void> {
    await this.#close()
    await this.#open()
  }

  /** A store that can't be opened on a failing disk has to open when the disk is mended. */
  async #open(): Promise<void> {
    if (await this.#tryToOpen(true)) return
    this.#mend()
    if (!(await this.#tryToOpen(false))) this.#store = undefined
  }

  async #tryToOpen(mayFail: boolean): Promise<boolean> {
    const store = storeOn(this.#fileSystem, { now: () => this.#trace.now }, {})
    this.#store = store
    try {
      await openWith(store, this.#trace.form)
      const sight = await look(store, this.#trace.form)
      const expectation = this.#compare(sight, 'when it was opened')
      this.#trace.settle((write) => receiptOf(write, sight, expectation))
      await this.#crash('after it was opened')
      return true
    } catch (error) {
      if (mayFail) this.#judge(error, 'opening')
      else this.#problems.push(`it does not open though the disk works again: ${errorText(error)}`)
      await this.#close()
      return false
    }
  }

  async #close(): Promise<void> {
    try {
      await this.#store?.close()
    } catch (error) {
      this.#judge(error, 'closing')
      // A second time it has nothing to do any more, or does it.
      await this.#store?.close().catch(() => undefined)
    }
  }

  #mend(): void {
    if (this.#disk.strikes === 0) return
    this.#strikes += this.#disk.strikes
    this.#firstStrike ??= this.#disk.firstStrike
    this.#disk.fault = undefined
  }

  #compare(sight: Sight, when: string) {
    const expectation = this.#trace.expectationAt(this.#disk.operations.length)
    this.#problems.push(...compare(sight, expectation).map((problem) => `${when}: ${problem}`))
    return expectation
  }

  /** What a crash would leave at this moment. */
  async #crash(when: string): Promise<void> {
    if (this.#strikes + this.#disk.strikes === 0) return
    const { random } = this.#options
    const expectation = this.#trace.expectationAt(this.#disk.operations.length)
    const { state } = this.#disk
    for (const crash of [killed(state, undefined, random), ...powerCuts(state, CHANCES, random)]) {
      this.#crashes++
      const { problems } = await recover(crash.state, [expectation], random)
      this.#problems.push(...problems.map((problem) => `${when}, then ${crash.label}: ${problem}`))
    }
  }

  #judge(error: unknown, what: string): void {
    const { effect } = this.#options.fault
    if (isStoreError(error) && CODES[effect].includes(error.code)) return
    this.#problems.push(`${what} failed with the wrong error for ${effect}: ${errorText(error)}`)
  }
}

/** Whether an error says that nothing was written. */
function isRefusal(error: unknown): boolean {
  return isStoreError(error) && (error.code === 'NO_SPACE' || error.code === 'UNAVAILABLE')
}
