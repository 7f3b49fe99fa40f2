/** Documents as JSON: what may be stored, and the canonical form that hashes are taken of. */

import { invalid, type StoreError } from './errors.ts'
import { byteLength, isStorableText } from './text.ts'

/** The deepest nesting of a document. */
export const MAX_DEPTH = 128

/** Anything that JSON can say. Numbers are finite. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject
/** A JSON object: members by name, in no order that counts. */
export interface JsonObject {
  readonly [member: string]: JsonValue
}

/**
 * Turns an encoded record into JSON text, or refuses it: NaN, infinities, bigints, functions, symbols,
 * `undefined` in arrays, cycles, instances of classes, NUL or lone surrogates in any text, nesting over
 * 128, more than `maxBytes`. Members that are `undefined` are left out; -0 becomes 0. The refusal names
 * the place, never the value.
 */
export function toDocument(value: unknown, maxBytes: number, collection: string): string {
  checkDocument(value, maxBytes, collection)
  return documentText(value, maxBytes, collection)
}

/** The part of `toDocument` that refuses what JSON does not have, for what is hashed before it becomes text. */
export function checkDocument(value: unknown, maxBytes: number, collection: string): void {
  checkStorable(value, '', 1, { collection, maxBytes, containers: 0 })
}

/** The rest of `toDocument`, of what `checkDocument` has let pass. */
export function documentText(value: unknown, maxBytes: number, collection: string): string {
  const text = JSON.stringify(value)
  // JSON.stringify escapes NUL and lone surrogates, so text without escapes needs no second look.
  if (text.includes('\\u')) checkTexts(value, '', collection)
  if (text.length > maxBytes || (text.length * 3 > maxBytes && byteLength(text) > maxBytes)) {
    throw tooLarge(maxBytes, collection)
  }
  return text
}

function tooLarge(maxBytes: number, collection: string): StoreError {
  return invalid(`${collection}: the record is larger than ${maxBytes} bytes (maxDocumentBytes)`, {
    collection,
  })
}

/** A check under way. */
interface Check {
  readonly collection: string
  readonly maxBytes: number
  /** Arrays and objects that were met, each as often as it will be written. */
  containers: number
}

function refuse(path: string, problem: string, collection: string): never {
  const place = path.length > 60 ? `${path.slice(0, 60)}…` : path
  throw invalid(`${collection}: ${place === '' ? 'the record' : place} ${problem}`, { collection })
}

function checkStorable(value: unknown, path: string, depth: number, check: Check): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return
    case 'number':
      if (!Number.isFinite(value)) refuse(path, 'is not a finite number', check.collection)
      return
    case 'object':
      if (value !== null) checkMembers(value, path, depth, check)
      return
    default:
      refuse(path, `is of type ${typeof value}, which JSON does not have`, check.collection)
  }
}

function checkMembers(value: object, path: string, depth: number, check: Check): void {
  // What stands in two places on each level is written more often than can be waited for.
  if (++check.containers * 2 > check.maxBytes) throw tooLarge(check.maxBytes, check.collection)
  if (depth > MAX_DEPTH)
    refuse(path, `is nested deeper than ${MAX_DEPTH} levels or contains itself`, check.collection)
  if (Array.isArray(value)) {
    for (let position = 0; position < value.length; position++) {
      checkStorable(value[position], `${path}[${position}]`, depth + 1, check)
    }
    return
  }
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    refuse(
      path,
      value instanceof Date
        ? 'is a Date where JSON is stored: give date.toISOString(), or say isoDate in the schema'
        : 'is an instance of a class; give it a codec in the schema, or make it plain data',
      check.collection,
    )
  }
  for (const name of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[name]
    if (member === undefined) continue
    // The place is only spelled out on the way into containers and on the way out as an error.
    if (typeof member === 'string' || typeof member === 'boolean' || member === null) continue
    if (typeof member === 'number' && Number.isFinite(member)) continue
    checkStorable(member, path === '' ? name : `${path}.${name}`, depth + 1, check)
  }
}

function checkTexts(value: unknown, path: string, collection: string): void {
  if (typeof value === 'string') {
    if (!isStorableText(value)) refuse(path, 'contains NUL or a lone surrogate', collection)
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      if (!isStorableText(name))
        refuse(path, 'has a member whose name contains NUL or a lone surrogate', collection)
      checkTexts(member, path === '' ? name : `${path}.${name}`, collection)
    }
  }
}

/**
 * The canonical form of a JSON value by RFC 8785: members sorted by UTF-16 code units, no white space,
 * numbers as JavaScript writes them. Two documents are equal exactly when their canonical forms are.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw invalid('a number that is not finite has no canonical form')
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  // Text is added to, not joined from parts: every record and entry that is hashed comes by here.
  let text = ''
  if (Array.isArray(value)) {
    for (const member of value) text += `${text === '' ? '' : ','}${canonicalJson(member)}`
    return `[${text}]`
  }
  const object = value as Record<string, unknown>
  for (const name of inOrder(Object.keys(object))) {
    const member = object[name]
    if (member === undefined) continue
    text += `${text === '' ? '' : ','}${quotedName(name)}:${canonicalJson(member)}`
  }
  return `{${text}}`
}

const MANY_NAMES = 32

/** Sorts by UTF-16 code units. A few names are put in their places: `sort` takes more memory than they do. */
function inOrder(names: string[]): readonly string[] {
  if (names.length > MANY_NAMES) return names.sort()
  for (let end = 1; end < names.length; end++) {
    const name = names[end] as string
    let place = end
    for (; place > 0 && (names[place - 1] as string) > name; place--)
      names[place] = names[place - 1] as string
    names[place] = name
  }
  return names
}

/** Names of members as JSON writes them: the same few, again and again. */
const quotedNames = new Map<string, string>()
const MAX_QUOTED_NAMES = 1_000

function quotedName(name: string): string {
  const known = quotedNames.get(name)
  if (known !== undefined) return known
  const quoted = JSON.stringify(name)
  if (quotedNames.size < MAX_QUOTED_NAMES) quotedNames.set(name, quoted)
  return quoted
}
