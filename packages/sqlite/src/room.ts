/**
 * The room that the disk has for a database. In WAL mode a write takes room twice: at once in the log, and later in
 * the database, when the log is written back. A log that can't be written back never gives its room up again, and
 * then not even a removal fits. So where there is little room, the database may not grow by more than the reserve
 * holds: the log can then always be written back into the room of the reserve, and gives back what it took. SQLite
 * itself refuses the page that would be too many (`max_page_count`), at no cost. And the less room there is, the
 * sooner the log is written back.
 *
 * What meets a full disk is tried once more, with the log written back and cut off: before the commit the reserve is
 * made as small as the database grows, and the log has all the rest. A removal may also let the database grow into
 * the reserve, by a floor and a history.
 */

import { checkpoint, framesBehind } from './checkpoint.ts'
import type { Connection } from './connection.ts'
import { fileBytes, freeBytes } from './disk-space.ts'
import type { Effect } from './effect.ts'
import type { Reserve } from './reserve.ts'

/** SQLite's limit: https://www.sqlite.org/limits.html */
const MOST_PAGES = 4_294_967_294
/** Frames of the log after which it is written back: SQLite's own default. */
const MOST_FRAMES = 1_000
/** How many pages may be written, by estimate, before the frames are counted; a commit counts as some. */
const UNCOUNTED_PAGES = 128
const PAGES_OF_COMMIT = 8
/** The part of the free room that the log may take before it is written back. */
const LOG_SHARE = 1 / 4
/** The part of the free room that the database may grow by. The log needs as much, and some for pages that change. */
const GROWTH_SHARE = 3 / 8
/** The part of the free room that the reserve may take, so that it never fills a small disk. */
const RESERVE_SHARE = 1 / 8
/** As long as it is given up: then much of what is free was its own. */
const SPENT_RESERVE_SHARE = 1 / 2
/** How large the reserve is at first. It grows with what is in the log alone, for which the database may have to grow. */
const FIRST_RESERVE_BYTES = 256 * 1_024
/** A smaller one would not hold one removal. */
const LEAST_RESERVE_BYTES = 32 * 1_024
/** What a file system takes for itself when the database grows, and what stays of the reserve. */
const SLACK_BYTES = 16 * 1_024
/** So much of the reserve is never used for growth, so that what has no history can always be removed. */
const LOG_RESERVE_BYTES = 64 * 1_024
/** With less room than that, each commit counts. */
export const SHORT_BYTES = 16 * 1_024 * 1_024
/** With less room, transactions are prepared for a full disk before they begin. */
const TIGHT_BYTES = 1_024 * 1_024

/** Where the room is. */
export interface RoomPlace {
  /** The connection that writes. */
  readonly connection: Connection
  /** The database file. */
  readonly path: string
  readonly reserve: Reserve
  /** How large the reserve may be; 0 for none. */
  readonly reserveBytes: number
}

/** The room for one database. Between `prepare` and `restore` stands one transaction. */
export class Room {
  readonly #place: RoomPlace
  readonly #pageBytes: number
  #isTight = false
  /** Whether there is so little room that each commit counts. */
  #isShort = false
  /** How many frames may wait to be written back. */
  #mostFrames = MOST_FRAMES
  #uncountedPages = 0
  #wantedReserve = FIRST_RESERVE_BYTES
  /** The size of the reserve before it was changed, and the growth that is then allowed. */
  #kept = 0
  #growth: Readonly<Record<Effect, number>> = { stores: 0, removes: 0 }

  /** Looks at the disk, and fills the reserve. */
  constructor(place: RoomPlace) {
    this.#place = place
    this.#pageBytes = Number(place.connection.get('PRAGMA page_size', [])?.[0])
    this.#look()
  }

  /** Whether the disk was nearly full when it was last looked at. */
  get isTight(): boolean {
    return this.#isTight
  }

