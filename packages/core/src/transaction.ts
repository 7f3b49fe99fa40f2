/** Interactive transactions: attempts with a deadline, again as a whole while they conflict with others. */

import { setTimeout as delay } from 'node:timers/promises'
import type { Backend } from './backend.ts'
import type { Engine } from './engine.ts'
import { isStoreError, StoreError } from './errors.ts'
import type { Abortable } from './executor.ts'
import { throwIfAborted, toStoreError } from './failure.ts'
import { enclosingScope, TransactionScope, withinScope } from './transaction-scope.ts'

/** How a transaction is run. */
export interface TransactionOptions extends Abortable {
  /** How often it is tried when it conflicts with others. Default: the store's `maxAttempts`. */
  readonly maxAttempts?: number
  /** How long it may take with all its attempts, in milliseconds. Default: the store's `timeoutMs`. */
  readonly timeoutMs?: number
}

/**
 * Runs a transaction: again, as a whole, while it conflicts with others. What the callback throws undoes it
 * and is thrown on as it is.
 */
export async function runTransaction<T>(
  engine: Engine,
  backend: Backend,
  run: (scope: TransactionScope) => Promise<T>,
  options: TransactionOptions,
  onAttempt: () => void = () => undefined,
): Promise<T> {
  const maxAttempts = options.maxAttempts ?? engine.options.maxAttempts
  const timeoutMs = options.timeoutMs ?? engine.options.timeoutMs
  const enclosing = enclosingScope()
  const deadline = performance.now() + timeoutMs
  for (let attempt = 1; ; attempt++) {
    throwIfAborted(options.signal)
    onAttempt()
    try {
      return await new Attempt(engine, backend, run, enclosing).within(deadline - performance.now())
    } catch (error) {
      const again = isStoreError(error, 'CONFLICT') && error.retry === 'transaction'
      if (!again || attempt >= maxAttempts) throw error
      await delay(jitteredDelayMs(attempt))
    }
  }
}

const FIRST_DELAY_MS = 2
const LONGEST_DELAY_MS = 250

/** Full jitter: anything between nothing and a bound that doubles with every attempt. */
function jitteredDelayMs(attempt: number): number {
  return Math.random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt)
}

/** One attempt with a deadline that also covers the wait for its turn. */
class Attempt<T> {
  readonly #engine: Engine
  readonly #backend: Backend
  readonly #run: (scope: TransactionScope) => Promise<T>
  readonly #enclosing: TransactionScope | undefined
  #scope: TransactionScope | undefined
  #committing = false
  #late = false

  constructor(
    engine: Engine,
    backend: Backend,
    run: (scope: TransactionScope) => Promise<T>,
    enclosing: TransactionScope | undefined,
  ) {
    this.#engine = engine
    this.#backend = backend
    this.#run = run
    this.#enclosing = enclosing
  }

  within(milliseconds: number): Promise<T> {
    return new Promise((resolve, reject) => {
      let stop: (error: StoreError) => void = () => undefined
      const stopped = new Promise<never>((_resolve, rejectStopped) => {
        stop = rejectStopped
      })
      stopped.catch(() => undefined)
      const timer = setTimeout(
        () => {
          // Once COMMIT is on its way only its own answer can tell what happened.
          if (this.#committing) return
          this.#late = true
          const error = timeout()
          stop(error)
          reject(error)
        },
        Math.max(0, milliseconds),
      )
      timer.unref()
      this.#begin(stopped)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer))
    })
  }

  async #begin(stopped: Promise<never>): Promise<T> {
    let thrown: { readonly error: unknown } | undefined
    try {
      return await this.#backend.transaction(async (transaction) => {
        if (this.#late) throw timeout()
        const scope = new TransactionScope(this.#engine, this.#backend, transaction, this.#enclosing)
        this.#scope = scope
        try {
          const result = await Promise.race([withinScope(scope, () => this.#run(scope)), stopped])
          await Promise.race([scope.finish(), stopped])
          this.#committing = true
          return result
        } catch (error) {
          thrown = { error }
          // What is still on its way must not land behind the end of the transaction.
          scope.end()
          await Promise.race([scope.settle(), stopped]).catch(() => undefined)
          throw error
        }
      })
    } catch (error) {
      // A conflict is tried again even if the callback made something else of it.
      if (this.#scope?.doom?.code === 'CONFLICT') throw this.#scope.doom
      if (thrown !== undefined && thrown.error === error) throw error
      throw toStoreError(error, this.#backend)
    } finally {
      this.#scope?.end()
    }
  }
}

function timeout(): StoreError {
  return new StoreError('TIMEOUT', 'the transaction took too long and was undone (timeoutMs)')
}
