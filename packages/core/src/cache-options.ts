/** The cache in front of a backend, as core sees it: its options, and what `@coffer/cache` has to be. */

import * as z from 'zod'
import type { Backend } from './backend.ts'

/** What a cache has counted since it was made. Reads that may not be answered from it are not counted. */
export interface CacheStatistics {
  /** Keys that cost no read of the backend: they were kept, or a read of them was on its way already. */
  readonly hits: number
  /** Keys that were read from the backend. */
  readonly misses: number
  /** Answers that are kept at the moment, also those that are too old and would not be given any more. */
  readonly entries: number
  /** The share of hits among all keys that were asked for, from 0 to 1; 0 when none was. */
  readonly hitRate: number
}

/** How a cache is made. */
export interface CacheLimits {
  /** How old an answer may be, in milliseconds, counted from before it was asked of the backend. */
  readonly ttlMs: number
  /** The most answers that are kept. */
  readonly maxEntries: number
  /** The most bytes of keys and documents that are kept. */
  readonly maxBytes: number
  /** The time in milliseconds since whenever: what ages are measured by. */
  readonly now: () => number
  /** How the backend is read. Core joins reads here, so that what the cache answers waits for nobody. */
  readonly read: Backend['read']
}

/** Puts a cache in front of a backend: the one thing that `@coffer/cache` exports for core. */
export type WithCache = (backend: Backend, limits: CacheLimits) => Backend

/** The option `cache` of a store. */
export const cacheOptions = z.strictObject({
  /**
   * How old an answer may be that another process or store has changed meanwhile, in milliseconds. There is no
   * default: only the application knows. A store's own writes are always seen at once.
   */
  ttlMs: z.int().min(1).max(86_400_000),
  /** The most records that are kept, absent ones included. */
  maxEntries: z.int().min(1).max(1_000_000).default(10_000),
  /** The most bytes that are kept: keys, documents, and 200 for each record. Who takes more than an eighth of it alone is not kept. */
  maxBytes: z
    .int()
    .min(64 * 1_024)
    .max(16 * 1_024 * 1_024 * 1_024)
    .default(64 * 1_024 * 1_024),
  /** `withCache` of `@coffer/cache`, for bundlers, which can't follow how core finds it by itself. */
  withCache: z
    .custom<WithCache>((value) => typeof value === 'function', 'expected the withCache of @coffer/cache')
    .optional(),
})

/** The option `cache` of a store with its defaults filled in. */
export type ResolvedCacheOptions = z.output<typeof cacheOptions>
