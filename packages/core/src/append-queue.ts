/** Joins appends of this process to one stream, so that they are chained and committed together. */

import {
  type Append,
  type AppendOutcome,
  appendAll,
  type StreamAddress,
  type VersionedHead,
} from './append.ts'
import type { Engine } from './engine.ts'
import { StoreError } from './errors.ts'
import { throwIfAborted } from './failure.ts'
import type { StoredRow } from './row.ts'
import { afterReadyWork } from './turn.ts'

/** The most entries that one commit takes; a single larger append still goes as a whole. */
const MAX_ENTRIES = 5_000
/** Streams whose heads are remembered. */
const MAX_LANES = 1_000

interface Waiting {
  readonly append: Append
  readonly signal: AbortSignal | undefined
  readonly resolve: (rows: readonly StoredRow[]) => void
  readonly reject: (error: unknown) => void
}

interface Lane {
  waiting: Waiting[]
  leaving: boolean
  /** The head after the last commit of ours; another process may have moved it, which the commit notices. */
  head: VersionedHead | undefined
}

export class AppendQueue {
  readonly #engine: Engine
  readonly #lanes = new Map<string, Lane>()
  #waiting = 0

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Appends, together with others that wait for the same stream. @returns the entries as they are stored */
  add(
    address: StreamAddress,
    append: Append,
    signal: AbortSignal | undefined,
  ): Promise<readonly StoredRow[]> {
    throwIfAborted(signal)
    const { maxQueued } = this.#engine.options
    if (this.#waiting >= maxQueued) {
      throw new StoreError('LIMIT_EXCEEDED', `${maxQueued} appends are waiting already (maxQueued)`)
    }
    return new Promise((resolve, reject) => {
      const lane = this.#lane(address)
      lane.waiting.push({ append, signal, resolve, reject })
      this.#waiting++
      if (!lane.leaving) this.#leave(address, lane)
    })
  }

  #lane(address: StreamAddress): Lane {
    const name = JSON.stringify([address.log.name, address.tenant, address.stream])
    const lane = this.#lanes.get(name) ?? { waiting: [], leaving: false, head: undefined }
    // The most recently used lane stands last.
    this.#lanes.delete(name)
    this.#lanes.set(name, lane)
    if (this.#lanes.size > MAX_LANES) this.#forgetOldest(lane)
    return lane
  }

  #forgetOldest(kept: Lane): void {
    for (const [name, lane] of this.#lanes) {
      if (lane === kept || lane.leaving || lane.waiting.length > 0) continue
      this.#lanes.delete(name)
      return
    }
  }

  #leave(address: StreamAddress, lane: Lane): void {
    lane.leaving = true
    afterReadyWork(async () => {
      const batch = takeBatch(lane)
      this.#waiting -= batch.length
      const ready = batch.filter((waiting) => !rejectAborted(waiting))
      if (ready.length > 0) await this.#commit(address, lane, ready)
      if (lane.waiting.length > 0) this.#leave(address, lane)
      else lane.leaving = false
    })
  }

  async #commit(address: StreamAddress, lane: Lane, batch: readonly Waiting[]): Promise<void> {
    const known = lane.head
    lane.head = undefined
    try {
      const appends = batch.map((waiting) => waiting.append)
      const { outcomes, head } = await appendAll(this.#engine, this.#engine, address, appends, known)
      lane.head = head
      for (const [position, waiting] of batch.entries()) settle(waiting, outcomes[position] as AppendOutcome)
    } catch (error) {
      for (const waiting of batch) waiting.reject(error)
    }
  }
}

function rejectAborted({ signal, reject }: Waiting): boolean {
  try {
    throwIfAborted(signal)
    return false
  } catch (error) {
    reject(error)
    return true
  }
}

function settle(waiting: Waiting, outcome: AppendOutcome): void {
  if ('error' in outcome) waiting.reject(outcome.error)
  else waiting.resolve(outcome.rows)
}

function takeBatch(lane: Lane): Waiting[] {
  let entries = 0
  const cut = lane.waiting.findIndex(({ append }, position) => {
    entries += append.entries.length
    return position > 0 && entries > MAX_ENTRIES
  })
  return lane.waiting.splice(0, cut === -1 ? lane.waiting.length : cut)
}
