/** One connection, for as long as it is checked out of its pool. */

import type { Socket } from 'node:net'
import { isStoreError, StoreError } from '@coffer/core/backend'
import type { Parameter, RawRow } from '@coffer/sql'
import type { PoolClient, QueryConfig } from 'pg'
import { requestCancel } from './cancel-request.ts'
import { errorCode, isFatal, sqlState } from './error-code.ts'
import { failureOf } from './failure.ts'

/** A statement to be sent. Without parameters it is not prepared. */
export interface Command {
  readonly text: string
  /**
   * A function is asked when the statement is sent: of several large statements the server then works on the
   * first while the next is made.
   */
  readonly parameters?: readonly Parameter[] | (() => readonly Parameter[])
  /** True where the best plan depends on the parameters, so that none is kept. */
  readonly isPlannedAnew?: boolean
}

/** What the server answered to one statement. */
export interface Answer {
  /** The tag: `SELECT`, `INSERT`, `COMMIT`, and `ROLLBACK` for the commit of a failed transaction. */
  readonly tag: string
  readonly rows: readonly RawRow[]
}

/** How a session sends statements. */
export interface SessionSettings {
  /** The name under which a statement stays prepared; `undefined` where none may. */
  readonly nameOf: (text: string) => string | undefined
  /** How long the server may stay silent, in milliseconds; then the connection is cut. */
  readonly silenceMs: number
}

/** How one run of statements is judged when it fails. */
export interface RunOptions {
  /** True where the run ends with a commit, so that losing the connection leaves the outcome unknown. */
  readonly commits?: boolean
  /** As `silenceMs`; for work that may take long. */
  readonly silenceMs?: number
}

/** Values come as the server writes them; the dialect knows what they mean. */
const RAW_TYPES = { getTypeParser: () => (value: string) => value }

/** Somebody threw away what was prepared on the connection, by `DISCARD ALL` or through a pooler. */
const FORGOTTEN_STATEMENT = '26000'

/** How long asking the server to stop may take, in milliseconds. */
const CANCEL_MS = 1_000

export class Session {
  readonly #client: PoolClient
  readonly #settings: SessionSettings
  #isLost = false
  /** What ended the connection between two statements, as the server or the network said it. */
  #loss: unknown
  #released = false
  /** What begins a transaction, until something is asked for in it. */
  #prelude: readonly Command[] = []

  /** Must be called in the moment in which the pool hands the client over: from then on nobody else listens to it. */
  constructor(client: PoolClient, settings: SessionSettings) {
    this.#client = client
    this.#settings = settings
    client.on('error', this.#onError)
  }

  /** A connection that breaks between two statements says so here; without a listener the process would end. */
  readonly #onError = (cause: unknown): void => {
    this.#loss ??= cause
    this.#isLost = true
  }

