/** What the callbacks of `snapshot` and `replace` are given, and what becomes of what they throw. */

import type { Backend } from './backend.ts'
import type { Loader, Snapshot } from './contents.ts'
import { toStoreError } from './failure.ts'

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

/** A snapshot whose failures have their names. */
export function namedSnapshot(snapshot: Snapshot, backend: Backend): Snapshot {
  const fail = (cause: unknown): never => {
    throw toStoreError(cause, backend)
  }
  return {
    layouts: snapshot.layouts,
    rows: (layout, after, limit) => snapshot.rows(layout, after, limit).catch(fail),
    floors: (layout, after, limit) => snapshot.floors(layout, after, limit).catch(fail),
  }
}

/** A loader whose failures have their names. One that is swallowed still fails the whole, on every engine alike. */
export class StrictLoader implements Loader {
  readonly rows: Loader['rows']
  readonly floors: Loader['floors']
  #failure: { readonly error: unknown } | undefined

  constructor(loader: Loader, backend: Backend) {
    const fail = (cause: unknown): never => {
      const error = toStoreError(cause, backend)
      this.#failure ??= { error }
      throw error
    }
    this.rows = (layout, rows) => loader.rows(layout, rows).catch(fail)
    this.floors = (layout, floors) => loader.floors(layout, floors).catch(fail)
  }

  /** Throws the first failure, if there was any. */
  conclude(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
