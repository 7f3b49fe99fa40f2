/** What a store was asked for and has answered, told along the changes of its disk. */

import type { BaseStore } from '@coffer/core'
import { type Expectation, Ledger, NO_RECEIPT, type Receipt, type Write } from './crash-model-ledger.ts'
import type { Form } from './crash-model-records.ts'
import type { Unit } from './crash-model-units.ts'

/** From one moment on: what was certain, the circumstances, and the writes that were made at once. */
interface Stage {
  readonly begunAt: number
  readonly certain: Ledger
  readonly now: number
  readonly form: Form
  readonly writes: readonly Write[]
  /** Whether all before it is durable, whatever the store promises otherwise. */
  readonly isDurable: boolean
}

/** A write that failed, with its error. */
export interface Failed {
  readonly write: Write
  readonly error: unknown
}

export class Trace {
  readonly #position: () => number
  readonly #stages: Stage[] = []
  /** Writes whose outcome nobody knows. */
  #unknown: Write[] = []
  #ledger: Ledger
  #now: number
  #form: Form
  /** What no answer may say, such as a version that a place has had before. */
  readonly flaws: string[] = []

  /** @param position how many changes the disk has seen */
  constructor(position: () => number, start: Omit<Expectation, 'open'>) {
    this.#position = position
    this.#ledger = new Ledger(start.certain)
    this.#now = start.now
    this.#form = start.form
    this.#begin([], true)
  }

  /** What is certain now. */
  get ledger(): Ledger {
    return this.#ledger
  }

  get now(): number {
    return this.#now
  }

  get form(): Form {
    return this.#form
  }

  get unknown(): readonly Write[] {
    return this.#unknown
  }

  /** How many writes were acknowledged. */
  get acknowledged(): number {
    return this.#stages.flatMap(({ writes }) => writes).filter(({ outcome }) => outcome === 'acknowledged')
      .length
  }

  /** The time goes on, the notes take their later form, or all becomes durable, as by closing. */
  change(circumstances: { readonly now?: number; readonly form?: Form; readonly isDurable?: boolean }): void {
    this.#now = circumstances.now ?? this.#now
    this.#form = circumstances.form ?? this.#form
    this.#begin([], circumstances.isDurable)
  }

  /**
   * Makes writes at once and waits for their answers.
   *
   * @param isRefusal whether an error says for certain that nothing was written
   * @returns the writes that failed
   */
  async perform(
    store: BaseStore,
    units: readonly Unit[],
    isRefusal: (error: unknown) => boolean = () => false,
  ): Promise<readonly Failed[]> {
    const writes = units.map(({ label, effect }): Write => {
      const begunAt = this.#position()
      const open = { answeredAt: Number.POSITIVE_INFINITY, outcome: 'unknown', receipt: NO_RECEIPT } as const
      return { label, effect, begunAt, ...open }
    })
    this.#begin(writes)
    const failed: Failed[] = []
    const make = async (unit: Unit, write: Write) => {
      try {
        const receipt = await unit.run(store, this.#form)
        this.#answer(write, 'acknowledged', receipt)
        this.#checkVersions(write)
      } catch (error) {
        failed.push({ write, error })
        if (isRefusal(error)) this.#answer(write, 'refused', NO_RECEIPT)
      }
    }
    await Promise.all(writes.map((write, index) => make(unitAt(units, index), write)))
    this.#ledger = new Ledger(this.#ledger)
    for (const write of writes) if (write.outcome === 'acknowledged') this.#ledger.add(write)
    this.#unknown = [...this.#unknown, ...writes.filter(({ outcome }) => outcome === 'unknown')]
    this.#begin([])
    return failed
  }

  /** Settles what became of the writes of unknown outcome, as the store has shown it since. */
  settle(receiptOf: (write: Write) => Receipt | undefined): void {
    this.#ledger = new Ledger(this.#ledger)
    for (const write of this.#unknown) {
      const receipt = receiptOf(write)
      this.#answer(write, receipt === undefined ? 'refused' : 'acknowledged', receipt ?? NO_RECEIPT)
      if (receipt !== undefined) this.#ledger.add(write)
    }
    this.#unknown = []
    this.#begin([])
  }

  /** What has to be there when the disk stops after so many changes. */
  expectationAt(position: number): Expectation {
    const stages = this.#stagesUpTo(position)
    const stage = stages.at(-1)
    if (stage === undefined) throw new Error('the trace has no beginning')
    const certain = new Ledger(stage.certain)
    for (const write of stage.writes) {
      if (write.outcome === 'acknowledged' && write.answeredAt <= position) certain.add(write)
    }
    const open = stages.flatMap(({ writes }) => writes.filter(({ answeredAt }) => answeredAt > position))
    return { certain, open, now: stage.now, form: stage.form }
  }

  /** All that was to be seen once since it was last durable, the newest first. */
  earlierAt(position: number): readonly Expectation[] {
    const stages = this.#stagesUpTo(position)
    const { now, form } = this.expectationAt(position)
    const since = stages.slice(stages.findLastIndex(({ isDurable }) => isDurable)).reverse()
    return since.map(({ certain, writes }) => ({ certain, open: writes, now, form }))
  }

  #stagesUpTo(position: number): readonly Stage[] {
    return this.#stages.slice(0, 1 + this.#stages.findLastIndex(({ begunAt }) => begunAt <= position))
  }

  /** Versions do not restart, also after a record was removed. */
  #checkVersions({ label, receipt }: Write): void {
    for (const [place, version] of receipt.versions) {
      const before = this.#ledger.versions.get(place) ?? 0
      if (version <= before) this.flaws.push(`${label}: version ${version} follows on ${before}`)
    }
  }

  #begin(writes: readonly Write[], isDurable = false): void {
    const stage = { certain: this.#ledger, now: this.#now, form: this.#form, writes, isDurable }
    this.#stages.push({ begunAt: this.#position(), ...stage })
  }

  #answer(write: Write, outcome: 'acknowledged' | 'refused', receipt: Receipt): void {
    write.answeredAt = this.#position()
    write.outcome = outcome
    write.receipt = receipt
  }
}

function unitAt(units: readonly Unit[], index: number): Unit {
  const unit = units[index]
  if (unit === undefined) throw new Error(`there is no unit ${index}`)
  return unit
}
