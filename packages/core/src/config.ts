/** What a user may write in `createStore(config)`: the options, their defaults and how they are checked. */

import * as z from 'zod'
import type { Backend } from './backend.ts'
import { cacheOptions } from './cache-options.ts'
import type { Clock } from './clock.ts'
import { invalid } from './errors.ts'
import { type FileOptions, fileOptions } from './file-options.ts'
import { type MemoryOptions, memoryOptions } from './memory-options.ts'
import { type PostgresOptions, postgresOptions } from './postgres-options.ts'
import { type SqliteOptions, sqliteOptions } from './sqlite-options.ts'

/** The backends with a short name: the package that each comes in and, where known here, its options. */
export const knownBackends: Readonly<Record<string, { package: string; options?: z.ZodType }>> = {
  memory: { package: '@coffer/memory', options: memoryOptions },
  file: { package: '@coffer/file', options: fileOptions },
  sqlite: { package: '@coffer/sqlite', options: sqliteOptions },
  postgresql: { package: '@coffer/postgres', options: postgresOptions },
}

const timeoutMs = z.int().min(1).max(86_400_000)
const maxAttempts = z.int().min(1).max(1_000)

/** The bounds that a transaction may set for itself, as those of the store. */
export const transactionBounds = z.object({
  timeoutMs: timeoutMs.optional(),
  maxAttempts: maxAttempts.optional(),
})

/** The options that every store takes, whatever its backend. */
const storeOptions = z.strictObject({
  /** The tenant of the store itself; `store.tenant(name)` gives another. 1 to 256 bytes. */
  tenant: z.string().default('default'),
  /** The clock that decides what has expired. Default: the system's. */
  clock: z
    .custom<Clock>(
      (value) => typeof (value as Clock | null)?.now === 'function',
      'expected { now(): number }',
    )
    .optional(),
  /** The largest document in bytes of JSON. */
  maxDocumentBytes: z
    .int()
    .min(1_024)
    .max(256 * 1_024 * 1_024)
    .default(16 * 1_024 * 1_024),
  /** How long an operation may wait for its turn, in milliseconds; then it fails with `TIMEOUT`. */
  timeoutMs: timeoutMs.default(30_000),
  /** How many operations may wait at once; one more fails with `LIMIT_EXCEEDED`. */
  maxQueued: z.int().min(1).max(10_000_000).default(100_000),
  /** How often a transaction is tried when it conflicts with others. */
  maxAttempts: maxAttempts.default(20),
  /** Removes expired records by itself every so many milliseconds; 0, the default, leaves it to `cleanupExpired()`. */
  cleanupEveryMs: z.int().min(0).max(86_400_000).default(0),
  /** Answers reads by key from memory, through `@coffer/cache`. Default: none. */
  cache: cacheOptions.optional(),
})

/** The options of a store, as a user writes them; each has a default. Checked when the store is made. */
export type StoreOptions = z.input<typeof storeOptions>
/** The store's options with their defaults filled in. */
export type ResolvedStoreOptions = z.output<typeof storeOptions>

/** A package's name, with a path inside it or without: never a file, an address or a parent folder. */
const PACKAGE_NAME = /^(?:@[a-z0-9][\w.-]{0,99}\/)?[a-z0-9][\w.-]{0,99}(?:\/\w[\w.-]{0,99}){0,5}$/

/** The package name of a backend that is not one of ours. */
type ThirdPartyName = `${string}/${string}` | `${string}-${string}`

/** How a backend is named: by its type, or as an instance, the form that bundlers like. */
export type BackendConfig =
  | ({ type: 'memory' } & MemoryOptions)
  | ({ type: 'file' } & FileOptions)
  | ({ type: 'sqlite' } & SqliteOptions)
  | ({ type: 'postgresql' } & PostgresOptions)
  | { type: ThirdPartyName; [option: string]: unknown }
  | { backend: Backend }

/** The argument of `createStore`. */
export type StoreConfig = StoreOptions & BackendConfig

/** Marker for options that a backend's factory has yet to check. */
export type BackendOptions = Readonly<Record<string, unknown>>

