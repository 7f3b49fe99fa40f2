/** Collections as a user defines them, checked once and for all when they are defined. */

import * as z from 'zod'
import { dropsMembers } from './dropped-member.ts'
import { invalid } from './errors.ts'
import { type Field, type FieldDeclaration, fieldLayout, NAME, resolveField } from './field.ts'
import { historyLayout } from './history.ts'
import type { JsonObject } from './json.ts'
import type { Layout } from './layout.ts'
import { findUnstorable, memberType } from './schema-type.ts'
import { strictSchema } from './strict-schema.ts'
import { isTransparent } from './transparent.ts'

/** What happens to records that refer to one that is to be deleted: it is refused, or they go too. */
export type OnDelete = 'restrict' | 'cascade'

/** A member that names a record of another collection by its key. */
export interface Reference {
  /** The other collection's name. */
  readonly collection: string
  /** Default: `restrict`. */
  readonly onDelete?: OnDelete
}

/** What a collection is made of. */
export interface CollectionOptions<
  S extends z.ZodObject,
  F extends string,
  K extends string = keyof z.output<S> & string,
> {
  /** A lower-case name of letters, digits and single underscores; the table's name in SQL. */
  readonly name: string
  /** A Zod object. Records are what it decodes to, documents what it encodes to. */
  readonly schema: S
  /** The member that is the record's key: text, unique within a tenant. */
  readonly key: K
  /** What queries may use. */
  readonly fields?: Readonly<Record<F, FieldDeclaration>>
  /** Indexes over several fields, in their order. */
  readonly indexes?: readonly (readonly NoInfer<F>[])[]
  /** The member that carries the record's deadline, an ISO 8601 timestamp when encoded. */
  readonly expiresAt?: keyof z.output<S> & string
  /** Whether `delete` keeps the record, invisible and restorable. Default: false. */
  readonly softDelete?: boolean
  /** Whether earlier versions are kept for `history` and `getAt`. Default: false. */
  readonly history?: boolean
  /** Whether a hash is kept beside each record for `verify`. Default: false. */
  readonly integrity?: boolean
  /** Members that must name live records of other collections. Each is made a field with an index. */
  readonly references?: Readonly<Record<string, Reference>>
  /** Version of the schema, from 1. Raise it with every change that old documents do not fit. */
  readonly version?: number
  /** For each older version, how its documents become those of the next: `{ 1: (old) => new }`. */
  readonly upgrade?: Readonly<Record<number, (document: JsonObject) => JsonObject>>
}

/** A collection's definition, complete and checked. Made by `defineCollection`. */
export interface CollectionDefinition<R = unknown, F extends string = string> {
  readonly name: string
  readonly schema: z.ZodType<R>
  /** The schema as writes are held to it: it refuses members that it does not know. */
  readonly strictSchema: z.ZodType
  /** True when a record is its document, so that reading needs no decoding. */
  readonly isTransparent: boolean
  /** True when the schema would leave out members named `__proto__`. */
  readonly dropsMembers: boolean
  readonly key: string
  readonly fields: readonly Field[]
  readonly layout: Layout
  readonly expiresAt: string | undefined
  readonly softDelete: boolean
  readonly integrity: boolean
  readonly references: readonly ResolvedReference[]
  readonly version: number
  readonly upgrade: Readonly<Record<number, (document: JsonObject) => JsonObject>>
  /** Only for the compiler: the names that queries may use. */
  readonly fieldNames?: F
}

/** Where a collection's past stands, or the refusal of one that keeps none. */
export function requireHistory({ name, layout }: CollectionDefinition): Layout {
  if (layout.history !== undefined) return layout.history
  throw invalid(`${name}: it keeps no history; define it with history: true`)
}

/** A reference with the position of its field. */
export interface ResolvedReference {
  readonly field: number
  readonly collection: string
  readonly onDelete: OnDelete
}

/** Beginnings that SQLite and Coffer keep for themselves. */
const RESERVED_NAME = /^(?:sqlite|coffer)_/

/** True for a collection that Coffer keeps for itself, which no export contains. */
export function isInternal(name: string): boolean {
  return name.startsWith('coffer_')
}

const COLLECTION_NAME = /^[a-z](?:_?[a-z0-9])*$/
const MAX_COLLECTION_NAME = 40

/**
 * Defines a collection. Throws `INVALID_ARGUMENT` with what is wrong and how to mend it; a definition that
 * was accepted works on every backend.
 */
export function defineCollection<
  S extends z.ZodObject,
  const K extends keyof z.output<S> & string,
  const F extends string = never,
>(options: CollectionOptions<S, F, K>): CollectionDefinition<z.output<S>, F | K> {
  if (typeof options !== 'object' || options === null) {
    throw invalid('defineCollection takes a definition: { name, schema, key, … }')
  }
  if (RESERVED_NAME.test(String(options.name))) {
    throw invalid(`${options.name}: names that begin with sqlite_ or coffer_ are reserved`)
  }
  return buildDefinition(options, false) as CollectionDefinition<z.output<S>, F | K>
}

