/** Processes that do one job each, and may be killed at it: started beforehand, so that nobody waits for Node. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { flushCompileCache } from 'node:module'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { compiledFolder } from './compiled-folder.ts'
import { errorText } from './error-text.ts'

/** What became of a job. */
export type Ending<R> =
  | { readonly outcome: 'done'; readonly result: R }
  | { readonly outcome: 'failed'; readonly error: string }
  | { readonly outcome: 'killed' }

/** The longest that a process may take for its job. */
const PATIENCE_MS = 300_000

const READY = 'ready'
const STOP = 'stop'
const HOLD = 'hold'
const GO_ON = 'go on'

export class WorkerProcess<J extends object, R> {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  readonly #noted = Promise.withResolvers<void>()
  #ending: Ending<R> | undefined
  #complaint = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#closed = once(child, 'close')
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint += String(chunk)
    })
  }

  /** Starts a process of a file beside this one. Resolves when it has loaded what it needs. */
  static async start<J extends object, R>(file: string, packageNames: readonly string[]) {
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), packageNames, {
      env: { ...process.env, NODE_COMPILE_CACHE: compiledFolder },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // A group of its own, so that the programs that it starts can be killed with it.
      detached: true,
    })
    const worker = new WorkerProcess<J, R>(child)
    await Promise.race([once(child, 'message'), worker.#closed])
    if (worker.#hasEnded) throw new Error(`a process did not start: ${worker.#complaint}`)
    child.on('message', (message: typeof NOTE | Ending<R>) => {
      if (message === NOTE) worker.#noted.resolve()
      else worker.#ending = message
    })
    return worker
  }

  /** Gives it its job. */
  begin(job: J): void {
    this.#child.send(job)
  }

  /** Resolves when it has told that it is where it was to get to, or has ended. */
  async noted(): Promise<void> {
    await Promise.race([this.#noted.promise, this.#closed])
  }

  /** Tells it that its job is over; it then answers. */
  stop(): void {
    this.#tell(STOP)
  }

  /** Tells it to rest as soon as it can. */
  hold(): void {
    this.#tell(HOLD)
  }

  goOn(): void {
    this.#tell(GO_ON)
  }

  /** Kills it after so long, at once after none, unless it is done before. Resolves when it is dead. */
  async killAfter(ms: number): Promise<Ending<R>> {
    if (ms > 0) await this.#closedWithin(ms)
    this.#killAll()
    await this.#closed
    return this.#ending ?? this.#silent()
  }

  /** Waits for what it answers. */
  async ending(): Promise<Ending<R>> {
    const ending = await this.killAfter(PATIENCE_MS)
    return ending.outcome === 'killed' ? { outcome: 'failed', error: 'it took too long' } : ending
  }

  #tell(word: string): void {
    if (this.#child.connected) this.#child.send(word)
  }

  /** With the programs that it has started. */
  #killAll(): void {
    const { pid } = this.#child
    if (pid === undefined || this.#hasEnded) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch (error) {
      // It has ended by itself in this moment.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }

  async #closedWithin(ms: number): Promise<void> {
    const stop = new AbortController()
    await Promise.race([pause(ms, undefined, stop).catch(() => undefined), this.#closed])
    stop.abort()
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  #silent(): Ending<R> {
    if (this.#child.signalCode === 'SIGKILL') return { outcome: 'killed' }
    return { outcome: 'failed', error: `the process ended by itself: ${this.#complaint}` }
  }
}

const NOTE = 'note'

/** What a worker process knows of the one that has started it. */
export interface Surroundings {
  /** Resolves when it is told that its job is over. */
  readonly stopped: Promise<void>
  /** Resolves when it need not rest, mostly at once. */
  readonly rested: () => Promise<void>
  readonly note: () => void
}

/** What a worker process is made of: does the job that comes, answers, and ends. */
export async function serve<J, R>(work: (job: J, surroundings: Surroundings) => Promise<R>): Promise<void> {
  for (const name of process.argv.slice(2)) await import(name)
  const stopping = Promise.withResolvers<void>()
  let gate = Promise.resolve()
  let goOn = () => {}
  const surroundings: Surroundings = {
    stopped: stopping.promise,
    rested: () => gate,
    note: () => process.send?.(NOTE),
  }
  process.on('message', async (message: J | typeof STOP | typeof HOLD | typeof GO_ON) => {
    if (message === STOP) return stopping.resolve()
    if (message === GO_ON) return goOn()
    if (message === HOLD) {
      const holding = Promise.withResolvers<void>()
      gate = holding.promise
      goOn = holding.resolve
      return
    }
    let ending: Ending<R>
    try {
      const result = await work(message, surroundings)
      ending = { outcome: 'done', result }
    } catch (error) {
      ending = { outcome: 'failed', error: errorText(error) }
    }
    process.send?.(ending, () => process.exit())
  })
  // The parent is gone.
  process.on('disconnect', () => process.exit())
  flushCompileCache()
  process.send?.(READY)
}

/** Tells that it is where it was to get to, and goes on never: only the kill ends it. */
export function standStill(note: () => void): Promise<never> {
  note()
  return new Promise(() => undefined)
}

/** Where such processes come from: one is always being started beforehand. */
export interface Workers<J extends object, R> extends AsyncDisposable {
  next(): Promise<WorkerProcess<J, R>>
}

export function workersOf<J extends object, R>(file: string, packageNames: readonly string[]): Workers<J, R> {
  const start = () => {
    const starting = WorkerProcess.start<J, R>(file, packageNames)
    // Whoever asks for it is told.
    starting.catch(() => undefined)
    return starting
  }
  let coming = start()
  return {
    next() {
      const next = coming
      coming = start()
      return next
    },
    async [Symbol.asyncDispose]() {
      await (await coming).killAfter(0)
    },
  }
}