/** A config taken apart: the store's own options, and either an instance or a type with its options. */
export interface ParsedConfig {
  readonly store: ResolvedStoreOptions
  readonly backend: Backend | undefined
  readonly type: string
  readonly options: BackendOptions
}

/** Takes a config apart and checks all that can be checked without loading the backend. */
export function parseConfig(config: unknown): ParsedConfig {
  if (typeof config !== 'object' || config === null) {
    throw invalid(`createStore takes a config, such as { type: 'memory' }`)
  }
  const own: Record<string, unknown> = {}
  const rest: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(config)) {
    if (value === undefined) continue
    const target = name in storeOptions.shape ? own : rest
    target[name] = value
  }
  if (own.cache !== undefined) checkCache(own.cache)
  const store = parseOptions(storeOptions, own, 'createStore')
  const { backend, type, ...options } = rest
  if (backend !== undefined) return { store, ...parseInstance(backend, type, options) }
  if (typeof type !== 'string') {
    throw invalid(`createStore: 'type' says which backend: ${knownTypes()}; or pass { backend }`)
  }
  const known = Object.hasOwn(knownBackends, type) ? knownBackends[type] : undefined
  if (known === undefined && !(/[-/]/.test(type) && PACKAGE_NAME.test(type))) {
    // What is no name at all may be an address with a password in it.
    const shown = PACKAGE_NAME.test(type) ? ` '${type}'` : ''
    throw invalid(
      `createStore: unknown backend type${shown}; known are ${knownTypes()}, or the name of a package`,
    )
  }
  if (known?.options !== undefined) {
    parseOptions(known.options, options, `createStore({ type: '${type}' })`, Object.keys(storeOptions.shape))
  }
  return { store, backend: undefined, type, options }
}

function checkCache(cache: unknown): void {
  if (typeof cache !== 'object' || cache === null) {
    throw invalid("createStore: option 'cache' takes { ttlMs, maxEntries }; leave it out for none")
  }
  parseOptions(cacheOptions, cache, 'createStore({ cache })')
}

function parseInstance(backend: unknown, type: unknown, options: object): Omit<ParsedConfig, 'store'> {
  const unknownOption = Object.keys(options)[0]
  if (type !== undefined || unknownOption !== undefined) {
    throw invalid(
      `createStore: '${type === undefined ? unknownOption : 'type'}' can't stand beside 'backend'; ` +
        `known beside it are ${Object.keys(storeOptions.shape).join(', ')}`,
    )
  }
  if (typeof (backend as Backend | null)?.transaction !== 'function') {
    throw invalid(`createStore: 'backend' must be a backend, such as sqlite({ path })`)
  }
  return { backend: backend as Backend, type: (backend as Backend).name, options: {} }
}

function knownTypes(): string {
  return Object.keys(knownBackends)
    .map((type) => `'${type}'`)
    .join(', ')
}

/**
 * Checks options against a strict schema and fills in defaults. The error names the option, what is wrong
 * and, for an unknown one, all that are known; it never shows a value.
 *
 * @param alsoKnown options that are valid in the same place and checked elsewhere
 */
export function parseOptions<S extends z.ZodType>(
  schema: S,
  options: unknown,
  where: string,
  alsoKnown: readonly string[] = [],
): z.output<S> {
  const result = schema.safeParse(options)
  if (result.success) return result.data
  const { issues } = result.error
  // A misspelt option explains what else is missing.
  const issue = issues.find((each) => each.code === 'unrecognized_keys') ?? issues[0]
  if (issue?.code === 'unrecognized_keys') {
    const object = schema instanceof z.ZodPipe ? schema.in : schema
    const own = object instanceof z.ZodObject ? Object.keys(object.shape) : []
    const known = [...own, ...alsoKnown].join(', ') || 'none'
    throw invalid(`${where}: unknown option '${issue.keys[0]}'; known are ${known}`)
  }
  throw invalid(`${where}: option '${issue?.path.join('.') ?? ''}': ${issue?.message ?? 'is not valid'}`)
}
