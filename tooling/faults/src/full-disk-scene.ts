/** One disk that is filled to the brim: what is asked of a store there, step by step, and what it answers. */

import { setTimeout as pause } from 'node:timers/promises'
import { isStoreError, type Store } from '@coffer/core'
import { takeAllRoom } from './ballast.ts'
import { errorText } from './error-text.ts'
import { difference } from './full-disk-comparison.ts'
import { type FullDiskWrite, journal, Ledger, notes, streamOf, textOf } from './full-disk-records.ts'
import type { Random } from './random.ts'

/** When another program takes whatever room is left on the disk. */
export type Intruder = 'never' | 'beside the open store' | 'while it is closed'

export interface FullDiskPlan {
  readonly intruder: Intruder
  /** The longest text of a record at first. Writes that don't fit are followed by shorter ones. */
  readonly longestText: number
  readonly callers: number
  /** How long a store may take to clean up when all was removed, in milliseconds. */
  readonly patienceMs: number
}

export interface FullDiskResult {
  readonly acknowledged: number
  readonly refused: number
  readonly removed: number
  /** Of what was acknowledged: what was found missing, cut or changed. */
  readonly lost: readonly string[]
  /** Whatever else was not as promised. */
  readonly wrong: readonly string[]
  /** Whether nothing could be written any more, although everything was removed. */
  readonly isStuck: boolean
}

export interface FullDiskPlace {
  /** On the disk. */
  readonly folder: string
  /** Opens the store that is there. */
  readonly store: () => Store
}

/** A caller gives up when so many of its writes in a row were refused, each shorter than the one before. */
const REFUSALS = 8
const MOST_WRITES = 5_000
const MOST_RECORDS = 6
/** Together more than the disk holds. */
const HUGE_RECORDS = 48
const HUGE_TEXT = 32 * 1_024
/** Fits when anything does. */
const SHORT_TEXT = 50
const FIRST_REMOVALS = 10
const LAST_WRITES = 5
const PARTS = 8
/** How long a store may take to clean up before more is removed. */
const CLEANUP_MS = 200
const PAUSE_MS = 20

const WRITES = ['putMany', 'putMany', 'transaction', 'append'] as const
const REMOVALS = ['delete', 'deleteMany', 'transaction'] as const

