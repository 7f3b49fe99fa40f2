/**
 * Group commit. Writes that arrive while every lane to the engine has a batch wait for one to return and
 * then leave together, as independent groups of one commit. A lone write leaves at once. Operations on one
 * key keep their order: where several batches are in flight, no two of them concern the same key.
 */

import { chooseBatch } from './batch-choice.ts'
import type { Clock } from './clock.ts'
import { isStoreError, StoreError } from './errors.ts'
import { keysOf } from './group-keys.ts'
import { shareOf } from './lane-share.ts'
import type { Group, Outcome } from './operation.ts'
import { afterReadyWork } from './turn.ts'

/** The most operations of one batch; a single larger group still goes as a whole. */
const MAX_BATCH_OPERATIONS = 10_000

interface Waiting {
  /** Counts up: the order among all groups. */
  readonly arrival: number
  readonly group: Group
  readonly deadline: number
  readonly signal: AbortSignal | undefined
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

/** A batch in a lane, until the last of it is answered. */
interface Flight {
  batch: readonly Waiting[]
  /** The keys that it concerns, gathered when somebody asks. */
  keys: Set<string> | undefined
  /** True while the engine has it, or a half of it: only then does anything wait for long. */
  isAway: boolean
}

/** What a queue needs to know. */
export interface WriteQueueOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly maxQueued: number
  /** How many batches may be in flight at once. Asked when one is about to leave. */
  readonly lanes: () => number
  /** Whether others than the groups here, waiting or in flight, may soon bring theirs. */
  readonly expectsMore: (present: number) => boolean
  /** What the next batch has to wait for, so that the event loop gets its turn. */
  readonly overdue: () => Promise<void> | undefined
  /** Sends one batch; a failure is already a `StoreError`. */
  readonly send: (groups: readonly Group[], at: number, queue: Waited) => Promise<readonly Outcome[]>
}

/** How the queue stood when a batch left. */
export interface Waited {
  /** How many groups stayed behind. */
  readonly waiting: number
  /** When the first of its groups came, by `performance.now()`. */
  readonly since: number
}

export class WriteQueue {
  readonly #options: WriteQueueOptions
  #arrivals = 0
  #waiting: Waiting[] = []
  /** Those that were to leave and share a key with a batch in flight, or with another of these. */
  #held: Waiting[] = []
  readonly #heldKeys = new Set<string>()
  #leaving = false
  /** How many batches may be in flight; more than one from the first departure on. */
  #lanes = 1
  readonly #flights: Flight[] = []
  #watch: NodeJS.Timeout | undefined

  constructor(options: WriteQueueOptions) {
    this.#options = options
  }

  /** Groups that are not on their way yet. */
  get waiting(): number {
    return this.#waiting.length + this.#held.length
  }