  /** Says that a commit wrote about so many pages. Writes the log back when that is due. It never fails. */
  committed(pages: number): void {
    this.#uncountedPages += pages + PAGES_OF_COMMIT
    if (this.#uncountedPages < UNCOUNTED_PAGES && !this.#isShort) return
    this.#uncountedPages = 0
    const frames = framesBehind(this.#place.connection)
    if (frames < this.#mostFrames) this.#growReserve(frames * this.#pageBytes)
    else this.#writeBack()
  }

  /** Makes what room there can be. To be followed by `restore`, whatever becomes of the transaction. */
  prepare(effect: Effect): void {
    this.#writeAllBack()
    const { path, reserve } = this.#place
    const there = reserve.bytes()
    this.#kept = Math.max(this.#kept, there)
    const free = (freeBytes(path) ?? Number.POSITIVE_INFINITY) + there - this.#kept
    const stores = Math.max(0, free * GROWTH_SHARE)
    this.#growth = { stores, removes: Math.max(stores, (this.#kept - LOG_RESERVE_BYTES) / 2) }
    this.allow(effect)
  }

  /** Sets how far the next write of the transaction may let the database grow. */
  allow(effect: Effect): void {
    this.#allowGrowth(this.#growth[effect])
  }

  /** Says that a transaction has met a full disk, so that the next is prepared for it. */
  noteFull(): void {
    this.#isTight = true
  }

  /**
   * Gives the log all the room that writing it back will not need, for a transaction that is about to commit.
   * To be followed by `restore`.
   */
  makeRoomForLog(): void {
    const { connection, path, reserve, reserveBytes } = this.#place
    const free = freeBytes(path)
    if (free === undefined || free >= SHORT_BYTES || reserveBytes === 0) return
    this.#kept = Math.max(this.#kept, reserve.bytes())
    const pages = Number(connection.get('PRAGMA page_count', [])?.[0])
    const growth = pages * this.#pageBytes - fileBytes(path)
    reserve.resize(growth > 0 ? growth + SLACK_BYTES : 0)
  }

  /** As `makeRoomForLog`, if the disk is nearly full; answers whether it is. */
  makeRoomIfTight(): boolean {
    const free = freeBytes(this.#place.path)
    if (free === undefined || free >= TIGHT_BYTES) return false
    this.makeRoomForLog()
    return true
  }

  /** Takes back what was given up. It never fails. */
  restore(): void {
    this.#writeAllBack()
    this.#refill()
  }

  /** Lets the reserve grow ahead of what is in the log alone. */
  #growReserve(bytes: number): void {
    if (bytes <= this.#wantedReserve || this.#wantedReserve >= this.#place.reserveBytes) return
    this.#wantedReserve = Math.min(this.#place.reserveBytes, bytes * 2)
    this.#look()
  }

  #writeBack(): void {
    const mode = this.#isShort ? 'TRUNCATE' : 'PASSIVE'
    if (checkpoint(this.#place.connection, mode) === 'full') this.#writeAllBack()
    this.#refill()
  }

  /** Writes the log back, if need be into the room of the reserve, and cuts it off. */
  #writeAllBack(): void {
    const { connection, reserve } = this.#place
    if (checkpoint(connection, 'TRUNCATE') !== 'full') return
    this.#kept = Math.max(this.#kept, reserve.bytes())
    reserve.resize(0)
    checkpoint(connection, 'TRUNCATE')
  }

  #refill(): void {
    if (this.#kept > 0) this.#place.reserve.resize(this.#kept)
    this.#kept = 0
    this.#look()
  }

  #look(): void {
    const { path, reserve } = this.#place
    const free = freeBytes(path)
    if (free === undefined) return
    this.#isShort = free < SHORT_BYTES
    this.#isTight = free < TIGHT_BYTES
    const reserved = this.#fill(free, reserve.bytes())
    // Without a reserve, as somebody may want it, what is left of the room has to do.
    const covered = this.#isShort && reserved > 0 ? Math.max(0, reserved - SLACK_BYTES) : free
    const growth = Math.min(free * GROWTH_SHARE, covered)
    this.#allowGrowth(growth)
    const frames = this.#isShort ? Math.min(free * LOG_SHARE, growth) / this.#pageBytes : MOST_FRAMES
    this.#mostFrames = Math.max(1, Math.floor(frames))
  }

  /** Lets the reserve have its share of the room; answers how large it is then. */
  #fill(free: number, there: number): number {
    const { reserve, reserveBytes } = this.#place
    const isSpent = there > 0 && there < LEAST_RESERVE_BYTES
    const share = Math.floor(free * (isSpent ? SPENT_RESERVE_SHARE : RESERVE_SHARE))
    const wanted = Math.min(this.#wantedReserve, reserveBytes, share)
    if (wanted < LEAST_RESERVE_BYTES || wanted <= there) return there
    reserve.resize(wanted)
    return reserve.bytes()
  }

  #allowGrowth(bytes: number): void {
    const { connection, path } = this.#place
    const pages = Math.floor((fileBytes(path) + bytes) / this.#pageBytes)
    try {
      connection.execute(`PRAGMA max_page_count = ${Math.min(MOST_PAGES, Math.max(1, pages))}`)
    } catch {
      // What is wrong with the database is met by the next who reads it.
    }
  }
}
