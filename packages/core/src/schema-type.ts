/** Reads from a Zod schema what type a field has in the store: on the encoded side, which is what is stored. */

import type * as z from 'zod'
import { EVERY, type FieldPath, isManyValued } from './field-path.ts'
import type { FieldType } from './layout.ts'

/** What is known of one member of a schema. */
export interface MemberType {
  /** `undefined` when the member is of no type that can be queried. */
  readonly type: FieldType | undefined
  /** True when the member may be absent or null. */
  readonly nullable: boolean
}

/** The parts of a Zod schema's definition that are read here and beside. Checked on Zod 4. */
export interface SchemaDefinition {
  readonly type: string
  readonly innerType?: z.ZodType
  readonly in?: z.ZodType
  readonly out?: z.ZodType
  readonly element?: z.ZodType
  readonly keyType?: z.ZodType
  readonly valueType?: z.ZodType
  readonly catchall?: z.ZodType
  readonly left?: z.ZodType
  readonly right?: z.ZodType
  readonly items?: readonly z.ZodType[]
  readonly rest?: z.ZodType | null
  readonly options?: readonly z.ZodType[]
  readonly values?: readonly unknown[]
  readonly entries?: Readonly<Record<string, unknown>>
  readonly format?: string
  readonly check?: string
  readonly getter?: () => z.ZodType
  readonly shape?: Readonly<Record<string, z.ZodType>>
  readonly checks?: readonly { readonly _zod: { readonly def: { readonly format?: string } } }[]
}

/** A schema's definition, which Zod keeps for tools. */
export function definitionOf(schema: z.ZodType): SchemaDefinition {
  return schema._zod.def as unknown as SchemaDefinition
}

/** Finds a member by its path (`provenance.task_id`) and tells its type. */
export function memberType(schema: z.ZodType, path: FieldPath): MemberType | undefined {
  const { definition, nullable } = unwrap(schema)
  const [name, ...rest] = path
  if (name === undefined) return { type: typeOf(schema, []), nullable }
  if (name === EVERY) return everyType(definition, rest, nullable)
  const shape = definition.shape
  const member = shape !== undefined && Object.hasOwn(shape, name) ? shape[name] : undefined
  if (member === undefined) return undefined
  const found = memberType(member, rest)
  return found && { type: found.type, nullable: nullable || found.nullable }
}

/** The type of a field that finds many values. It is null where there is no array, whatever its members are. */
function everyType(
  { element }: SchemaDefinition,
  path: FieldPath,
  nullable: boolean,
): MemberType | undefined {
  const found = element && memberType(element, path)
  const wanted = isManyValued(path) ? 'texts' : 'text'
  return found && { type: found.type === wanted ? 'texts' : undefined, nullable }
}

/** Kinds of schemas whose values have no members. */
const MEMBERLESS = ['string', 'number', 'boolean', 'enum', 'literal', 'template_literal', 'null', 'undefined']

/** True when by the schema nothing can ever stand at the path. What a schema leaves open may be anything. */
export function leadsNowhere(schema: z.ZodType, path: FieldPath): boolean {
  const [name, ...rest] = path
  if (name === undefined) return false
  const { definition } = unwrap(schema)
  if (MEMBERLESS.includes(definition.type)) return true
  switch (definition.type) {
    case 'union':
      return (definition.options ?? []).every((option) => leadsNowhere(option, path))
    case 'array':
      if (/^\d+$/.test(name)) return false
      return name !== EVERY || (definition.element !== undefined && leadsNowhere(definition.element, rest))
    case 'record':
      return (
        name === EVERY || (definition.valueType !== undefined && leadsNowhere(definition.valueType, rest))
      )
    case 'object':
      return name === EVERY || memberLeadsNowhere(definition, name, rest)
    default:
      return false
  }
}

function memberLeadsNowhere({ shape = {}, catchall }: SchemaDefinition, name: string, rest: FieldPath) {
  const member = Object.hasOwn(shape, name) ? shape[name] : undefined
  if (member !== undefined) return leadsNowhere(member, rest)
  return catchall === undefined || definitionOf(catchall).type === 'never'
}

/** Takes off optional, nullable, default and the like, and the decoded side of codecs. */
function unwrap(schema: z.ZodType): { definition: SchemaDefinition; nullable: boolean } {
  let definition = definitionOf(schema)
  let nullable = false
  for (;;) {
    if (definition.type === 'pipe' && definition.in !== undefined) {
      definition = definitionOf(definition.in)
    } else if (definition.type === 'lazy' && definition.getter !== undefined) {
      definition = definitionOf(definition.getter())
    } else if (definition.innerType !== undefined) {
      nullable ||= ['optional', 'nullable', 'default', 'prefault', 'catch'].includes(definition.type)
      definition = definitionOf(definition.innerType)
    } else {
      return { definition, nullable: nullable || admitsNull(definition) }
    }
  }
}

