/** The life of a store on a simulated disk: what it is made to do, and what it has promised at every moment of it. */

import { setImmediate as turn } from 'node:timers/promises'
import type { BaseStore, Clock } from '@coffer/core'
import type { FileSystem } from '@coffer/file'
import { type Backup, restoreBackup, takeBackup } from './crash-model-backup.ts'
import type { Expectation } from './crash-model-ledger.ts'
import { mergeUnit } from './crash-model-merge.ts'
import type { Form } from './crash-model-records.ts'
import { Trace } from './crash-model-trace.ts'
import { chooseUnits, type Unit } from './crash-model-units.ts'
import {
  type Durability,
  NOTHING,
  openWith,
  type Span,
  storeOn,
  type Worked,
  type WorkloadOptions,
} from './crash-model-workload.ts'
import { errorText } from './error-text.ts'
import type { Random } from './random.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import type { Crash } from './simulated-disk-crash.ts'
import { type DiskOperation, DiskState } from './simulated-disk-state.ts'

/** Longer than half of a lease, in milliseconds. */
const LEAP_MS = 40_000

/** What was promised since everything was replaced, or from the beginning. */
interface Era {
  readonly trace: Trace
  /** From when to when either what was promised before may be there or what is promised here, in changes of the disk. */
  readonly begunAt: number
  readonly answeredAt: number
}

/** Runs a whole workload. */
export async function work(random: Random, options: WorkloadOptions): Promise<Worked> {
  const { steps } = options
  const life = new Life(random, options)
  await life.reopen()
  for (let step = 0; step < steps; step++) {
    const chance = random.below(100)
    if (step === Math.floor(steps / 4)) await life.backUp()
    else if (step === Math.floor(steps / 3)) await life.writeAndRest()
    else if (step === Math.floor(steps / 2)) await life.reopen(2)
    else if (step === Math.floor((2 * steps) / 3)) await life.replace()
    else if (step === Math.floor((3 * steps) / 4)) await life.merge()
    else if (chance < 6) life.leap()
    else if (chance < 10) await life.reopen()
    else if (chance < 12) await life.merge()
    else await life.write()
  }
  return await life.end()
}

class Life {
  readonly #random: Random
  readonly #durability: Durability
  readonly #start = new DiskState()
  readonly #disk: SimulatedDisk
  readonly #fileSystem: FileSystem
  readonly #eras: Era[] = []
  readonly #replacements: Span[] = []
  readonly #flaws: string[] = []
  #merges = 0
  #backup: Backup | undefined
  #trace: Trace
  #store: BaseStore | undefined

  constructor(random: Random, { durability, wrap = (disk) => disk }: WorkloadOptions) {
    this.#random = random
    this.#durability = durability
    this.#disk = new SimulatedDisk({ state: this.#start, random, latency: () => turn() })
    this.#fileSystem = wrap(this.#disk)
    this.#trace = new Trace(() => this.#position, NOTHING)
    this.#eras.push({ trace: this.#trace, begunAt: 0, answeredAt: 0 })
  }

  get #position(): number {
    return this.#disk.operations.length
  }

  /** The time goes on. */
  leap(): void {
    this.#trace.change({ now: this.#trace.now + LEAP_MS })
  }

  async reopen(form: Form = this.#trace.form): Promise<void> {
    await this.#close(form)
    this.#store = this.#fresh()
    await openWith(this.#store, form)
  }

  async write(): Promise<void> {
    await this.#perform(this.#opened, chooseUnits(this.#random, this.#trace.ledger, this.#trace.now))
  }

  /** Waits for what a store does by itself a while after the last write. */
  async writeAndRest(): Promise<void> {
    const before = this.#position
    await this.write()
    const written = this.#position
    if (written === before) return
    while (this.#position === written) await turn()
  }

  async backUp(): Promise<void> {
    this.#backup = await takeBackup(this.#opened, this.#trace.ledger)
  }

  /** Puts all back that was there when the backup was taken. */
  async replace(): Promise<void> {
    const backup = this.#backup
    if (backup === undefined) throw new Error('there is no backup yet')
    await this.#close()
    const { now, form } = this.#trace
    const operator = this.#fresh()
    // Opens the directory, so that what follows is the replacement alone.
    await operator.place().layouts()
    const begunAt = this.#position
    const trace = new Trace(() => this.#position, { certain: backup.ledger, now, form })
    await restoreBackup(operator, backup)
    this.#eras.push({ trace, begunAt, answeredAt: this.#position })
    this.#trace = trace
    await operator.close()
    this.#replacements.push({ from: begunAt, to: this.#position })
    this.#store = undefined
    await this.reopen()
  }

  /** Merges, as a copy does. */
  async merge(): Promise<void> {
    await this.#close()
    const operator = this.#fresh()
    const unit = await mergeUnit(operator)
    if (unit !== undefined) {
      await this.#perform(operator, [unit])
      this.#merges++
    }
    await operator.close()
    this.#store = undefined
    await this.reopen()
  }

  async end(): Promise<Worked> {
    await this.#store?.close()
    const { operations } = this.#disk
    const traces = this.#eras.map(({ trace }) => trace)
    return {
      start: this.#start,
      operations,
      expectationsAt: (position, crash) => this.#expectationsAt(position, crash),
      acknowledged: traces.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
      flaws: [...this.#flaws, ...traces.flatMap(({ flaws }) => flaws)],
      compactions: operations.filter(isSnapshot).length - this.#replacements.length,
      merges: this.#merges,
      replacements: this.#replacements,
    }
  }

  /** Of an era that begins, what it promises comes last: should both look the same, it promises less. */
  #expectationsAt(position: number, crash: Crash['kind']): readonly Expectation[] {
    const last = this.#eras.findLastIndex(({ begunAt }) => begunAt <= position)
    const era = this.#eras[last]
    const before = this.#eras[last - 1]
    if (era === undefined) throw new Error('nothing has begun')
    const promised = this.#promisedIn(era, position, crash)
    if (before === undefined || position >= era.answeredAt) return promised
    return [...this.#promisedIn(before, position, crash), ...promised]
  }

  #promisedIn({ trace }: Era, position: number, crash: Crash['kind']): readonly Expectation[] {
    return this.#durability === 'process' && crash === 'power cut'
      ? trace.earlierAt(position)
      : [trace.expectationAt(position)]
  }

  get #opened(): BaseStore {
    if (this.#store === undefined) throw new Error('the store is not open')
    return this.#store
  }

  #fresh(): BaseStore {
    const clock: Clock = { now: () => this.#trace.now }
    return storeOn(this.#fileSystem, clock, { durability: this.#durability })
  }

  async #close(form: Form = this.#trace.form): Promise<void> {
    if (this.#store === undefined) return
    await this.#store.close()
    this.#store = undefined
    this.#trace.change({ isDurable: true, form })
  }

  async #perform(store: BaseStore, units: readonly Unit[]): Promise<void> {
    for (const { write, error } of await this.#trace.perform(store, units)) {
      this.#flaws.push(`${write.label} failed on a sound disk: ${errorText(error)}`)
    }
  }
}

function isSnapshot(operation: DiskOperation): boolean {
  return (
    operation.type === 'names' &&
    operation.changes.some(({ settings }) =>
      settings.some(([name, node]) => node !== undefined && /^snapshot-\d+\.jsonl$/.test(name)),
    )
  )
}
