/**
 * Appends commits to a log. A piece that could not be written is taken back; a sync that failed, or a piece that
 * could not be taken back, is final, for then nobody knows what the disk holds.
 */

import type { DirectoryLock } from './directory-lock.ts'
import { fileError } from './error-code.ts'
import type { OpenFile } from './file-system.ts'
import { LineBuffer } from './line-buffer.ts'
import { commitJson, nextJson, syncedJson } from './record.ts'
import { SyncPace } from './sync-pace.ts'

/** So many bytes are gathered before they are written. */
const PIECE_BYTES = 4 * 1_024 * 1_024

/** Where a log stands. */
export interface LogPosition {
  readonly number: number
  /** Its valid length in bytes. */
  readonly end: number
  /** Its last commit, or the last one before it. */
  readonly commit: number
  /** The last commit that is known to be durable. */
  readonly synced: number
}

/** The end of a writer. Whatever was not acknowledged may be there or not. */
export class FinalFailure extends Error {
  override readonly name = 'FinalFailure'
}

export class LogWriter {
  readonly #file: OpenFile
  readonly #lock: DirectoryLock
  readonly #pace = new SyncPace()
  readonly #lines = new LineBuffer()
  /** Whether `append` makes durable what it writes. */
  readonly syncs: boolean
  readonly number: number
  #end: number
  #commit: number
  #synced: number
  /** How much of its length is durable. */
  #durableEnd: number
  /** The last commit that a line of the log, other than the commit itself, says to be durable. */
  #sealed: number

  constructor(file: OpenFile, lock: DirectoryLock, position: LogPosition, syncs: boolean) {
    this.#file = file
    this.#lock = lock
    this.syncs = syncs
    this.number = position.number
    this.#end = position.end
    this.#durableEnd = position.end
    this.#commit = position.commit
    this.#synced = position.synced
    this.#sealed = position.synced
  }

  get position(): LogPosition {
    return { number: this.number, end: this.#end, commit: this.#commit, synced: this.#synced }
  }

  /** Whether the log does not say yet that all of it is durable. */
  get isUnsealed(): boolean {
    return this.#sealed < this.#commit
  }

  /**
   * Appends commits in their order. When it throws, none of them is in the log.
   *
   * @param bodies as `changesBody` and its like make them
   * @throws FinalFailure when that can't be known, and StoreError `LOCK_LOST` when the directory has another
   *   writer
   */
  async append(bodies: readonly string[]): Promise<void> {
    this.#lock.assertHeld()
    let commit = this.#commit
    let end = this.#end
    let synced = this.#synced > this.#sealed ? this.#synced : undefined
    try {
      for (const body of bodies) {
        this.#lines.add(commitJson(body, ++commit, synced))
        synced = undefined
        if (this.#lines.length >= PIECE_BYTES) end += this.#writeLines(end)
      }
      end += this.#writeLines(end)
    } catch (error) {
      await this.#takeBack(error)
      throw error
    }
    if (this.syncs) await this.#syncFile(bodies.length === 1)
    this.#assertStillHeld()
    this.#end = end
    this.#commit = commit
    this.#sealed = this.#synced
    if (!this.syncs) return
    this.#synced = commit
    this.#durableEnd = end
  }

  /** Makes durable all that was appended. */
  async sync(): Promise<void> {
    if (this.#durableEnd === this.#end) return
    await this.#syncFile(false)
    this.#synced = this.#commit
    this.#durableEnd = this.#end
  }

  /** Says in the log how far it is durable, so that damage can be told from what a power cut leaves. */
  async seal(): Promise<void> {
    if (this.#synced === this.#sealed) return
    await this.#appendLine(syncedJson(this.#synced))
    this.#sealed = this.#synced
  }

  /** Says in the log which one it is continued in. */
  async end(next: number): Promise<void> {
    await this.#appendLine(nextJson(next))
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  async #appendLine(json: string): Promise<void> {
    this.#lock.assertHeld()
    try {
      this.#lines.add(json)
      this.#end += this.#writeLines(this.#end)
    } catch (error) {
      await this.#takeBack(error)
      throw error
    }
  }

  /** Writes the lines that were gathered. @returns how many bytes they have */
  #writeLines(position: number): number {
    const { bytes, length } = this.#lines
    try {
      let written = this.#file.writeSync(bytes, position)
      while (written < length) written += this.#file.writeSync(bytes.subarray(written), position + written)
    } finally {
      this.#lines.clear()
    }
    return length
  }

  /** The sync keeps a power cut from bringing back what was refused. */
  async #takeBack(cause: unknown): Promise<void> {
    try {
      await this.#file.truncate(this.#end)
      await this.#file.sync()
    } catch {
      throw new FinalFailure('a write to the log failed and could not be taken back', { cause })
    }
  }

  /** @param isAlone whether nobody else could work meanwhile, as far as is known here */
  async #syncFile(isAlone: boolean): Promise<void> {
    const startedAt = performance.now()
    try {
      if (isAlone && this.#pace.isFast && this.#file.syncBlocking !== undefined) this.#file.syncBlocking()
      else await this.#file.sync()
    } catch (cause) {
      throw new FinalFailure('the log could not be synced', { cause })
    }
    this.#pace.note(performance.now() - startedAt)
  }

  /** Whoever took the lock before this moment may not have read what was written. */
  #assertStillHeld(): void {
    try {
      this.#lock.assertHeld()
    } catch (cause) {
      throw new FinalFailure('the lock of the directory was lost during a write', { cause })
    }
  }
}

/** What the callers of a write are told whose outcome nobody knows. */
export function outcomeUnknown(cause: FinalFailure): Error {
  return fileError('OUTCOME_UNKNOWN', `${cause.message}: look before you repeat it`, cause.cause)
}
