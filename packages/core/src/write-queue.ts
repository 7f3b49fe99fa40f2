/**
 * Group commit. Writes that arrive while a batch is in flight wait for it and then leave together, as
 * independent groups of one commit. A lone write leaves at once. One batch is in flight at a time, so
 * operations on one key keep their order.
 */

import type { Clock } from './clock.ts'
import { isStoreError, StoreError } from './errors.ts'
import type { Group, Outcome } from './operation.ts'
import { afterReadyWork } from './turn.ts'

/** The most operations of one batch; a single larger group still goes as a whole. */
const MAX_BATCH_OPERATIONS = 10_000

interface Waiting {
  readonly group: Group
  readonly deadline: number
  readonly signal: AbortSignal | undefined
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

/** What a queue needs to know. */
export interface WriteQueueOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly maxQueued: number
  /** Whether others than the groups that wait may soon bring theirs. */
  readonly expectsMore: (waiting: number) => boolean
  /** What the next batch has to wait for, so that the event loop gets its turn. */
  readonly overdue: () => Promise<void> | undefined
  /** Sends one batch; a failure is already a `StoreError`. `waiting` is how many groups stay behind. */
  readonly send: (groups: readonly Group[], at: number, waiting: number) => Promise<readonly Outcome[]>
}

export class WriteQueue {
  readonly #options: WriteQueueOptions
  #waiting: Waiting[] = []
  #leaving = false
  /** True while the engine has a batch: only then does anything wait for long. */
  #inFlight = false
  #watch: NodeJS.Timeout | undefined

  constructor(options: WriteQueueOptions) {
    this.#options = options
  }

  /** Adds a group and answers what became of it. */
  add(group: Group, signal: AbortSignal | undefined): Promise<Outcome> {
    if (this.#waiting.length >= this.#options.maxQueued) {
      throw new StoreError(
        'LIMIT_EXCEEDED',
        `${this.#options.maxQueued} operations are waiting already (maxQueued)`,
      )
    }
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.#options.timeoutMs
      this.#waiting.push({ group, deadline, signal, resolve, reject })
      if (this.#inFlight) this.#watchDeadlines()
      if (!this.#leaving) this.#leave()
    })
  }

  #leave(): void {
    this.#leaving = true
    const overdue = this.#options.overdue()
    if (overdue !== undefined) {
      void overdue.then(() => this.#sendNext())
      return
    }
    afterReadyWork(
      () => void this.#sendNext(),
      () => this.#options.expectsMore(this.#waiting.length),
    )
  }

  async #sendNext(): Promise<void> {
    const batch = this.#takeBatch()
    if (batch.length > 0) await this.#send(batch)
    if (this.#waiting.length > 0) this.#leave()
    else this.#leaving = false
  }

  #takeBatch(): Waiting[] {
    let operations = 0
    let taken = 0
    for (const { group } of this.#waiting) {
      operations += group.operations.length
      if (taken > 0 && operations > MAX_BATCH_OPERATIONS) break
      taken++
    }
    const batch = taken === this.#waiting.length ? this.#waiting : this.#waiting.slice(0, taken)
    this.#waiting = taken === this.#waiting.length ? [] : this.#waiting.slice(taken)
    return batch.filter((waiting) => !rejectAborted(waiting))
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    this.#inFlight = true
    if (this.#waiting.length > 0) this.#watchDeadlines()
    try {
      const groups = batch.map((waiting) => waiting.group)
      const outcomes = await this.#options.send(groups, this.#options.clock.now(), this.#waiting.length)
      this.#inFlight = false
      for (const [position, waiting] of batch.entries()) waiting.resolve(outcomes[position] as Outcome)
    } catch (error) {
      this.#inFlight = false
      if (batch.length > 1 && concernsOneGroup(error)) return this.#sendHalves(batch)
      for (const waiting of batch) waiting.reject(error)
    }
  }

  /** Nothing of the failed batch has happened: finds the group at fault, so that it harms no other. */
  async #sendHalves(batch: readonly Waiting[]): Promise<void> {
    const middle = Math.ceil(batch.length / 2)
    await this.#send(batch.slice(0, middle))
    await this.#send(batch.slice(middle))
  }

  /** One coarse watch for all that wait behind a batch, so that adding an operation sets no timer of its own. */
  #watchDeadlines(): void {
    if (this.#watch !== undefined) return
    const period = Math.max(1, Math.min(1_000, this.#options.timeoutMs / 4))
    this.#watch = setInterval(() => {
      const now = performance.now()
      this.#waiting = this.#waiting.filter((waiting) => waiting.deadline > now || rejectLate(waiting))
      if (this.#waiting.length > 0) return
      clearInterval(this.#watch)
      this.#watch = undefined
    }, period)
    this.#watch.unref()
  }

  /** Stops the watch; nothing may be waiting any more. */
  close(): void {
    clearInterval(this.#watch)
    this.#watch = undefined
  }
}

function rejectAborted(waiting: Waiting): boolean {
  if (waiting.signal?.aborted !== true) return false
  waiting.reject(new StoreError('ABORTED', 'the operation was aborted before it began'))
  return true
}

function rejectLate(waiting: Waiting): false {
  waiting.reject(new StoreError('TIMEOUT', 'the operation waited too long for its turn; nothing was written'))
  return false
}

/** Whether a failure may be the fault of a single group, so that the others deserve another try. */
function concernsOneGroup(error: unknown): boolean {
  const common = [
    'BUSY',
    'UNAVAILABLE',
    'TIMEOUT',
    'OUTCOME_UNKNOWN',
    'CLOSED',
    'READ_ONLY',
    'LOCK_LOST',
    'CORRUPT',
  ]
  return isStoreError(error) && !common.includes(error.code)
}
