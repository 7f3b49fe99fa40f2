/** Removing rows for good, batch by batch, so that others get their turn. */

import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import type { Backend, Sweep } from './backend.ts'
import type { CollectionDefinition } from './definition.ts'

/** Rows that one batch removes: bounds how long other writes wait for it. */
const SWEEP_ROWS = 250

/** What a sweep goes over, and when. */
export interface Sweeping {
  readonly backend: Backend
  readonly definitions: readonly CollectionDefinition[]
  readonly sweep: Sweep
  readonly now: () => number
  /** True while nobody else is at work. */
  readonly isAlone: () => boolean
  /** Whether to go on with the next batch. */
  readonly goesOn: () => boolean
  /** Called after every batch with the number removed so far, in all and of this collection. */
  readonly onProgress: (removed: number, collection: string, ofCollection: number) => void
}

/** Removes what is due from every collection but append-only ones, and answers how many rows. */
export async function sweepCollections(sweeping: Sweeping): Promise<number> {
  let removed = 0
  for (const definition of sweeping.definitions) {
    if (!definition.layout.appendOnly) removed += await sweepOne(sweeping, definition, removed)
  }
  return removed
}

async function sweepOne(
  { backend, sweep, now, isAlone, goesOn, onProgress }: Sweeping,
  { layout, name }: CollectionDefinition,
  before: number,
): Promise<number> {
  let removed = 0
  for (let more = true; more && goesOn(); ) {
    const alone = isAlone()
    const startedAt = alone ? 0 : performance.now()
    const batch = await backend.sweep(layout, sweep, SWEEP_ROWS, now())
    removed += batch.removed
    more = batch.more
    onProgress(before + removed, name, removed)
    // Others get their turn between two batches, also where the engine is synchronous; as long a one as the
    // batch took while there are others, for a cleanup has time.
    if (more) await (alone ? nextTurn() : pause(performance.now() - startedAt))
  }
  return removed
}