/** As `defineCollection`, for records that are only ever added where `appendOnly` is true. */
export function buildDefinition(
  options: CollectionOptions<z.ZodObject, string>,
  appendOnly: boolean,
): CollectionDefinition {
  const { name, schema } = options
  checkOptions(options)
  const declared = Object.entries(options.fields ?? {})
  const fields = declared.flatMap(([field, declaration]) =>
    declaration === 'json' ? [] : [resolveField(field, declaration, schema, name)],
  )
  for (const member of Object.keys(options.references ?? {})) addReferenceField(fields, member, schema, name)
  checkFieldNames(fields, options)
  if (fields.some((field) => field.words && field.name === options.key)) {
    throw invalid(
      `${name}: '${options.key}' is the key, which filters ask by its name; name the words otherwise`,
    )
  }
  const version = options.version ?? 1
  return {
    name,
    schema: schema as z.ZodType,
    strictSchema: strictSchema(schema),
    isTransparent: isTransparent(schema),
    dropsMembers: dropsMembers(schema),
    key: options.key,
    fields,
    layout: {
      name,
      fields: fields.map(fieldLayout),
      indexes: resolveIndexes(fields, options.indexes ?? [], name),
      documentColumns: declared.flatMap(([field, declaration]) => (declaration === 'json' ? [field] : [])),
      appendOnly,
      history: options.history === true ? historyLayout(name, version) : undefined,
      schemaVersion: version,
    },
    expiresAt: options.expiresAt,
    softDelete: options.softDelete ?? false,
    integrity: options.integrity ?? false,
    references: Object.entries(options.references ?? {}).map(([member, reference]) => ({
      field: fields.findIndex((field) => field.name === member),
      collection: reference.collection,
      onDelete: reference.onDelete ?? 'restrict',
    })),
    version,
    upgrade: options.upgrade ?? {},
  }
}

const OPTION_NAMES = [
  'name',
  'schema',
  'key',
  'fields',
  'indexes',
  'expiresAt',
  'softDelete',
  'history',
  'integrity',
  'references',
  'version',
  'upgrade',
]

function checkOptions(options: CollectionOptions<z.ZodObject, string>): void {
  const { name, schema, key, version = 1, upgrade = {} } = options
  if (typeof name !== 'string' || !COLLECTION_NAME.test(name) || name.length > MAX_COLLECTION_NAME) {
    throw invalid(
      `a collection's name is 1 to ${MAX_COLLECTION_NAME} lower-case letters, digits and single underscores, ` +
        'beginning with a letter',
    )
  }
  const unknown = Object.keys(options).find((option) => !OPTION_NAMES.includes(option))
  if (unknown !== undefined) {
    throw invalid(`${name}: unknown option '${unknown}'; known are ${OPTION_NAMES.join(', ')}`)
  }
  if (!(schema instanceof z.ZodObject)) throw invalid(`${name}: schema must be a z.object()`)
  const unstorable = findUnstorable(schema)
  if (unstorable !== undefined)
    throw invalid(`${name}: ${unstorable.path} can't be stored; ${unstorable.advice}`)
  checkMember('key', key, schema, name)
  if (options.expiresAt !== undefined) checkMember('expiresAt', options.expiresAt, schema, name)
  for (const { collection, onDelete = 'restrict' } of Object.values(options.references ?? {})) {
    if (typeof collection !== 'string' || !['restrict', 'cascade'].includes(onDelete)) {
      throw invalid(`${name}: a reference takes { collection, onDelete }, onDelete 'restrict' or 'cascade'`)
    }
  }
  if (!Number.isInteger(version) || version < 1) throw invalid(`${name}: version is an integer from 1`)
  for (let old = 1; old < version; old++) {
    if (typeof upgrade[old] !== 'function') {
      throw invalid(
        `${name}: version ${version} needs upgrade[${old}], a function from documents of version ${old}`,
      )
    }
  }
}

/** The key and the deadline are text once they are encoded, whatever they are in the record. */
function checkMember(option: string, member: unknown, schema: z.ZodObject, collection: string): void {
  if (typeof member !== 'string' || !Object.hasOwn(schema.shape, member)) {
    const shown = typeof member === 'string' ? ` '${member}'` : ''
    throw invalid(`${collection}: ${option}: the schema has no member${shown}`)
  }
  const type = memberType(schema, [member])?.type
  if (type !== undefined && type !== 'text' && type !== 'timestamp') {
    throw invalid(`${collection}: ${option}: '${member}' must be text when it is encoded`)
  }
}

function addReferenceField(fields: Field[], member: string, schema: z.ZodType, collection: string): void {
  const position = fields.findIndex((field) => field.name === member)
  const field = fields[position] ?? resolveField(member, 'index', schema, collection)
  if (field.type !== 'text') throw invalid(`${collection}: reference '${member}' must be a text member`)
  if (position === -1) fields.push(field)
  else fields[position] = { ...field, indexed: true }
}

function checkFieldNames(fields: readonly Field[], options: CollectionOptions<z.ZodObject, string>): void {
  const seen = new Map<string, string>()
  for (const name of [...fields.map((field) => field.name), ...Object.keys(options.fields ?? {})]) {
    const folded = name.toLowerCase()
    const other = seen.get(folded)
    if (other !== undefined && other !== name) {
      throw invalid(
        `${options.name}: fields '${other}' and '${name}' differ only in case, which SQL does not tell apart`,
      )
    }
    if (!NAME.test(name) || RESERVED.includes(folded))
      throw invalid(`${options.name}: '${name}' can't name a field`)
    seen.set(folded, name)
  }
}

/** Words of the filter language. */
const RESERVED = ['and', 'or', 'not']

function resolveIndexes(
  fields: readonly Field[],
  indexes: readonly (readonly string[])[],
  collection: string,
): readonly (readonly number[])[] {
  const single = fields.flatMap((field, position) => (field.indexed ? [[position]] : []))
  const composite = indexes.map((names) =>
    names.map((name) => {
      const position = fields.findIndex((field) => field.name === name)
      if (position === -1)
        throw invalid(`${collection}: an index names '${name}', which is not a declared field`)
      if (fields[position]?.type === 'texts') {
        throw invalid(
          `${collection}: '${name}' holds many texts and can't be part of an index over several fields`,
        )
      }
      return position
    }),
  )
  const all = [...composite, ...single].filter((index) => index.length > 0)
  return all.filter((index, place) => all.findIndex((other) => other.join() === index.join()) === place)
}