  /** True while a transaction is open, be it a failed one, or one of which the server has not heard yet. */
  get isInTransaction(): boolean {
    return this.isUntouched || hasOpenTransaction(this.#client)
  }

  /** True after `begin` until the next run: there is nothing to be committed or undone. */
  get isUntouched(): boolean {
    return this.#prelude.length > 0
  }

  /** True once the connection can't be used any more. */
  get isLost(): boolean {
    return this.#isLost
  }

  /**
   * Begins a transaction: with the next run, in the same round trip. One that is given up before it has asked
   * for anything costs the server nothing.
   */
  begin(commands: readonly Command[]): void {
    this.#prelude = commands
  }

  /**
   * Sends statements in their order, all of them at once where the connection can, and answers when all have
   * been answered.
   *
   * @throws the first failure, as a `StoreError`: `OUTCOME_UNKNOWN` when the connection was lost and the
   *   run may have been committed, `TIMEOUT` when the server was silent for too long, `TRANSACTION_ABORTED`
   *   when it undid what it should have committed
   */
  async run(commands: readonly Command[], options: RunOptions = {}): Promise<readonly Answer[]> {
    if (this.#isLost) throw failureOf(this.#loss ?? new Error('Connection terminated'))
    const { commits = false, silenceMs = this.#settings.silenceMs } = options
    const begin = this.#prelude
    this.#prelude = []
    const all = begin.length === 0 ? commands : [...begin, ...commands]
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      void this.giveUp()
    }, silenceMs)
    const answers: Answer[] = []
    try {
      if (this.#client.pipeline && all.length > 1) await this.#sendTogether(all, answers)
      else for (const command of all) answers.push(await this.#send(this.#queryOf(command)))
    } catch (cause) {
      throw this.#failure(cause, isLate, commits && this.#mayHaveCommitted(cause, answers.length, all.length))
    } finally {
      clearTimeout(timer)
    }
    // The server answers the commit of a failed transaction with success, and this tag.
    if (commits && answers.at(-1)?.tag === 'ROLLBACK') throw undone()
    return begin.length === 0 ? answers : answers.slice(begin.length)
  }

  /** As `run`, of one statement. */
  async ask(command: Command, options?: RunOptions): Promise<readonly RawRow[]> {
    const [answer] = await this.run([command], options)
    return answer?.rows ?? []
  }

  /** Has the server stop what it is doing here, so that it frees its locks, and closes the connection. */
  async giveUp(): Promise<void> {
    if (this.#isLost) return
    this.#isLost = true
    await requestCancel(this.#client, CANCEL_MS)
    this.#cut()
  }

  /** Gives the connection back; one whose state is unsure is closed instead. */
  release(): void {
    if (this.#released) return
    this.#released = true
    const isSound = !this.#isLost && this.#client.getTransactionStatus() === 'I'
    // The pool listens again from here on; what breaks while it closes the connection must find a listener.
    if (isSound) this.#client.off('error', this.#onError)
    else this.#cut()
    this.#client.release(!isSound)
  }

  async #sendTogether(commands: readonly Command[], answers: Answer[]): Promise<void> {
    const sending: Promise<Answer>[] = []
    try {
      for (const command of commands) sending.push(this.#send(this.#queryOf(command)))
    } catch (cause) {
      // A statement that can't be written down: what follows is not sent, so nothing is committed without it.
      this.#cut()
      await Promise.allSettled(sending)
      throw failureOf(cause)
    }
    for (const each of await Promise.allSettled(sending)) {
      if (each.status === 'rejected') throw each.reason
      answers.push(each.value)
    }
  }

  async #send(query: QueryConfig): Promise<Answer> {
    const { command, rows } = await this.#client.query<unknown[]>({ ...query, rowMode: 'array' })
    return { tag: command, rows }
  }

  #queryOf({ text, parameters, isPlannedAnew = false }: Command): QueryConfig {
    const isKept = parameters !== undefined && !isPlannedAnew
    const name = isKept ? this.#settings.nameOf(text) : undefined
    const values = typeof parameters === 'function' ? parameters() : parameters
    return {
      text,
      types: RAW_TYPES,
      ...(values !== undefined && { values: values as Parameter[] }),
      ...(name !== undefined && { name }),
    }
  }

  /**
   * Whether the last command, which commits, may have been done although there is no answer to it. Sent
   * together, all of them may have arrived, whichever failed first; but the server that says it ends the
   * connection has done nothing that comes behind.
   */
  #mayHaveCommitted(cause: unknown, failed: number, count: number): boolean {
    if (isStoreError(cause) || isRefusedUnsent(cause)) return false
    return failed === count - 1 || (this.#client.pipeline && !isFatal(cause))
  }

  #failure(cause: unknown, isLate: boolean, mayHaveCommitted: boolean): StoreError {
    const state = sqlState(cause)
    const isAnswer = state !== undefined && !isFatal(cause)
    // The driver goes on to believe in statements that the server has forgotten.
    if (!isAnswer || state === FORGOTTEN_STATEMENT) this.#isLost = true
    if (isAnswer) return failureOf(cause)
    if (mayHaveCommitted) return failureOf(cause, 'OUTCOME_UNKNOWN')
    return failureOf(cause, isLate ? 'TIMEOUT' : errorCode(cause))
  }

  /** Closes the socket at once; the driver's own ending would wait for statements on their way. */
  #cut(): void {
    this.#isLost = true
    socketOf(this.#client)?.destroy()
  }
}

function undone(): StoreError {
  const message = 'postgresql: the server undid the transaction instead of committing it'
  return new StoreError('TRANSACTION_ABORTED', message, { backend: 'postgresql' })
}

function isRefusedUnsent(cause: unknown): boolean {
  return cause instanceof Error && /not queryable$/.test(cause.message)
}

/** True while the server has a transaction open on the connection, be it a failed one. */
export function hasOpenTransaction(client: PoolClient): boolean {
  const status = client.getTransactionStatus()
  return status === 'T' || status === 'E'
}

/** The driver's socket, which its types do not show. */
export function socketOf(client: object): Pick<Socket, 'destroy' | 'setKeepAlive' | 'unref'> | undefined {
  const { connection } = client as { connection?: { stream?: Socket } }
  return connection?.stream
}
