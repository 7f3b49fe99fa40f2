/** Processes that are killed: started beforehand, told what to do, and listened to until the end. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { compiledFolder } from './compiled-folder.ts'
import { CLOSE, type Job, type LastWords, parseLines } from './kill-protocol.ts'

/** The longest that a process may take to be ready, or to open and have its first call acknowledged. */
const PATIENCE_MS = 60_000

/** From when on the time to the kill is counted. */
export type KillFrom = 'opening' | 'first acknowledgement'

/** Where processes come from. One is always being started beforehand, so that nobody waits for Node. */
export interface Nursery extends AsyncDisposable {
  next(): Promise<KillChild>
}

export function nursery(packageName: string): Nursery {
  let coming = KillChild.start(packageName)
  return {
    async next() {
      const child = await coming
      coming = KillChild.start(packageName)
      // Whoever asks for it is told.
      coming.catch(() => undefined)
      return child
    },
    async [Symbol.asyncDispose]() {
      await (await coming).end()
    },
  }
}

/** A process that has loaded all it needs, and waits for its job. */
export class KillChild {
  readonly #process: ChildProcess
  readonly #closed: Promise<unknown>
  readonly #firstWord = Promise.withResolvers<void>()
  readonly #said: Buffer[] = []
  #complaint = ''

  private constructor(child: ChildProcess) {
    this.#process = child
    this.#closed = once(child, 'close')
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#said.push(chunk)
      this.#firstWord.resolve()
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint += String(chunk)
    })
  }

  /** Starts a process. Resolves when it is ready. */
  static async start(packageName: string): Promise<KillChild> {
    const child = fork(fileURLToPath(new URL('./kill-worker.ts', import.meta.url)), [packageName], {
      env: { ...process.env, NODE_COMPILE_CACHE: compiledFolder },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const started = new KillChild(child)
    await started.#awaitOrEnd(once(child, 'message'))
    if (started.#hasEnded()) throw new Error(`the process to be killed did not start: ${started.#complaint}`)
    return started
  }

  /**
   * Lets it work until so long after the moment, lets the event happen where there is one, and kills it.
   * Resolves when it is dead and all that it said was read.
   */
  async workAndDie(
    job: Job,
    from: KillFrom,
    afterMs: number,
    event?: () => Promise<void>,
  ): Promise<LastWords> {
    const opening = once(this.#process, 'message')
    this.#process.send(job)
    await this.#awaitOrEnd(opening)
    if (from === 'first acknowledgement') await this.#awaitOrEnd(this.#firstWord.promise)
    await Promise.race([pause(afterMs), this.#closed])
    await event?.()
    const endedByItself = this.#hasEnded()
    await this.end()
    const words = parseLines(Buffer.concat(this.#said).toString())
    if (!endedByItself || words.complaints.length > 0) return words
    return { ...words, complaints: [`the process ended by itself: ${this.#complaint}`] }
  }

  /** Lets it begin to close its store, while it works. */
  close(): void {
    this.#process.send(CLOSE)
  }

  /** Kills it, and waits until it is dead. */
  async end(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#closed
  }

  #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  async #awaitOrEnd(event: Promise<unknown>): Promise<void> {
    const stop = new AbortController()
    const late = pause(PATIENCE_MS, 'late', stop).catch(() => undefined)
    const first = await Promise.race([event.then(() => 'event'), this.#closed.then(() => 'end'), late])
    stop.abort()
    if (first !== 'late') return
    await this.end()
    throw new Error(`a process did not get on within ${PATIENCE_MS / 1_000} s: ${this.#complaint}`)
  }
}