/** True for a union or a literal with null or `undefined` among its choices. */
function admitsNull(definition: SchemaDefinition): boolean {
  if (definition.type === 'literal') return (definition.values ?? []).some(isNullish)
  if (definition.type !== 'union') return isNothing(definition) || OPEN.includes(definition.type)
  return (definition.options ?? []).some((option) => unwrap(option).nullable)
}

function isNothing(definition: SchemaDefinition): boolean {
  return definition.type === 'null' || definition.type === 'undefined'
}

/** Kinds of schemas that take anything, null and `undefined` included. */
const OPEN = ['unknown', 'any', 'custom']

function isNullish(value: unknown): boolean {
  return value === null || value === undefined
}

/**
 * The type of a schema's values.
 *
 * @param around the schemas that it stands in: one that contains itself, such as z.json(), is of no type
 */
function typeOf(schema: z.ZodType, around: readonly z.ZodType[]): FieldType | undefined {
  if (around.includes(schema)) return undefined
  const within = [...around, schema]
  const { definition } = unwrap(schema)
  switch (definition.type) {
    case 'string':
      return definition.format === 'datetime' ? 'timestamp' : 'text'
    case 'number':
      return isInteger(definition) ? 'integer' : 'number'
    case 'boolean':
      return 'boolean'
    case 'template_literal':
      return 'text'
    case 'enum':
      return commonType(Object.values(definition.entries ?? {}))
    case 'literal':
      return commonType((definition.values ?? []).filter((value) => !isNullish(value)))
    case 'union':
      return unionType(definition.options ?? [], within)
    case 'array':
      return definition.element !== undefined && typeOf(definition.element, within) === 'text'
        ? 'texts'
        : undefined
    default:
      return undefined
  }
}

function isInteger(definition: SchemaDefinition): boolean {
  const formats = [definition.format, ...(definition.checks ?? []).map((check) => check._zod.def.format)]
  return formats.some((format) => format === 'safeint' || format === 'int32' || format === 'uint32')
}

function commonType(values: readonly unknown[]): FieldType | undefined {
  if (values.length === 0) return undefined
  if (values.every((value) => typeof value === 'string')) return 'text'
  if (values.every((value) => typeof value === 'boolean')) return 'boolean'
  if (values.every((value) => Number.isSafeInteger(value))) return 'integer'
  return values.every((value) => typeof value === 'number') ? 'number' : undefined
}

function unionType(options: readonly z.ZodType[], within: readonly z.ZodType[]): FieldType | undefined {
  const choices = options.filter((option) => !isNothing(unwrap(option).definition))
  const types = new Set(choices.map((option) => typeOf(option, within)))
  return types.size === 1 ? [...types][0] : undefined
}

/** Kinds of schemas whose values JSON does not have, with what to use instead. */
const UNSTORABLE: ReadonlyMap<string, string> = new Map([
  ['date', 'use isoDate instead of z.date()'],
  ['transform', 'use z.codec() instead of a one-way transform'],
  ...['bigint', 'map', 'set', 'symbol', 'function', 'file', 'promise', 'nan'].map(
    (type) => [type, `JSON has no such value as z.${type}(); give it a z.codec()`] as const,
  ),
])

/** The path of the first member of a kind that can't be stored and given back, with what to use instead. */
export function findUnstorable(
  schema: z.ZodType,
  path = '',
  seen = new Set<unknown>(),
): { path: string; advice: string } | undefined {
  const definition = definitionOf(schema)
  if (seen.has(definition)) return undefined
  seen.add(definition)
  const here = path === '' ? 'the schema' : path
  const advice = UNSTORABLE.get(definition.type)
  if (advice !== undefined) return { path: here, advice }
  for (const [name, member] of Object.entries(definition.shape ?? {})) {
    const found = findUnstorable(member, path === '' ? name : `${path}.${name}`, seen)
    if (found !== undefined) return found
  }
  const inner = [
    definition.innerType,
    definition.in,
    definition.element,
    definition.valueType,
    definition.left,
    definition.right,
    definition.rest,
    ...(definition.options ?? []),
    ...(definition.items ?? []),
  ]
  // A preprocess step is a pipe that begins with a transform; a codec's far side may be anything.
  for (const member of inner) {
    const found = member ? findUnstorable(member, path, seen) : undefined
    if (found !== undefined) return found
  }
  return definition.type === 'pipe' ? findOneWayPipe(definition, here) : undefined
}

function findOneWayPipe(
  definition: SchemaDefinition,
  path: string,
): { path: string; advice: string } | undefined {
  const out = (definition as { out?: z.ZodType }).out
  const oneWay = out !== undefined && definitionOf(out).type === 'transform'
  return oneWay ? { path, advice: 'use z.codec() instead of a one-way transform' } : undefined
}
