/**
 * Compaction: begins a new log, writes a snapshot of what stood at its beginning, and removes the logs before it.
 * Nobody waits but for the moment in which the log is changed.
 */

import { join } from 'node:path'
import type { View } from '@coffer/memory/engine'
import type { Committer } from './committer.ts'
import type { DirectoryLock } from './directory-lock.ts'
import { logName, snapshotName, sortNames } from './directory-names.ts'
import { errorCode } from './error-code.ts'
import { giveName, unfinishedName } from './file-naming.ts'
import type { FileSystem } from './file-system.ts'
import type { LiveBytes } from './live-bytes.ts'
import { LogWriter } from './log-writer.ts'
import { createLog } from './new-log.ts'
import { replaceState } from './replacement.ts'
import type { Reserve } from './reserve.ts'
import { writeSnapshot } from './snapshot.ts'

/** Logs are joined when there are so many, however small: each costs a moment when the directory is opened. */
const MAX_LOGS = 16

/** How long to leave it after a failure, in milliseconds. */
const RETRY_AFTER_MS = 10_000

/** On a full disk: the least share that must be dead, and how much less must be there after an attempt in vain. */
const FULL = { deadShare: 0.1, nextAttempt: 0.8 } as const

export interface CompactorOptions {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly lock: DirectoryLock
  readonly live: LiveBytes
  readonly reserve: Reserve
  readonly syncs: boolean
  readonly minBytes: number
  readonly deadShare: number
  /** What the directory held when it was opened: logs before the present one, and a snapshot. */
  readonly before: { readonly logs: number; readonly bytes: number }
}

export class Compactor {
  readonly #options: CompactorOptions
  /** Logs before the present one, and the bytes of them and of the snapshot. */
  #before: { logs: number; bytes: number }
  #running: Promise<void> | undefined
  /** Whether a snapshot is being written, and takes up room. */
  #isWriting = false
  #isYielding = false
  #isStopped = false
  #notBefore = 0
  /** How long a snapshot would have been that the disk had no room for. */
  #tooLong = Number.POSITIVE_INFINITY

  constructor(options: CompactorOptions) {
    this.#options = options
    this.#before = options.before
  }