export class FullDiskScene implements AsyncDisposable {
  readonly #place: FullDiskPlace
  readonly #plan: FullDiskPlan
  readonly #random: Random
  readonly #ledger = new Ledger()
  readonly #result = {
    acknowledged: 0,
    refused: 0,
    removed: 0,
    lost: [] as string[],
    wrong: [] as string[],
    isStuck: false,
  }
  #store: Store
  #written = 0

  constructor(place: FullDiskPlace, plan: FullDiskPlan, random: Random) {
    this.#place = place
    this.#plan = plan
    this.#random = random
    this.#store = this.#opened()
  }

  /** Fills the disk, removes, opens again, and fills and removes once more. */
  async play(): Promise<FullDiskResult> {
    const { intruder } = this.#plan
    const { folder } = this.#place
    await this.#fill()
    await this.#writeTooMuch()
    await this.#compare('on the full disk')
    if (intruder === 'beside the open store') takeAllRoom(folder)
    await this.#remove(FIRST_REMOVALS)
    await this.#compare('after removals on the full disk')
    await this.#fill()
    await this.#close()
    if (intruder === 'while it is closed') takeAllRoom(folder)
    this.#store = this.#opened()
    await this.#compare('after opening on the full disk')
    await this.#fill()
    await this.#removeUntilThereIsRoom()
    await this.#compare('after making room')
    await this.#close()
    this.#store = this.#opened()
    await this.#compare('after opening with room')
    await this.#close()
    return this.#result
  }

  /** Closes the store, wherever an error has ended the play. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store.close()
  }

  async #close(): Promise<void> {
    await this.#attempt('closing', [], () => this.#store.close())
  }

  #opened(): Store {
    const store = this.#place.store()
    store.collection(notes)
    store.log(journal)
    return store
  }

  /** Writes until nothing fits any more. */
  async #fill(): Promise<void> {
    const { callers } = this.#plan
    await Promise.all(Array.from({ length: callers }, (_, caller) => this.#fillAs(caller)))
  }

  async #fillAs(caller: number): Promise<void> {
    let longest = this.#plan.longestText
    for (let writes = 0, refusals = 0; refusals < REFUSALS && writes < MOST_WRITES; writes++) {
      const isDone = await this.#write(this.#draw(caller, longest))
      refusals = isDone ? 0 : refusals + 1
      if (!isDone) longest = Math.max(SHORT_TEXT, Math.ceil(longest / 2))
    }
  }

  #draw(caller: number, longest: number): FullDiskWrite {
    const random = this.#random
    const type = random.pick(WRITES)
    const texts = new Map<string, string>()
    const records = random.percent(50) ? 1 : 1 + random.below(MOST_RECORDS)
    for (let record = 0; record < records; record++) {
      const number = ++this.#written
      const isNew = random.percent(60)
      // Nobody else writes these, and many of them are there.
      const id = `note-${caller}-${isNew ? number : random.below(number)}`
      texts.set(id, textOf(`${id}/${number}`, 1 + random.below(longest)))
    }
    return { type, caller, texts }
  }

  /** Writes that the disk has no room for at all. */
  async #writeTooMuch(): Promise<void> {
    for (const type of ['putMany', 'transaction', 'append'] as const) {
      const ids = [...this.#ledger.notes.keys()].slice(0, HUGE_RECORDS / 2)
      while (ids.length < HUGE_RECORDS) ids.push(`huge-${++this.#written}`)
      const texts = new Map(ids.map((id) => [id, textOf(`${id}/${++this.#written}`, HUGE_TEXT)]))
      if (await this.#write({ type, caller: 0, texts })) {
        this.#result.wrong.push(`a ${type} of ${HUGE_RECORDS * HUGE_TEXT} bytes was acknowledged`)
      }
    }
  }

  /** @returns whether it was acknowledged */
  async #write(write: FullDiskWrite): Promise<boolean> {
    const what = `a ${write.type} on the full disk`
    const isDone = await this.#attempt(what, ['NO_SPACE'], () => perform(this.#store, write))
    if (isDone) {
      this.#ledger.note(write)
      this.#result.acknowledged++
    } else this.#result.refused++
    return isDone
  }

  /** Removes so many times: one record, some, or some in a transaction. @returns whether all succeeded, as they must */
  async #remove(times: number): Promise<boolean> {
    for (let time = 0; time < times && this.#ledger.notes.size > 0; time++) {
      const type = this.#random.pick(REMOVALS)
      const ids = this.#drawIds(type === 'delete' ? 1 : 3)
      const removed = await this.#attempt(`a ${type} of ${ids.length} notes on the full disk`, [], () =>
        remove(this.#store, type, ids),
      )
      if (!removed) return false
      for (const id of ids) this.#ledger.notes.delete(id)
      this.#result.removed += ids.length
    }
    return true
  }

  #drawIds(count: number): readonly string[] {
    const ids = [...this.#ledger.notes.keys()]
    const drawn = Array.from({ length: Math.min(count, ids.length) }, () => this.#random.pick(ids))
    return [...new Set(drawn)]
  }

  /** Removes part after part, until there is room for some writes again. */
  async #removeUntilThereIsRoom(): Promise<void> {
    const part = Math.ceil(this.#ledger.notes.size / PARTS)
    while (this.#ledger.notes.size > 0) {
      if (!(await this.#remove(part)) || (await this.#writeWithin(CLEANUP_MS))) return
    }
    if (!(await this.#writeWithin(this.#plan.patienceMs))) {
      this.#result.isStuck = true
    }
  }

  /** Tries to write some short notes, for so long. The store may need a moment to clean up. */
  async #writeWithin(milliseconds: number): Promise<boolean> {
    const deadline = performance.now() + milliseconds
    for (let written = 0; written < LAST_WRITES; ) {
      const id = `last-${written}`
      const texts = new Map([[id, textOf(id, SHORT_TEXT)]])
      if (await this.#write({ type: 'putMany', caller: 0, texts })) written++
      else if (performance.now() > deadline) return false
      else await pause(PAUSE_MS)
    }
    return true
  }

  /** @returns whether it succeeded. It may fail with these codes alone. */
  async #attempt(what: string, codes: readonly string[], work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      const isExpected = isStoreError(error) && codes.includes(error.code)
      if (!isExpected) this.#result.wrong.push(`${what} failed: ${errorText(error)}`)
      return false
    }
  }

  async #compare(when: string): Promise<void> {
    const streams = Array.from({ length: this.#plan.callers }, (_, caller) => streamOf(caller))
    await this.#attempt(`reading ${when}`, [], async () => {
      const { lost, wrong } = await difference(this.#store, this.#ledger, streams)
      this.#result.lost.push(...lost.map((each) => `${when}: ${each}`))
      this.#result.wrong.push(...wrong.map((each) => `${when}: ${each}`))
    })
  }
}

async function perform(store: Store, { type, caller, texts }: FullDiskWrite): Promise<unknown> {
  const records = [...texts].map(([id, text]) => ({ id, caller, text }))
  const entries = records.map(({ text }) => ({ text }))
  if (type === 'putMany') return store.collection(notes).putMany(records)
  if (type === 'append') return store.log(journal).append(streamOf(caller), entries)
  return store.transaction(async (transaction) => {
    for (const record of records) await transaction.collection(notes).put(record)
  })
}

async function remove(
  store: Store,
  type: (typeof REMOVALS)[number],
  ids: readonly string[],
): Promise<unknown> {
  const [first] = ids
  if (first === undefined) return
  if (type === 'delete') return store.collection(notes).delete(first)
  if (type === 'deleteMany') return store.collection(notes).deleteMany(ids)
  return store.transaction(async (transaction) => {
    for (const id of ids) await transaction.collection(notes).delete(id)
  })
}
