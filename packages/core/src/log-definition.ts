/** Logs as a user defines them: append-only streams of entries, chained by hashes. */

import * as z from 'zod'
import {
  buildDefinition,
  type CollectionDefinition,
  type CollectionOptions,
  defineCollection,
} from './definition.ts'
import { invalid } from './errors.ts'
import { DESCRIPTIONS, type FieldDeclaration } from './field.ts'
import { memberType } from './schema-type.ts'

/** The members of an entry that the log itself fills in. */
export interface ChainMembers<S extends string, Q extends string, H extends string, P extends string> {
  /** The stream that the entry belongs to. */
  readonly stream: S
  /** Its place in the stream, counted from 1 without a gap. */
  readonly sequence: Q
  /** The hex SHA-256 over the entry, its place and the hash before. */
  readonly hash: H
  /** The hash of the entry before, 64 zeros for the first. */
  readonly previous: P
}

/** What a log is made of. */
export interface LogOptions<
  S extends z.ZodObject,
  F extends string,
  K extends string,
  C extends ChainMembers<string, string, string, string>,
> {
  /** A lower-case name of letters, digits and single underscores; the table's name in SQL. */
  readonly name: string
  /** A Zod object for whole entries. It must have the chain's members: text, and an integer for the sequence. */
  readonly schema: S
  /** The member that is the entry's key, unique within a tenant; without it the place in the stream is the key. */
  readonly key?: K & keyof z.output<S>
  /** What the chain's members are called. */
  readonly chain: C
  /** What queries may use; the chain's stream and sequence always. */
  readonly fields?: Readonly<Record<F, FieldDeclaration>>
  readonly indexes?: readonly (readonly NoInfer<F>[])[]
}

/** A log's definition, complete and checked. Made by `defineLog`. */
export interface LogDefinition<R = unknown, A = unknown, F extends string = string> {
  readonly name: string
  readonly entries: CollectionDefinition<R, F>
  readonly heads: CollectionDefinition<LogHeadRecord>
  readonly chain: ChainMembers<string, string, string, string>
  /** The member that is the entry's key, if it brings its own. */
  readonly key: string | undefined
  /** Only for the compiler: what `append` takes. */
  readonly appended?: A
}

/** The head of a stream as it is stored. */
export interface LogHeadRecord {
  readonly stream: string
  readonly sequence: number
  readonly hash: string
}

const headSchema = z.object({ stream: z.string(), sequence: z.int(), hash: z.string() })

/** What `append` takes: an entry whose chain members may be absent. Where they are there, they are checked. */
export type Appended<R, C> =
  C extends ChainMembers<infer S, infer Q, infer H, infer P>
    ? Omit<R, S | Q | H | P> & { readonly [M in (S | Q | H | P) & keyof R]?: R[M] }
    : never

/** The key of an entry that has none of its own. */
const PLACE = 'entry_key'

/**
 * Defines a log. Its entries are a collection that can be queried like any other and that the engine itself
 * keeps from being changed; the heads of its streams are another.
 */
export function defineLog<
  S extends z.ZodObject,
  const C extends ChainMembers<string, string, string, string>,
  const F extends string = never,
  const K extends string = never,
>(
  options: LogOptions<S, F, K, C>,
): LogDefinition<z.output<S>, Appended<z.output<S>, C>, F | K | C['stream'] | C['sequence']> {
  const {
    name,
    schema,
    key,
    chain,
    fields = {} as Readonly<Record<string, FieldDeclaration>>,
    indexes = [],
  } = options
  checkOptions(options)
  const entryOptions: CollectionOptions<z.ZodObject, string> = {
    name,
    schema: key === undefined ? schema.extend({ [PLACE]: z.string() }) : schema,
    key: key ?? PLACE,
    fields: { [chain.stream]: 'column', [chain.sequence]: 'column', ...fields },
    indexes: [[chain.stream, chain.sequence], ...indexes],
  }
  return {
    name,
    entries: buildDefinition(entryOptions, true) as CollectionDefinition<
      z.output<S>,
      F | C['stream'] | C['sequence']
    >,
    heads: defineCollection({ name: `${name}_heads`, schema: headSchema, key: 'stream' }),
    chain,
    key,
  }
}

const OPTION_NAMES = ['name', 'schema', 'key', 'chain', 'fields', 'indexes']
const CHAIN = { stream: 'text', sequence: 'integer', hash: 'text', previous: 'text' } as const
/** The heads of a log are a collection with a longer name. */
const MAX_LOG_NAME = 34

function checkOptions(
  options: LogOptions<z.ZodObject, string, string, ChainMembers<string, string, string, string>>,
): void {
  const { name, schema, chain } = options
  const unknown = Object.keys(options).find((option) => !OPTION_NAMES.includes(option))
  if (unknown !== undefined) {
    throw invalid(`${name}: unknown option '${unknown}'; known are ${OPTION_NAMES.join(', ')}`)
  }
  if (typeof name === 'string' && name.length > MAX_LOG_NAME) {
    throw invalid(`a log's name has at most ${MAX_LOG_NAME} characters`)
  }
  if (!(schema instanceof z.ZodObject)) throw invalid(`${name}: schema must be a z.object()`)
  const members = Object.entries(chain ?? {})
  if (
    members
      .map(([role]) => role)
      .sort()
      .join() !== Object.keys(CHAIN).sort().join()
  ) {
    throw invalid(`${name}: chain names the members for ${Object.keys(CHAIN).join(', ')}`)
  }
  for (const role of Object.keys(CHAIN) as (keyof typeof CHAIN)[]) {
    const member = chain[role]
    const found = Object.hasOwn(schema.shape, member) ? memberType(schema, [member]) : undefined
    if (found === undefined) {
      throw invalid(`${name}: the schema has no member '${member}', which the chain needs`)
    }
    if (found.type !== CHAIN[role]) {
      throw invalid(`${name}: the chain's ${role} '${member}' must be ${DESCRIPTIONS[CHAIN[role]]}`)
    }
  }
  if (new Set(Object.values(chain)).size !== members.length) {
    throw invalid(`${name}: the chain needs four different members`)
  }
}

/** The key of an entry without one of its own: its place, which no other entry has. */
export function placeKey(stream: string, sequence: number): string {
  return `${stream}/${String(sequence).padStart(16, '0')}`
}

/** The member that `placeKey` stands in. */
export const PLACE_MEMBER = PLACE