  /** Starts in the background, if it is worth it. */
  consider(committer: Committer): void {
    if (this.#running !== undefined || this.#isStopped || !committer.isSound) return
    if (performance.now() < this.#notBefore || !this.#isWorthIt(committer.position.end)) return
    this.#running = this.#compact(committer)
      .catch(async (error) => {
        const { live, reserve } = this.#options
        if (errorCode(error) === 'NO_SPACE') this.#tooLong = live.bytes
        else this.#notBefore = performance.now() + RETRY_AFTER_MS
        if (reserve.isShort) await reserve.fill(live.bytes)
      })
      .finally(() => {
        this.#running = undefined
      })
  }

  /**
   * Gives up a snapshot that is being written, for the room that it takes, and waits until it is gone.
   *
   * @returns whether there was one
   */
  async yieldRoom(): Promise<boolean> {
    if (!this.#isWriting) return false
    this.#isYielding = true
    this.#tooLong = this.#options.live.bytes
    await this.#running
    this.#isYielding = false
    return true
  }

  /**
   * Replaces everything by another state. A snapshot that is being written is given up.
   *
   * @param check called when no commit is under way any more; what it throws keeps everything as it is
   * @throws FinalFailure when it may have happened or not
   */
  async replace(committer: Committer, state: View, check: () => void): Promise<void> {
    while (this.#running !== undefined) {
      this.#isYielding = true
      await this.#running
    }
    this.#isYielding = false
    const work = committer.exclusive(async (log) => {
      check()
      await this.#startOver(committer, log, state)
    })
    this.#running = work
      .then(() => removeBefore(this.#options.fileSystem, this.#options.directory, committer.position.number))
      .catch(() => undefined)
      .finally(() => {
        this.#running = undefined
      })
    await this.#running
    await work
  }

  async #startOver(committer: Committer, old: LogWriter, state: View): Promise<void> {
    const { live } = this.#options
    const { log, bytes } = await replaceState(this.#options, old, state)
    committer.startOver(log, state)
    this.#before = { logs: 0, bytes }
    this.#tooLong = Number.POSITIVE_INFINITY
    live.count(state)
    live.learn(bytes, live.estimate)
    await old.close().catch(() => undefined)
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
  }

  #isWorthIt(logEnd: number): boolean {
    const { live, reserve, minBytes, deadShare } = this.#options
    const bytes = this.#before.bytes + logEnd
    const dead = bytes - live.bytes
    if (live.bytes > this.#tooLong * FULL.nextAttempt) return false
    if (reserve.isShort) return dead > bytes * FULL.deadShare
    return this.#before.logs >= MAX_LOGS || (bytes >= minBytes && dead > bytes * deadShare)
  }

  async #compact(committer: Committer): Promise<void> {
    const { live, fileSystem, directory, reserve } = this.#options
    const estimated = live.estimate
    const isShort = reserve.isShort
    const { log, view, commit } = await committer.exclusive((log) => this.#beginLog(committer, log))
    // What is left of the reserve is room for this.
    if (isShort) await reserve.release()
    const bytes = await this.#writeSnapshot(committer, view, log.number, commit)
    if (bytes === undefined) return
    this.#before = { logs: 0, bytes }
    live.learn(bytes, estimated)
    await removeBefore(fileSystem, directory, log.number)
    this.#tooLong = Number.POSITIVE_INFINITY
    if (isShort) await reserve.fill(live.bytes)
  }

  /** From the moment in which the new log has its name, the old one must not grow. */
  async #beginLog(committer: Committer, log: LogWriter) {
    const { fileSystem, directory, lock, syncs } = this.#options
    lock.assertHeld()
    // A line that nobody waited for may go with the power, and with it the length that the new log tells.
    if (syncs) await log.sync()
    const { number, end, commit, synced } = log.position
    const follows = { log: number, end, commit }
    const next = { number: number + 1, lock: lock.number, follows, tail: Buffer.alloc(0) }
    const created = await createLog(fileSystem, directory, next, syncs)
    const position = { number: number + 1, end: created.end, commit, synced: syncs ? commit : synced }
    const view = committer.durable
    const writer = new LogWriter(created.file, lock, position, log.syncs)
    committer.continueIn(writer)
    this.#before = { logs: this.#before.logs + 1, bytes: this.#before.bytes + end }
    // It only helps to notice that the new log is missing.
    await log.end(number + 1).catch(() => undefined)
    await log.close().catch(() => undefined)
    return { log: writer, view, commit }
  }

  async #writeSnapshot(committer: Committer, view: View, number: number, commit: number) {
    const { fileSystem, directory, lock, syncs } = this.#options
    const unfinished = join(directory, unfinishedName(snapshotName(number), lock.number))
    const file = await fileSystem.open(unfinished, 'create')
    let seen = committer.flushes
    const isBusy = () => {
      const before = seen
      seen = committer.flushes
      return seen !== before
    }
    this.#isWriting = true
    try {
      const isAborted = () => this.#isStopped || this.#isYielding
      const bytes = await writeSnapshot(file, view, { number, commit, isBusy, isAborted })
      if (bytes !== undefined && syncs) await file.sync()
      await file.close()
      if (bytes === undefined) await fileSystem.remove(unfinished)
      else await giveName(fileSystem, unfinished, join(directory, snapshotName(number)))
      if (bytes !== undefined && syncs) await fileSystem.syncDirectory(directory)
      return bytes
    } catch (error) {
      await file.close().catch(() => undefined)
      await fileSystem.remove(unfinished).catch(() => undefined)
      throw error
    } finally {
      this.#isWriting = false
    }
  }
}

/** Removes what a snapshot has taken the place of. Whatever is left is removed by the next one. */
export async function removeBefore(fileSystem: FileSystem, directory: string, number: number): Promise<void> {
  const { logs, snapshots } = sortNames(await fileSystem.list(directory))
  const old = [...logs.filter((each) => each < number).map(logName)]
  old.push(...snapshots.filter((each) => each < number).map(snapshotName))
  for (const name of old) await fileSystem.remove(join(directory, name))
}
