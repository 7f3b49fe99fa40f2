/**
 * Blocks of the disk that are kept for hard times: when it is full, they are given up, so that removals can still
 * be written to the log, and then the log be compacted, which takes as much room as what is still there. They
 * hold random bytes, so that no file system stores them in less.
 */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { RESERVE } from './directory-names.ts'
import { errorCode } from './error-code.ts'
import type { FileSystem, OpenFile } from './file-system.ts'

/** Room for some hundred removals. */
const LEAST_BYTES = 64 * 1_024
/** Beyond that, a store that fills its disk needs help from outside before it can be compacted. */
const MOST_BYTES = 16 * 1_024 * 1_024

/** It grows to so many times what is there, so that it need not grow with every record. */
const ADVANCE = 1.25

/** How long a disk that had no room is left alone. */
const RETRY_AFTER_MS = 1_000

const PIECE_BYTES = 16 * 1_024

export class Reserve {
  readonly #fileSystem: FileSystem
  readonly #path: string
  #bytes = 0
  #isShort = false
  #filling: Promise<void> | undefined
  /** When to try again what has failed, in milliseconds of `performance.now()`. */
  #notBefore = 0

  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem
    this.#path = join(directory, RESERVE)
  }

  /** Whether it was given up, or can't grow with what is there: the disk is full, and only removals may be written. */
  get isShort(): boolean {
    return this.#isShort
  }

  /**
   * Whether there is room for more records, so that after them removals and a compaction are still possible: the
   * reserve is no less than what is there. It grows, or is made anew, where it has to and can.
   *
   * @param liveBytes what will be there
   */
  allows(liveBytes: number): boolean | Promise<boolean> {
    if (!this.#isShort && isEnough(this.#bytes, wantedFor(liveBytes))) return true
    if (performance.now() < this.#notBefore) return !this.#isShort
    return this.fill(liveBytes).then(() => !this.#isShort)
  }

  /**
   * Makes it, or lets it grow, as far as the disk has room. It never fails: on a full disk it takes what is left,
   * before somebody else does, and is short.
   */
  fill(liveBytes: number): Promise<void> {
    this.#filling ??= this.#fill(wantedFor(liveBytes)).finally(() => {
      this.#filling = undefined
    })
    return this.#filling
  }

  async #fill(wanted: number): Promise<void> {
    let isFull = false
    try {
      const size = (await this.#fileSystem.status(this.#path))?.size
      this.#bytes = size ?? 0
      if (this.#bytes < wanted) {
        const file = await this.#fileSystem.open(this.#path, size === undefined ? 'create' : 'write')
        try {
          await this.#grow(file, wanted)
        } finally {
          await file.close()
        }
      }
    } catch (error) {
      this.#notBefore = performance.now() + RETRY_AFTER_MS
      isFull = errorCode(error) === 'NO_SPACE'
    }
    // Whatever else went wrong, the disk is not full: writes go on without a reserve.
    if (isEnough(this.#bytes, wanted)) this.#isShort = false
    else if (isFull) this.#isShort = true
  }

  async #grow(file: OpenFile, wanted: number): Promise<void> {
    let position = this.#bytes
    try {
      while (position < wanted) {
        const piece = randomBytes(Math.min(PIECE_BYTES, wanted - position))
        position += await file.write(piece, position)
      }
    } finally {
      // Blocks that are only promised are not there when they are needed.
      await file.sync()
      this.#bytes = position
    }
  }

  /** Gives the blocks back to the file system. @returns whether there were any */
  async release(): Promise<boolean> {
    await this.#filling
    try {
      if (((await this.#fileSystem.status(this.#path))?.size ?? 0) === 0) return false
      const file = await this.#fileSystem.open(this.#path, 'write')
      try {
        await file.truncate(0)
      } finally {
        await file.close()
      }
      this.#bytes = 0
      this.#isShort = true
      return true
    } catch {
      return false
    }
  }
}

function isEnough(bytes: number, wanted: number): boolean {
  return bytes * ADVANCE >= wanted
}

function wantedFor(liveBytes: number): number {
  return Math.min(MOST_BYTES, Math.max(LEAST_BYTES, Math.ceil(liveBytes * ADVANCE)))
}
