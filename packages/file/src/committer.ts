/**
 * Joins commits: all that wait go into the log in one piece, made durable at once. What is read is the state that
 * is durable; what is written builds on the newest state, which may still be on its way.
 */

import { type Change, HISTORY, type StoreError } from '@coffer/core/backend'
import type { Engine, RowChange, View } from '@coffer/memory/engine'
import { errorCode, fileError } from './error-code.ts'
import { FinalFailure, type LogPosition, type LogWriter, outcomeUnknown } from './log-writer.ts'

/** How often removals are tried on a full disk: what made room may have been too late, or been used by others. */
const MAX_ATTEMPTS = 4

const FULL = 'the disk is full; nothing was changed: remove records, or make room'

/** Commits that stand or fall together, in the order in which they were done on the engine. */
export interface Pending {
  readonly bodies: readonly string[]
  /** What they changed, if it was rows. */
  readonly changes: readonly RowChange[]
}

interface Waiting extends Pending {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** What can be done about a full disk. */
export interface Space {
  /** Whether so many more bytes leave enough room for removals; where not, removals alone may be written. */
  readonly allows: (bytes: number) => boolean | Promise<boolean>
  /** Makes room for removals, if there is a way. */
  readonly makeRoom: () => Promise<void>
}

export interface CommitterOptions {
  readonly engine: Engine
  readonly log: LogWriter
  readonly space: Space
  /** Called when commits have become durable, or have been given up. */
  readonly onFlushed: () => void
}

export class Committer {
  readonly #options: CommitterOptions
  #log: LogWriter
  #durable: View
  #waiting: Waiting[] = []
  readonly #tasks: (() => Promise<void>)[] = []
  #running = false
  #failure: StoreError | undefined
  #flushes = 0

  constructor(options: CommitterOptions) {
    this.#options = options
    this.#log = options.log
    this.#durable = options.engine.view()
  }

  /** The state that is durable. @throws StoreError `UNAVAILABLE` after a final failure */
  get durable(): View {
    this.assertSound()
    return this.#durable
  }

  /** Where the log stands. */
  get position(): LogPosition {
    return this.#log.position
  }

  /** How often something was written; tells whether anybody is at work. */
  get flushes(): number {
    return this.#flushes
  }

  /** @throws StoreError `UNAVAILABLE` or `LOCK_LOST` after a final failure */
  assertSound(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  get isSound(): boolean {
    return this.#failure === undefined
  }

  /**
   * Resolves when the commits, and all that were done before them, are durable. Without commits it waits for
   * those before.
   *
   * @throws what kept them from being written; the engine is then as if they had never been done
   */
  add(pending: Pending): Promise<void> | undefined {
    if (pending.bodies.length === 0 && !this.#running) return undefined
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...pending, resolve, reject })
      if (!this.#running) void this.#run()
    })
  }

  /** Runs work on the log while no commit is under way. */
  exclusive<T>(work: (log: LogWriter) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#tasks.push(async () => {
        try {
          this.assertSound()
          resolve(await work(this.#log))
        } catch (error) {
          this.#noteFinal(error)
          reject(error)
        }
      })
      if (!this.#running) void this.#run()
    })
  }

  /** Goes on in another log. To be called within `exclusive`. */
  continueIn(log: LogWriter): void {
    this.#log = log
  }

  /**
   * Goes on from another state, in another log. To be called within `exclusive`. Commits that wait were made on
   * the state before, and fail.
   */
  startOver(log: LogWriter, state: View): void {
    const behind = this.#waiting
    this.#waiting = []
    this.#log = log
    this.#options.engine.reset(state)
    this.#durable = state
    this.#flushes += 1
    for (const { reject } of behind) reject(fileError('CONFLICT', 'everything was replaced meanwhile'))
  }

  /** Closes the log. Nothing may be under way any more. */
  async close(): Promise<void> {
    await this.#log.close()
  }

  async #run(): Promise<void> {
    this.#running = true
    for (;;) {
      const task = this.#tasks.shift()
      if (task !== undefined) await task()
      else if (this.#waiting.length > 0) await this.#flush()
      else break
    }
    this.#running = false
    this.#options.onFlushed()
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting
    this.#waiting = []
    const view = this.#options.engine.view()
    try {
      this.assertSound()
      await this.#write(batch)
      this.#durable = view
      this.#flushes += 1
      for (const { resolve } of batch) resolve()
    } catch (error) {
      this.#giveUp(batch, error)
    }
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const bodies = batch.length === 1 ? (batch[0]?.bodies ?? []) : batch.flatMap((each) => each.bodies)
    if (bodies.length === 0) return
    const { space } = this.#options
    const onlyFrees = batch.every(frees)
    const allowed = onlyFrees || space.allows(lengthOf(bodies))
    if (allowed !== true && !(await allowed)) throw fileError('NO_SPACE', FULL)
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#log.append(bodies)
      } catch (error) {
        const isFull = errorCode(error) === 'NO_SPACE'
        if (!isFull || !onlyFrees || attempt === MAX_ATTEMPTS) throw error
        await space.makeRoom()
      }
    }
  }

  /**
   * Goes back to the durable state, as all that came later builds on what was not written. On a full disk, what
   * only frees space is done again, if nobody has touched its rows before it.
   */
  #giveUp(batch: readonly Waiting[], error: unknown): void {
    const { engine } = this.#options
    const behind = this.#waiting
    this.#waiting = []
    engine.reset(this.#durable)
    this.#noteFinal(error)
    const isFull = errorCode(error) === 'NO_SPACE' && !batch.every(frees)
    for (const each of batch) if (!(isFull && this.#doAgain(each))) each.reject(this.#reasonOf(error))
    const later = this.#failure ?? error
    for (const each of behind) if (!(isFull && this.#doAgain(each))) each.reject(later)
  }

  #doAgain(waiting: Waiting): boolean {
    const { engine } = this.#options
    const { changes } = waiting
    if (changes.length === 0 || !frees(waiting)) return false
    const isUntouched = changes.every(
      ({ layout, tenant, id, previous }) => engine.table(layout).get({ tenant, id }) === previous,
    )
    if (!isUntouched) return false
    engine.replay(changes)
    this.#waiting.push(waiting)
    return true
  }

  #reasonOf(error: unknown): unknown {
    return error instanceof FinalFailure ? outcomeUnknown(error) : error
  }

  #noteFinal(error: unknown): void {
    if (this.#failure !== undefined) return
    if (errorCode(error) === 'LOCK_LOST' && !(error instanceof FinalFailure)) {
      this.#failure = error as StoreError
    } else if (error instanceof FinalFailure) {
      const code = errorCode(error.cause) === 'LOCK_LOST' ? 'LOCK_LOST' : 'UNAVAILABLE'
      const advice = 'nothing more is read or written; close the store and open it again'
      this.#failure = fileError(code, `${error.message}: ${advice}`, error.cause)
    }
  }
}

function lengthOf(bodies: readonly string[]): number {
  return bodies.reduce((sum, body) => sum + body.length, 0)
}

/** Whether commits only remove rows, or mark them as removed: what must be possible on a full disk. */
function frees({ bodies, changes }: Pending): boolean {
  return changes.length === 0 ? bodies.length === 0 : changes.every(isRemoval)
}

/** History tells of a removal in a row of its own. */
function isRemoval({ previous, next }: RowChange): boolean {
  if (next === undefined) return true
  if (previous === undefined) return next.fields[HISTORY.change] === ('delete' satisfies Change)
  return next.deletedAt !== null
}
