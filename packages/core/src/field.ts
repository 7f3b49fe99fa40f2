/** Index fields: how they are declared, and how their values are taken out of an encoded record. */

import type * as z from 'zod'
import { invalid } from './errors.ts'
import { type FieldPath, isManyValued, valueAt, valuesAt } from './field-path.ts'
import type { JsonValue } from './json.ts'
import type { FieldLayout, FieldType } from './layout.ts'
import { sortedTexts } from './order.ts'
import type { FieldValue } from './row.ts'
import { leadsNowhere, memberType } from './schema-type.ts'
import { byteLength } from './text.ts'
import { parseInstant } from './time.ts'
import { addWords, WORDS_EDITION } from './words.ts'

/**
 * How a field is declared in a definition:
 *
 * - `'index'`: can be filtered and sorted, served by an index of its own
 * - `'column'`: can be filtered and sorted, without an index of its own
 * - `'json'`: a member of any shape that SQL shows as a column; it can't be queried through the store
 * - an object, where the value does not stand at the top of the record under the field's name, or where its
 *   words are to be searched: `{ type: 'words', path: 'content' }`
 */
export type FieldDeclaration =
  | 'index'
  | 'column'
  | 'json'
  | {
      /**
       * Where the value stands in the encoded record: `provenance.task_id`. Default: the field's name. The step
       * `*` goes over the members of an array, `capabilities.*.type`: the field then holds the texts at its
       * ends, each once, in code point order. Missing members are passed over.
       */
      readonly path?: string
      /** Needed where the schema does not tell the type. */
      readonly type?: FieldType
      /** Whether the field has an index of its own. Default: true. */
      readonly index?: boolean
    }
  | WordsDeclaration

/**
 * A field of the words of texts, to be searched with `words` and `anyWord`. At most 50,000 different ones; of a
 * word of more than 255 characters its beginning counts.
 */
export interface WordsDeclaration {
  readonly type: 'words'
  /**
   * Where the texts stand, as one path or several: all texts and numbers there count, however deep in arrays
   * and objects; names of members do not. The step `*` goes over the members of an array. Default: the field's
   * name.
   */
  readonly path?: string | readonly string[]
  /** Whether the field has an index of its own. Default: true. */
  readonly index?: boolean
}

/** A declared field with all that is known about it. */
export interface Field extends Omit<FieldLayout, 'source'> {
  /** One path, or those of all that the words are taken from. */
  readonly paths: readonly [FieldPath, ...FieldPath[]]
  /** True where the texts are words, which `words` and `anyWord` ask for. */
  readonly words: boolean
  readonly indexed: boolean
}

/** A field as a backend sees it. */
export function fieldLayout({ name, type, nullable, paths, words }: Field): FieldLayout {
  const places = paths.map((path) => path.join('.'))
  if (words) return { name, type, nullable, source: [`words ${WORDS_EDITION}`, ...places] }
  return places[0] === name ? { name, type, nullable } : { name, type, nullable, source: places }
}

/** What can be a field's or a collection's name, so that it is safe as an identifier on every engine. */
export const NAME = /^[A-Za-z][A-Za-z0-9_]{0,57}$/

/** Completes a declaration from the schema. */
export function resolveField(
  name: string,
  declaration: Exclude<FieldDeclaration, 'json'>,
  schema: z.ZodType,
  collection: string,
): Field {
  if (!NAME.test(name)) {
    throw invalid(
      `${collection}: field '${name}' needs a name of letters, digits and _, beginning with a letter`,
    )
  }
  checkDeclaration(name, declaration, collection)
  const given = typeof declaration === 'object' ? declaration : { index: declaration === 'index' }
  const indexed = given.index ?? true
  if (given.type === 'words') return { ...wordsField(name, given, schema, collection), indexed }
  const path = parsePath(given.path ?? name, name, collection)
  const found = memberType(schema, path)
  if (found === undefined && given.type === undefined) {
    throw invalid(
      `${collection}: field '${name}': the schema has no member '${path.join('.')}'; give its type`,
    )
  }
  const type = given.type ?? found?.type
  if (type === undefined) {
    throw invalid(
      `${collection}: field '${name}' is of no type that can be queried ` +
        '(text, integer, number, boolean, timestamp, texts); declare it as json or give its type',
    )
  }
  if (isManyValued(path)) {
    if (type !== 'texts')
      throw invalid(`${collection}: field '${name}': a path with * is for texts and words`)
    refuseNowhere(name, path, schema, collection)
  }
  return { name, type, paths: [path], words: false, nullable: found?.nullable ?? true, indexed }
}

function wordsField(
  name: string,
  given: WordsDeclaration,
  schema: z.ZodType,
  collection: string,
): Omit<Field, 'indexed'> {
  const texts = typeof given.path === 'object' ? given.path : [given.path ?? name]
  const [path, ...others] = texts.map((text) => parsePath(text, name, collection))
  if (path === undefined) throw invalid(`${collection}: field '${name}': give at least one path`)
  const paths: Field['paths'] = [path, ...others]
  for (const each of paths) refuseNowhere(name, each, schema, collection)
  // In SQL a column of that name would be taken for the member.
  if (memberType(schema, [name]) !== undefined && texts.some((text) => text !== name)) {
    throw invalid(
      `${collection}: field '${name}' holds words of other members than '${name}'; give it another name`,
    )
  }
  const nullable = paths.every((each) => memberType(schema, each)?.nullable ?? true)
  return { name, type: 'texts', paths, words: true, nullable }
}

