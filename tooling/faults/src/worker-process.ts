/** Processes that do one job each, and may be killed at it: started beforehand, so that nobody waits for Node. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { errorText } from './error-text.ts'

/** What became of a job. */
export type Ending<R> =
  | { readonly outcome: 'done'; readonly result: R }
  | { readonly outcome: 'failed'; readonly error: string }
  | { readonly outcome: 'killed' }

/** The longest that a process may take for its job. */
const PATIENCE_MS = 300_000

let compiled: string | undefined

/** What the processes have compiled, so that the next starts sooner. It goes with this process. */
function compiledFolder(): string {
  if (compiled !== undefined) return compiled
  const folder = mkdtempSync(join(tmpdir(), 'coffer-faults-compiled-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  compiled = folder
  return folder
}

const READY = 'ready'
const STOP = 'stop'

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
      env: { ...process.env, NODE_COMPILE_CACHE: compiledFolder() },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
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
    if (this.#child.connected) this.#child.send(STOP)
  }

  /** Kills it after so long, unless it is done before. Resolves when it is dead. */
  async killAfter(ms: number): Promise<Ending<R>> {
    const stop = new AbortController()
    await Promise.race([pause(ms, undefined, stop).catch(() => undefined), this.#closed])
    stop.abort()
    this.#child.kill('SIGKILL')
    await this.#closed
    return this.#ending ?? this.#silent()
  }

  /** Waits for what it answers. */
  async ending(): Promise<Ending<R>> {
    const ending = await this.killAfter(PATIENCE_MS)
    return ending.outcome === 'killed' ? { outcome: 'failed', error: 'it took too long' } : ending
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

/** What a worker process is made of: does the job that comes, answers, and ends. */
export async function serve<J, R>(
  work: (job: J, surroundings: { readonly stopped: Promise<void>; readonly note: () => void }) => Promise<R>,
): Promise<void> {
  for (const name of process.argv.slice(2)) await import(name)
  const stopping = Promise.withResolvers<void>()
  process.on('message', async (message: J | typeof STOP) => {
    if (message === STOP) return stopping.resolve()
    let ending: Ending<R>
    try {
      const result = await work(message, { stopped: stopping.promise, note: () => process.send?.(NOTE) })
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
