/** What the callbacks of `snapshot` and `replace` are given, and what becomes of what they throw. */

import type { Backend } from './backend.ts'
import type { HeldLayout, Loader, Snapshot } from './contents.ts'
import { invalid } from './errors.ts'
import { toStoreError } from './failure.ts'
import type { Layout } from './layout.ts'

/** Runs work around a callback: what that throws is thrown on as it is, and the engine's failures by their names. */
export async function passingOn<T>(
  work: (around: <R>(callback: () => Promise<R>) => Promise<R>) => Promise<T>,
): Promise<T> {
  let thrown: { readonly error: unknown } | undefined
  try {
    return await work(async (callback) => {
      try {
        return await callback()
      } catch (error) {
        thrown = { error }
        throw error
      }
    })
  } catch (error) {
    const isOwn = thrown !== undefined && (error as { cause?: unknown } | null)?.cause === thrown.error
    throw isOwn ? thrown?.error : error
  }
}

/** What a callback asks for: of layouts that are there, and waited for before the callback counts as over. */
class Steps {
  readonly #backend: Backend
  readonly #names: ReadonlySet<string>
  readonly #pending = new Set<Promise<unknown>>()
  #isOver = false
  #failure: { readonly error: unknown } | undefined

  constructor(layouts: readonly HeldLayout[], backend: Backend) {
    this.#backend = backend
    this.#names = new Set(layouts.map(({ layout }) => layout.name))
  }

  take<T>({ name }: Layout, step: () => Promise<T>): Promise<T> {
    const work = this.#run(name, step)
    this.#pending.add(work)
    const forget = () => this.#pending.delete(work)
    work.then(forget, forget)
    return work
  }

  async #run<T>(name: string, step: () => Promise<T>): Promise<T> {
    try {
      if (this.#isOver) throw invalid('the callback has ended: what it was given can be used no more')
      if (!this.#names.has(name)) throw invalid(`the layout '${name}' is not among those of this callback`)
      return await step()
    } catch (cause) {
      const error = toStoreError(cause, this.#backend)
      this.#failure ??= { error }
      throw error
    }
  }

  /** Waits for what the callback did not wait for. @returns the first failure of all steps */
  async end(): Promise<{ readonly error: unknown } | undefined> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending)
    this.#isOver = true
    return this.#failure
  }
}

/** Runs a callback with a snapshot whose failures have their names. */
export async function withSnapshot<T>(
  snapshot: Snapshot,
  backend: Backend,
  run: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const steps = new Steps(snapshot.layouts, backend)
  try {
    return await run({
      layouts: snapshot.layouts,
      rows: (layout, after, limit) => steps.take(layout, () => snapshot.rows(layout, after, limit)),
      floors: (layout, after, limit) => steps.take(layout, () => snapshot.floors(layout, after, limit)),
    })
  } finally {
    await steps.end()
  }
}

/**
 * Runs a callback with a loader whose failures have their names. One that is swallowed, or that nobody waited for,
 * still fails the whole, on every engine alike.
 *
 * @param layouts what the place is to hold
 */
export async function withLoader<T>(
  loader: Loader,
  layouts: readonly HeldLayout[],
  backend: Backend,
  run: (loader: Loader) => Promise<T>,
): Promise<T> {
  const steps = new Steps(layouts, backend)
  let result: T
  try {
    result = await run({
      rows: (layout, rows) => steps.take(layout, () => loader.rows(layout, rows)),
      floors: (layout, floors) => steps.take(layout, () => loader.floors(layout, floors)),
    })
  } catch (error) {
    await steps.end()
    throw error
  }
  const failure = await steps.end()
  if (failure !== undefined) throw failure.error
  return result
}