function parsePath(path: unknown, name: string, collection: string): FieldPath {
  const steps = typeof path === 'string' ? path.split('.') : ['']
  if (!steps.includes('')) return steps
  throw invalid(`${collection}: field '${name}': a path is names of members, or *, with dots between them`)
}

/** A path that is misspelt would silently lead to nothing, for ever. */
function refuseNowhere(name: string, path: FieldPath, schema: z.ZodType, collection: string): void {
  if (!leadsNowhere(schema, path)) return
  throw invalid(
    `${collection}: field '${name}': by its schema a record has nothing at '${path.join('.')}' ` +
      '(* stands for the members of an array)',
  )
}

/** Refuses what the compiler would: a misspelt word would silently make another field. */
function checkDeclaration(name: string, declaration: unknown, collection: string): void {
  if (declaration === 'index' || declaration === 'column') return
  const isObject = typeof declaration === 'object' && declaration !== null
  const wrong = isObject && Object.keys(declaration).find((option) => !FIELD_OPTIONS.includes(option))
  const type = isObject ? (declaration as { type?: unknown }).type : undefined
  const isKnownType = type === undefined || type === 'words' || Object.hasOwn(DESCRIPTIONS, String(type))
  if (isObject && wrong === undefined && isKnownType) return
  throw invalid(
    `${collection}: field '${name}' is declared as 'index', 'column', 'json' or an object of ` +
      `${FIELD_OPTIONS.join(', ')}; types are ${Object.keys(DESCRIPTIONS).join(', ')}, words`,
  )
}

const FIELD_OPTIONS: readonly string[] = ['path', 'type', 'index']

/** Takes a field's value out of an encoded record, or refuses a value that is not of the field's type. */
export function extractField(field: Field, encoded: unknown, collection: string): FieldValue {
  if (field.words) return extractWords(field, encoded, collection)
  const [path] = field.paths
  if (isManyValued(path)) return extractTexts(field, path, encoded, collection)
  const value = valueAt(encoded, path)
  if (value === undefined || value === null) return null
  const converted = toFieldValue(field.type, value as JsonValue)
  if (converted === undefined) {
    throw invalid(`${collection}: field '${field.name}' must hold ${DESCRIPTIONS[field.type]}`, {
      collection,
    })
  }
  return converted
}

/** Null where no array stands before the first `*`. */
function extractTexts(field: Field, path: FieldPath, encoded: unknown, collection: string): FieldValue {
  const values = valuesAt(encoded, path)
  if (values === undefined) return null
  if (values.every((value) => typeof value === 'string')) return sortedTexts(values)
  throw invalid(
    `${collection}: field '${field.name}' must find arrays at each * of '${path.join('.')}', and texts at its end`,
    { collection },
  )
}

/** The most different words of one field: bounds what one write brings into an index. */
const MAX_WORDS = 50_000

/** Null where nothing stands at any of the paths; where it has no words, none. */
function extractWords(field: Field, encoded: unknown, collection: string): FieldValue {
  const found = field.paths.map((path) => valuesAt(encoded, path))
  if (found.every((values) => values === undefined)) return null
  const words = new Set<string>()
  addWordsWithin(found, words)
  if (words.size > MAX_WORDS) {
    throw invalid(
      `${collection}: field '${field.name}' has more than ${MAX_WORDS} different words; ` +
        'spread the text over several records, or take words from less of it',
      { collection },
    )
  }
  return sortedTexts(words)
}

function addWordsWithin(value: unknown, words: Set<string>): void {
  if (words.size > MAX_WORDS) return
  if (typeof value === 'string') addWords(value, words, MAX_WORDS)
  else if (typeof value === 'number') addWords(String(value), words, MAX_WORDS)
  else if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) addWordsWithin(member, words)
  }
}

/** What each type is called in a message. */
export const DESCRIPTIONS: Readonly<Record<FieldType, string>> = {
  text: 'text',
  integer: 'an integer within ±(2^53−1)',
  number: 'a finite number',
  boolean: 'true or false',
  timestamp: 'an ISO 8601 timestamp with a time zone, in the years 0001 to 9999',
  texts: 'an array of texts',
}

function toFieldValue(type: FieldType, value: JsonValue): FieldValue | undefined {
  switch (type) {
    case 'text':
      return typeof value === 'string' ? value : undefined
    case 'integer':
      return Number.isSafeInteger(value) ? withoutNegativeZero(value as number) : undefined
    case 'number':
      return typeof value === 'number' ? withoutNegativeZero(value) : undefined
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'timestamp':
      return typeof value === 'string' ? parseInstant(value) : undefined
    case 'texts':
      return Array.isArray(value) && value.every((member) => typeof member === 'string') ? value : undefined
  }
}

function withoutNegativeZero(value: number): number {
  return value === 0 ? 0 : value
}

/** The bytes of text that a value brings into an index entry. */
export function indexedBytes(value: FieldValue): number {
  if (typeof value === 'string') return byteLength(value)
  return Array.isArray(value) ? value.reduce((most, text) => Math.max(most, byteLength(text)), 0) : 0
}
