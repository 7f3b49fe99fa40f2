/**
 * A backend with a cache in front of it. Reads by key that ask for nothing special may be answered from it; all
 * else goes to the backend as it is. What is written through it is forgotten before the write is sent, and from
 * then until its end is told all reads of it go to the backend.
 *
 * It keeps rows in whatever state, as text: core decides what is live, and decodes for every caller anew. Queries,
 * counts and transactions are never answered from it.
 */

import type {
  Backend,
  BackendTransaction,
  CacheLimits,
  ChangedKey,
  Contents,
  Group,
} from '@coffer/core/backend'
import { nameOf, RowCache } from './row-cache.ts'

/** Every member has to be named: a new one is not forgotten, nor let through without a thought. */
type EveryMember<T> = { readonly [Member in keyof Required<T>]: T[Member] }

/**
 * Puts a cache in front of a backend. Core calls it for a store whose config says `cache`.
 *
 * @param limits how long and how much is kept, and how the backend is read
 * @returns a backend like the one given, to be used in its place and closed instead of it
 */
export function withCache(backend: Backend, limits: CacheLimits): Backend {
  const cache = new RowCache(limits)
  let isWatching = false
  const members: EveryMember<Backend> = {
    name: backend.name,
    readOnly: backend.readOnly,
    capabilities: backend.capabilities,
    open: async (layouts) => {
      const stale = await backend.open(layouts)
      if (!isWatching) backend.watch?.((changed) => forget(cache, changed))
      isWatching = true
      return stale
    },
    close: async () => {
      try {
        await backend.close()
      } finally {
        cache.forgetAll()
      }
    },
    read: (layout, keys, options) =>
      options === undefined ? cache.read(layout, keys) : limits.read(layout, keys, options),
    query: (layout, query, at, options) => backend.query(layout, query, at, options),
    documents: backend.documents?.bind(backend),
    count: (layout, question, at, options) => backend.count(layout, question, at, options),
    aggregate: (layout, aggregation, at, options) => backend.aggregate(layout, aggregation, at, options),
    tenants: (layout) => backend.tenants(layout),
    write: (groups, at) => {
      const written = new WrittenKeys(cache)
      for (const group of groups) written.add(group)
      return written.until(() => backend.write(groups, at))
    },
    transaction: (run) => {
      const written = new WrittenKeys(cache)
      return written.until(() => backend.transaction((inside) => run(withWritten(inside, written))))
    },
    sweep: async (layout, sweep, limit, at) => {
      let removed = -1
      try {
        const swept = await backend.sweep(layout, sweep, limit, at)
        removed = swept.removed
        return swept
      } finally {
        // Nobody says which rows went, or how many when it failed.
        if (removed !== 0) cache.forgetLayout(layout.name)
      }
    },
    reindex: async (layout, rows, finished) => {
      try {
        await backend.reindex(layout, rows, finished)
      } finally {
        cache.forgetLayout(layout.name)
      }
    },
    // Whoever holds the cache needs no hints besides.
    watch: undefined,
    cacheStatistics: () => cache.statistics,
    contents: backend.contents && withForgetting(backend.contents, cache),
    isThere: backend.isThere?.bind(backend),
    inspect: backend.inspect?.bind(backend),
    check: backend.check?.bind(backend),
    connectionStatistics: backend.connectionStatistics?.bind(backend),
    errorCode: (cause) => backend.errorCode(cause),
  }
  // An optional member that is undefined is as good as absent.
  return members as Backend
}

/** The door to everything as it is; what is put past the cache is forgotten. */
function withForgetting(contents: Contents, cache: RowCache): Contents {
  const members: EveryMember<Contents> = {
    layouts: () => contents.layouts(),
    snapshot: (run) => contents.snapshot(run),
    replace: async (replacement, run) => {
      try {
        return await contents.replace(replacement, run)
      } finally {
        cache.forgetAll()
      }
    },
    merge: async (layout, merge) => {
      try {
        await contents.merge(layout, merge)
      } finally {
        cache.forgetLayout(layout.name)
      }
    },
    statements: contents.statements?.bind(contents),
    nativeBackup: contents.nativeBackup?.bind(contents),
    nativeRestore:
      contents.nativeRestore &&
      (async (path, options) => {
        try {
          await contents.nativeRestore?.(path, options)
        } finally {
          cache.forgetAll()
        }
      }),
  }
  return members as Contents
}

function forget(cache: RowCache, changed: readonly ChangedKey[] | undefined): void {
  if (changed === undefined) cache.forgetAll()
  else for (const key of changed) cache.forget(nameOf(key.layout, key))
}

/** A transaction as it is; what it writes is noted. Its reads are its own affair. */
function withWritten(inside: BackendTransaction, written: WrittenKeys): BackendTransaction {
  const members: EveryMember<BackendTransaction> = {
    read: (layout, keys) => inside.read(layout, keys),
    query: (layout, query, at) => inside.query(layout, query, at),
    documents: inside.documents?.bind(inside),
    count: (layout, question, at) => inside.count(layout, question, at),
    aggregate: (layout, aggregation, at) => inside.aggregate(layout, aggregation, at),
    write: (group, at) => {
      written.add(group)
      return inside.write(group, at)
    },
    savepoint: (run) => inside.savepoint(run),
  }
  return members as BackendTransaction
}

/** The keys that one call or one transaction writes. */
class WrittenKeys {
  readonly #cache: RowCache
  readonly #names = new Set<string>()
  #isOver = false

  constructor(cache: RowCache) {
    this.#cache = cache
  }

  add({ operations }: Group): void {
    // What comes after the end of a transaction is refused by it.
    if (this.#isOver) return
    for (const { layout, tenant, id } of operations) {
      const name = nameOf(layout.name, { tenant, id })
      if (this.#names.has(name)) continue
      this.#names.add(name)
      this.#cache.beginWrite(name)
    }
  }

  /** Runs what writes them, and lets them be kept again whatever became of it, before the caller is told. */
  async until<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } finally {
      this.#isOver = true
      for (const name of this.#names) this.#cache.endWrite(name)
    }
  }
}
