/** What has come of all events so far, ready to be read at any moment. */

import type { BatchEvent, CleanupEvent, OperationEvent, TransactionEvent } from '@coffer/core'
import { Counter } from './counter.ts'
import type { Listeners } from './events.ts'
import { Histogram } from './histogram.ts'
import { type OperationLabels, SeriesTable } from './series-table.ts'

/** Upper bounds for groups and operations of a batch; no batch is larger, but for a single large group. */
export const SIZE_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 4_096, 10_000]

/** Operations of one kind. */
export interface OperationTally {
  readonly labels: OperationLabels
  readonly durationMs: Histogram
  readonly errors: Counter
}

/** Batches of one backend. */
export interface BatchTally {
  readonly durationMs: Histogram
  readonly waitedMs: Histogram
  readonly groups: Histogram
  readonly operations: Histogram
  readonly left: Histogram
  readonly errors: Counter
}

/** Transactions of one backend. */
export interface TransactionTally {
  readonly durationMs: Histogram
  readonly errors: Counter
  attempts: number
  retries: number
  conflicts: number
}

/** Cleanups of one kind on one backend. */
export interface CleanupTally {
  readonly backend: string
  readonly kind: string
  readonly durationMs: Histogram
  readonly errors: Counter
  removed: number
}

export class Tallies implements Listeners {
  readonly operations: SeriesTable<OperationTally>
  readonly batches = new Map<string, BatchTally>()
  readonly transactions = new Map<string, TransactionTally>()
  readonly cleanups = new Map<string, CleanupTally>()
  readonly #bounds: readonly number[]

  /** @param bounds upper bounds of durations, in milliseconds */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.operations = new SeriesTable((labels) => ({
      labels,
      durationMs: new Histogram(bounds),
      errors: new Counter(),
    }))
  }

  readonly operation = (event: OperationEvent): void => {
    const tally = this.operations.of(event)
    tally.durationMs.observe(event.durationMs)
    if (event.error !== undefined) tally.errors.add(event.error)
  }

  readonly batch = (event: BatchEvent): void => {
    const tally = kept(this.batches, event.backend, () => this.#batchTally())
    tally.durationMs.observe(event.durationMs)
    tally.waitedMs.observe(event.waitedMs)
    tally.groups.observe(event.groups)
    tally.operations.observe(event.operations)
    tally.left.observe(event.waiting)
    if (event.error !== undefined) tally.errors.add(event.error)
  }

  readonly transaction = ({ backend, durationMs, attempts, error }: TransactionEvent): void => {
    const tally = kept(this.transactions, backend, () => this.#transactionTally())
    tally.durationMs.observe(durationMs)
    tally.attempts += attempts
    tally.retries += Math.max(0, attempts - 1)
    tally.conflicts += conflictsOf(attempts, error)
    if (error !== undefined) tally.errors.add(error)
  }

  readonly cleanup = ({ backend, kind, durationMs, removed, error }: CleanupEvent): void => {
    const tally = kept(this.cleanups, JSON.stringify([backend, kind]), () => ({
      backend,
      kind,
      durationMs: new Histogram(this.#bounds),
      errors: new Counter(),
      removed: 0,
    }))
    tally.durationMs.observe(durationMs)
    tally.removed += removed
    if (error !== undefined) tally.errors.add(error)
  }

  /** Begins to count anew. */
  clear(): void {
    this.operations.clear()
    this.batches.clear()
    this.transactions.clear()
    this.cleanups.clear()
  }

  #batchTally(): BatchTally {
    return {
      durationMs: new Histogram(this.#bounds),
      waitedMs: new Histogram(this.#bounds),
      groups: new Histogram(SIZE_BOUNDS),
      operations: new Histogram(SIZE_BOUNDS),
      left: new Histogram([0, ...SIZE_BOUNDS]),
      errors: new Counter(),
    }
  }

  #transactionTally(): TransactionTally {
    return {
      durationMs: new Histogram(this.#bounds),
      errors: new Counter(),
      attempts: 0,
      retries: 0,
      conflicts: 0,
    }
  }
}

/** Attempts that conflicted: each that was followed by another, and the last where it ended the transaction. */
export function conflictsOf(attempts: number, error: TransactionEvent['error']): number {
  return Math.max(0, attempts - 1) + (error === 'CONFLICT' ? 1 : 0)
}

function kept<T>(tallies: Map<string, T>, key: string, make: () => T): T {
  const known = tallies.get(key)
  if (known !== undefined) return known
  const made = make()
  tallies.set(key, made)
  return made
}
