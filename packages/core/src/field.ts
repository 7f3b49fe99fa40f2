/** Index fields: how they are declared, and how their values are taken out of an encoded record. */

import type * as z from 'zod'
import { invalid } from './errors.ts'
import type { JsonValue } from './json.ts'
import type { FieldLayout, FieldType } from './layout.ts'
import type { FieldValue } from './row.ts'
import { memberType } from './schema-type.ts'
import { byteLength } from './text.ts'
import { parseInstant } from './time.ts'

/**
 * How a field is declared in a definition:
 *
 * - `'index'`: can be filtered and sorted, served by an index of its own
 * - `'column'`: can be filtered and sorted, without an index of its own
 * - `'json'`: a member of any shape that SQL shows as a column; it can't be queried through the store
 * - an object, where the value does not stand at the top of the record under the field's name
 */
export type FieldDeclaration =
  | 'index'
  | 'column'
  | 'json'
  | {
      /** Where the value stands in the encoded record: `provenance.task_id`. Default: the field's name. */
      readonly path?: string
      /** Needed where the schema does not tell the type. */
      readonly type?: FieldType
      /** Whether the field has an index of its own. Default: true. */
      readonly index?: boolean
    }

/** A declared field with all that is known about it. */
export interface Field extends FieldLayout {
  readonly path: readonly string[]
  readonly indexed: boolean
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
  const path = (given.path ?? name).split('.')
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
  return { name, type, path, nullable: found?.nullable ?? true, indexed: given.index ?? true }
}

/** Refuses what the compiler would: a misspelt word would silently make another field. */
function checkDeclaration(name: string, declaration: unknown, collection: string): void {
  if (declaration === 'index' || declaration === 'column') return
  const isObject = typeof declaration === 'object' && declaration !== null
  const wrong = isObject && Object.keys(declaration).find((option) => !FIELD_OPTIONS.includes(option))
  const type = isObject ? (declaration as { type?: unknown }).type : undefined
  const isKnownType = type === undefined || Object.hasOwn(DESCRIPTIONS, String(type))
  if (isObject && wrong === undefined && isKnownType) return
  throw invalid(
    `${collection}: field '${name}' is declared as 'index', 'column', 'json' or an object of ` +
      `${FIELD_OPTIONS.join(', ')}; types are ${Object.keys(DESCRIPTIONS).join(', ')}`,
  )
}

const FIELD_OPTIONS: readonly string[] = ['path', 'type', 'index']

/** Takes a field's value out of an encoded record, or refuses a value that is not of the field's type. */
export function extractField(field: Field, encoded: unknown, collection: string): FieldValue {
  let value = encoded
  for (const step of field.path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return null
    value = (value as Record<string, unknown>)[step]
  }
  if (value === undefined || value === null) return null
  const converted = toFieldValue(field.type, value as JsonValue)
  if (converted === undefined) {
    throw invalid(`${collection}: field '${field.name}' must hold ${DESCRIPTIONS[field.type]}`, {
      collection,
    })
  }
  return converted
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
  return Array.isArray(value) ? Math.max(0, ...value.map(byteLength)) : 0
}