  /** Adds a group and answers what became of it. */
  add(group: Group, signal: AbortSignal | undefined): Promise<Outcome> {
    if (this.waiting >= this.#options.maxQueued) {
      throw new StoreError(
        'LIMIT_EXCEEDED',
        `${this.#options.maxQueued} operations are waiting already (maxQueued)`,
      )
    }
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.#options.timeoutMs
      this.#waiting.push({ arrival: this.#arrivals++, group, deadline, signal, resolve, reject })
      if (this.#flights.some(({ isAway }) => isAway)) this.#watchDeadlines()
      this.#leave()
    })
  }

  /** Sets out once all that is ready has come, if there is a lane. */
  #leave(): void {
    if (this.#leaving || this.#flights.length >= this.#lanes || this.#waiting.length === 0) return
    this.#leaving = true
    const overdue = this.#options.overdue()
    if (overdue !== undefined) {
      void overdue.then(() => this.#sendNext())
      return
    }
    afterReadyWork(
      () => void this.#sendNext(),
      () => this.#options.expectsMore(this.#present()),
    )
  }

  #present(): number {
    const inFlight = this.#flights.reduce((sum, { batch }) => sum + batch.length, 0)
    return this.waiting + inFlight
  }

  async #sendNext(): Promise<void> {
    const flight = this.#takeBatch()
    this.#leaving = false
    if (flight.batch.length > 0) {
      this.#flights.push(flight)
      const sent = this.#send(flight, flight.batch)
      // All that is ready has come: what this lane left goes by the next one at once.
      if (this.#waiting.length > 0 && this.#flights.length < this.#lanes) void this.#sendNext()
      await sent
      // Their order means nothing, and taking the last is cheapest.
      const last = this.#flights.pop()
      if (last !== undefined && last !== flight) this.#flights[this.#flights.indexOf(flight)] = last
      if (this.#held.length > 0) this.#release()
    }
    this.#leave()
  }

  /** Lets those that were held try again, before all that came later. */
  #release(): void {
    this.#waiting = [...this.#held, ...this.#waiting].sort((one, other) => one.arrival - other.arrival)
    this.#held = []
    this.#heldKeys.clear()
  }

  #takeBatch(): Flight {
    this.#lanes = this.#options.lanes()
    const flight =
      this.#lanes > 1 ? this.#takeShare() : { batch: this.#takeFirst(), keys: undefined, isAway: false }
    flight.batch = flight.batch.filter((waiting) => !rejectAborted(waiting))
    return flight
  }

  #takeFirst(): readonly Waiting[] {
    let operations = 0
    let taken = 0
    for (const { group } of this.#waiting) {
      operations += group.operations.length
      if (taken > 0 && operations > MAX_BATCH_OPERATIONS) break
      taken++
    }
    const batch = taken === this.#waiting.length ? this.#waiting : this.#waiting.slice(0, taken)
    this.#waiting = taken === this.#waiting.length ? [] : this.#waiting.slice(taken)
    return batch
  }

  /** One lane's share of what may leave beside the batches in flight. */
  #takeShare(): Flight {
    const waiting = operationsOf(this.#waiting)
    const inFlight = this.#flights.reduce((sum, { batch }) => sum + operationsOf(batch), 0)
    const share = shareOf(waiting + inFlight, this.#lanes)
    // Nothing in the way, and too little to split: no key is looked at.
    if (this.#flights.length === 0 && waiting <= share)
      return { batch: this.#takeFirst(), keys: undefined, isAway: false }
    const keysInFlight = this.#flights.map((flight) => {
      flight.keys ??= new Set(flight.batch.flatMap(({ group }) => keysOf(group)))
      return flight.keys
    })
    const choice = chooseBatch(this.#waiting, keysInFlight, this.#heldKeys, share, MAX_BATCH_OPERATIONS)
    this.#waiting = choice.left
    this.#held.push(...choice.held)
    return { batch: choice.taken, keys: choice.keys, isAway: false }
  }

  async #send(flight: Flight, batch: readonly Waiting[]): Promise<void> {
    flight.isAway = true
    const behind = this.waiting
    if (behind > 0) this.#watchDeadlines()
    try {
      const groups = batch.map((waiting) => waiting.group)
      const since = (batch[0]?.deadline ?? 0) - this.#options.timeoutMs
      const queue = { waiting: behind, since }
      const outcomes = await this.#options.send(groups, this.#options.clock.now(), queue)
      flight.isAway = false
      for (const [position, waiting] of batch.entries()) waiting.resolve(outcomes[position] as Outcome)
    } catch (error) {
      flight.isAway = false
      if (batch.length > 1 && concernsOneGroup(error)) return this.#sendHalves(flight, batch)
      for (const waiting of batch) waiting.reject(error)
    }
  }

  /** Nothing of the failed batch has happened: finds the group at fault, so that it harms no other. */
  async #sendHalves(flight: Flight, batch: readonly Waiting[]): Promise<void> {
    const middle = Math.ceil(batch.length / 2)
    await this.#send(flight, batch.slice(0, middle))
    await this.#send(flight, batch.slice(middle))
  }

  /** One coarse watch for all that wait behind a batch, so that adding an operation sets no timer of its own. */
  #watchDeadlines(): void {
    if (this.#watch !== undefined) return
    const period = Math.max(1, Math.min(1_000, this.#options.timeoutMs / 4))
    this.#watch = setInterval(() => {
      const now = performance.now()
      const isInTime = (waiting: Waiting): boolean => waiting.deadline > now || rejectLate(waiting)
      this.#waiting = this.#waiting.filter(isInTime)
      this.#held = this.#held.filter(isInTime)
      if (this.waiting > 0) return
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

function operationsOf(batch: readonly Waiting[]): number {
  return batch.reduce((sum, { group }) => sum + group.operations.length, 0)
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
