/** An open directory at work: what happens to a commit, when the log is sealed and compacted, how it is closed. */

import type { Engine, Fork, RowChange, View } from '@coffer/memory/engine'
import { netChanges } from '@coffer/memory/engine'
import { Committer } from './committer.ts'
import { Compactor } from './compactor.ts'
import type { FileSystem } from './file-system.ts'
import type { WriterState } from './inspection.ts'
import { LiveBytes } from './live-bytes.ts'
import type { LockNote } from './lock-name.ts'
import { FinalFailure, outcomeUnknown } from './log-writer.ts'
import type { Opened } from './opening.ts'
import { changesBody } from './record.ts'
import type { Reserve } from './reserve.ts'
import { Sealer } from './sealer.ts'
import type { LogEnd } from './structure-check.ts'

export interface WriterOptions {
  readonly durability: 'power' | 'process' | 'none'
  readonly compaction: { readonly minBytes: number; readonly deadShare: number }
}

/** A directory that is written to. */
export class Writer {
  readonly engine: Engine
  readonly #opened: Opened
  readonly #committer: Committer
  readonly #compactor: Compactor
  readonly #sealer: Sealer
  readonly #live = new LiveBytes()
  readonly #reserve: Reserve

  constructor(fileSystem: FileSystem, opened: Opened, { durability, compaction }: WriterOptions) {
    const { directory, lock, before, reserve } = opened
    this.#opened = opened
    this.engine = opened.engine
    this.#reserve = reserve
    const live = this.#live
    const syncs = durability !== 'none'
    this.#compactor = new Compactor({
      fileSystem,
      directory,
      lock,
      live,
      reserve,
      syncs,
      before,
      ...compaction,
    })
    this.#committer = new Committer({
      engine: opened.engine,
      log: opened.log,
      space: { allows: (bytes) => reserve.allows(live.bytes + bytes), makeRoom: () => this.#makeRoom() },
      onFlushed: () => this.#onFlushed(),
    })
    this.#sealer = new Sealer(this.#committer, durability)
    live.count(this.#committer.durable)
  }

  /** The state that is durable. */
  get durable(): View {
    return this.#committer.durable
  }

  /** Gets ready for the first commit. */
  async start(): Promise<void> {
    await this.#reserve.fill(this.#live.bytes)
    this.#compactor.consider(this.#committer)
  }

  /**
   * Publishes what a fork changed and makes it durable, as one atomic commit for each list of changes. Without
   * changes, it waits until all that the fork has seen is durable.
   */
  async commit(fork: Fork, groups: readonly (readonly RowChange[])[]): Promise<void> {
    this.#committer.assertSound()
    const changes = groups.length === 1 ? (groups[0] ?? []) : groups.flat()
    const bodies = groups.map(changesBody)
    this.engine.publish(fork)
    await this.#committer.add({ bodies, changes })
    this.#live.change(changes)
  }

  /** Makes a change of the engine durable that is none of rows, and has been made already. */
  async commitBody(body: string): Promise<void> {
    await this.#committer.add({ bodies: [body], changes: [] })
  }

  /** Waits until all that is on its way is durable. */
  async settle(): Promise<void> {
    await this.#committer.add({ bodies: [], changes: [] })
  }

  /**
   * Replaces everything by another state, all at once.
   *
   * @param check called when no commit is under way any more; what it throws keeps everything as it is
   */
  async replace(state: View, check: () => void): Promise<void> {
    try {
      await this.#compactor.replace(this.#committer, state, check)
    } catch (error) {
      throw error instanceof FinalFailure ? outcomeUnknown(error) : error
    }
    await this.#reserve.fill(this.#live.bytes)
  }

  /** Where the present log ends. */
  get logEnd(): LogEnd {
    const { number, end } = this.#committer.position
    return { number, end }
  }

  /** For the person who operates the store. */
  get state(): WriterState {
    return {
      commit: this.#committer.position.commit,
      liveBytes: this.#live.bytes,
      isShort: this.#reserve.isShort,
      isLockHeld: this.#isLockHeld(),
    }
  }

  #isLockHeld(): boolean {
    try {
      this.#opened.lock.assertHeld()
      return true
    } catch {
      return false
    }
  }

  assertSound(): void {
    this.#committer.assertSound()
  }

  /** Closes the directory; in order, unless there was a final failure. */
  async close(): Promise<void> {
    await this.#compactor.stop()
    // What was given up is kept for the next writer, as far as it is still there.
    if (this.#reserve.isShort) await this.#reserve.fill(this.#live.bytes)
    let note: LockNote | undefined
    try {
      await this.#sealer.close()
      const { number, end, commit } = this.#committer.position
      note = { log: number, end, commit }
    } catch {
      // Whoever opens it next finds the log as after a crash, and makes it whole.
    }
    try {
      await this.#committer.close()
    } finally {
      await this.#release(note)
    }
  }

  /** A lock that is not given back keeps this process out until it ends: worth a second attempt. */
  async #release(note: LockNote | undefined): Promise<void> {
    const options = { inOrder: note !== undefined, note }
    await this.#opened.lock.release(options).catch(() => this.#opened.lock.release(options))
  }

  #onFlushed(): void {
    this.#sealer.arm()
    this.#compactor.consider(this.#committer)
  }

  async #makeRoom(): Promise<void> {
    if (!(await this.#compactor.yieldRoom())) await this.#reserve.release()
  }
}

/** What one group of operations did to rows, each row once. */
export function changesSince(fork: Fork, mark: number): readonly RowChange[] {
  const changes = fork.changes.slice(mark)
  return changes.length < 2 ? changes : netChanges(changes)
}
