/**
 * What is remembered of reads by key: their answers, and the reads that are on their way. No answer is older than
 * `ttlMs`, and none is older than the last time that its key was forgotten.
 *
 * An answer is kept only if nothing happened to its key since its read was sent. Whatever happens takes the read
 * off the list of those on their way: it still answers who waits for it, and nobody else.
 */

import type { CacheLimits, CacheStatistics, Key, Layout, StoredRow } from '@coffer/core/backend'
import { LRUCache } from 'lru-cache'

/** A row in whatever state, or that there is none. */
type Row = StoredRow | undefined

/** Since when an answer holds. */
interface Age {
  /** When its read was sent: an answer may be as old as its question. */
  readonly sentAt: number
  /** How often all of its layout had been forgotten by then. */
  readonly era: number
}

interface Kept extends Age {
  readonly row: Row
}

/** A read on its way, as one of its keys sees it. */
interface Flight extends Age {
  readonly name: string
  readonly row: Promise<Row>
}

/** A document that takes more than this part of all bytes would push out too many others. */
const LARGEST_PART = 8

/** What keeping an answer takes beside its key and its document, roughly: an absent record is not kept for nothing. */
const ENTRY_BYTES = 200

export class RowCache {
  readonly #limits: CacheLimits
  readonly #kept: LRUCache<string, Kept>
  readonly #flights = new Map<string, Flight>()
  /** How many writes of each key are on their way. */
  readonly #writes = new Map<string, number>()
  readonly #eras = new Map<string, number>()
  #hits = 0
  #misses = 0

  constructor(limits: CacheLimits) {
    this.#limits = limits
    this.#kept = new LRUCache({
      max: limits.maxEntries,
      maxSize: limits.maxBytes,
      maxEntrySize: Math.floor(limits.maxBytes / LARGEST_PART),
      sizeCalculation: ({ row }, name) =>
        ENTRY_BYTES + Buffer.byteLength(name) + Buffer.byteLength(row?.document ?? ''),
    })
  }

  get statistics(): CacheStatistics {
    const asked = this.#hits + this.#misses
    return {
      hits: this.#hits,
      misses: this.#misses,
      entries: this.#kept.size,
      hitRate: asked === 0 ? 0 : this.#hits / asked,
    }
  }

  /** One answer per key in their order. The backend is asked at most once, for what is not known. */
  async read(layout: Layout, keys: readonly Key[]): Promise<readonly Row[]> {
    const age: Age = { sentAt: this.#limits.now(), era: this.#eraOf(layout.name) }
    const missing: Key[] = []
    const flights: Flight[] = []
    let departure: PromiseWithResolvers<readonly Row[]> | undefined
    const answers = keys.map((key): Row | Promise<Row> => {
      const name = nameOf(layout.name, key)
      const known = this.#known(name, age)
      if (known !== undefined) {
        this.#hits++
        return known.row
      }
      this.#misses++
      departure ??= Promise.withResolvers()
      const index = missing.push(key) - 1
      const flight = { ...age, name, row: departure.promise.then((rows) => rows[index]) }
      flights.push(flight)
      // Beside a write each asks for itself: some of them may see it, and whoever asks later must not see less.
      if (!this.#writes.has(name)) this.#flights.set(name, flight)
      return flight.row
    })
    departure?.resolve(this.#send(layout, missing, flights))
    return Promise.all(answers)
  }

  #known(name: string, now: Age): Kept | Flight | undefined {
    const kept = this.#kept.get(name)
    if (kept !== undefined && this.#isFresh(kept, now)) return kept
    const flight = this.#flights.get(name)
    return flight !== undefined && this.#isFresh(flight, now) ? flight : undefined
  }

  #isFresh({ sentAt, era }: Age, now: Age): boolean {
    const ageMs = now.sentAt - sentAt
    // Of a clock that was set back nobody knows how old the answer is.
    return era === now.era && ageMs >= 0 && ageMs < this.#limits.ttlMs
  }

  async #send(layout: Layout, keys: readonly Key[], flights: readonly Flight[]): Promise<readonly Row[]> {
    try {
      const rows = await this.#limits.read(layout, keys)
      for (const [index, flight] of flights.entries()) this.#keep(flight, rows[index])
      return rows
    } finally {
      for (const flight of flights) if (this.#isOnItsWay(flight)) this.#flights.delete(flight.name)
    }
  }

  #keep(flight: Flight, row: Row): void {
    const { name, sentAt, era } = flight
    if (this.#isOnItsWay(flight)) this.#kept.set(name, { row, sentAt, era })
  }

  #isOnItsWay(flight: Flight): boolean {
    return this.#flights.get(flight.name) === flight
  }

  /** A name is about to be written: until the end of it all reads of it go to the backend. */
  beginWrite(name: string): void {
    this.forget(name)
    this.#writes.set(name, (this.#writes.get(name) ?? 0) + 1)
  }

  /** A write has ended, in whatever way. Nothing was kept since it began, so there is nothing to forget. */
  endWrite(name: string): void {
    const others = (this.#writes.get(name) ?? 1) - 1
    if (others === 0) this.#writes.delete(name)
    else this.#writes.set(name, others)
  }

  /** What is known of the name may not be true any more. */
  forget(name: string): void {
    this.#kept.delete(name)
    this.#flights.delete(name)
  }

  /** What is known of any key of the layout may not be true any more. */
  forgetLayout(layout: string): void {
    this.#eras.set(layout, this.#eraOf(layout) + 1)
  }

  /** Nothing that is known may be true any more. */
  forgetAll(): void {
    this.#kept.clear()
    this.#flights.clear()
  }

  #eraOf(layout: string): number {
    return this.#eras.get(layout) ?? 0
  }
}

/** What a key is called here. Neither the name of a layout nor a tenant has a NUL in it. */
export function nameOf(layout: string, { tenant, id }: Key): string {
  return `${layout}\0${tenant}\0${id}`
}
