/**
 * Between records and rows: encodes by the schema, checks, extracts index fields and hashes on the way in;
 * upgrades and decodes on the way out.
 */

import * as z from 'zod'
import type { CollectionDefinition } from './definition.ts'
import { findDroppedMember } from './dropped-member.ts'
import { invalid, isStoreError, StoreError } from './errors.ts'
import { extractField, indexedBytes } from './field.ts'
import { recordHash } from './hash.ts'
import { canonicalJson, type JsonObject, toDocument } from './json.ts'
import { type OrderTerm, type Position, positionOf } from './order.ts'
import type { FieldValue, StoredDocument, StoredRow } from './row.ts'
import { checkKey, MAX_INDEXED_BYTES } from './text.ts'
import { parseInstant } from './time.ts'

/** A record ready to be stored. */
export interface EncodedRecord {
  readonly id: string
  readonly document: string
  readonly fields: readonly FieldValue[]
  readonly hash: string | null
  /** The deadline that the record itself carries; `undefined` where its definition names no member for it. */
  readonly expiresAt: number | null | undefined
}

/** Encodes a record, or refuses it with what is wrong and where; never with the value. */
export function encodeRecord(
  definition: CollectionDefinition,
  record: unknown,
  tenant: string,
  maxBytes: number,
): EncodedRecord {
  const encoded = encodeBySchema(definition, record)
  const id = checkKey(encoded[definition.key], definition.name)
  const document = toDocument(encoded, maxBytes, definition.name)
  return {
    id,
    document,
    fields: extractFields(definition, encoded),
    hash: definition.integrity ? recordHash(definition.name, tenant, id, encoded) : null,
    expiresAt: deadlineOf(definition, encoded),
  }
}

/** A record as its schema encodes it, before it becomes text. */
export function encodeBySchema(definition: CollectionDefinition, record: unknown): Record<string, unknown> {
  const dropped = definition.dropsMembers ? findDroppedMember(record) : undefined
  if (dropped !== undefined) {
    throw invalid(`${definition.name}: ${dropped}: a member of this name can't be stored here; rename it`, {
      collection: definition.name,
    })
  }
  try {
    return z.encode(definition.strictSchema, record) as Record<string, unknown>
  } catch (cause) {
    throw refusalOf(definition, cause)
  }
}

function refusalOf(definition: CollectionDefinition, cause: unknown): StoreError {
  const collection = definition.name
  if (!(cause instanceof z.core.$ZodError)) {
    // A codec threw: its message may carry the value.
    return invalid(`${collection}: the record can't be encoded by its schema`, { collection })
  }
  const problems = cause.issues.slice(0, 3).map((issue) => {
    const path = issue.path.map(String).join('.')
    const hint = issue.message.endsWith('received Date') ? '; use isoDate in the schema for a Date' : ''
    return `${path === '' ? 'the record' : path}: ${issue.message}${hint}`
  })
  return invalid(`${collection}: ${problems.join('; ')}`, { collection })
}

/** The values of the index fields, in the layout's order. */
export function extractFields(definition: CollectionDefinition, encoded: unknown): readonly FieldValue[] {
  const values = definition.fields.map((field) => extractField(field, encoded, definition.name))
  const missing = values.findIndex(
    (value, position) => value === null && definition.fields[position]?.nullable === false,
  )
  if (missing !== -1) {
    throw invalid(
      `${definition.name}: the record has no '${definition.fields[missing]?.name}', which its schema requires`,
      {
        collection: definition.name,
      },
    )
  }
  for (const index of definition.layout.indexes) {
    const bytes = index.reduce((sum, position) => sum + indexedBytes(values[position] ?? null), 0)
    if (bytes > MAX_INDEXED_BYTES) {
      const names = index.map((position) => definition.fields[position]?.name).join(', ')
      throw invalid(
        `${definition.name}: ${names}: more than ${MAX_INDEXED_BYTES} bytes of text can't be indexed; ` +
          `declare the field as 'column'`,
        { collection: definition.name },
      )
    }
  }
  return values
}

/** The place of a document of the present schema in an order: what its index fields and its key say. */
export function positionOfDocument(
  definition: CollectionDefinition,
  document: StoredDocument,
  order: readonly OrderTerm[],
): Position {
  const encoded = parseDocument(definition, document)
  const asked = new Set(order.map((term) => term.field))
  // Fields that decide nothing stay where they are: taking words out of a text is work.
  const fields = definition.fields.map((field, position) =>
    asked.has(position) ? extractField(field, encoded, definition.name) : null,
  )
  return positionOf({ id: String(encoded[definition.key]), fields }, order)
}

function deadlineOf(definition: CollectionDefinition, encoded: JsonObject | Record<string, unknown>) {
  if (definition.expiresAt === undefined) return undefined
  const value = encoded[definition.expiresAt]
  if (value === undefined || value === null) return null
  const deadline = typeof value === 'string' ? parseInstant(value) : undefined
  if (deadline !== undefined) return deadline
  throw invalid(`${definition.name}: ${definition.expiresAt} must be an ISO 8601 timestamp`, {
    collection: definition.name,
  })
}

/** What is needed of a row to decode it. */
export type Decodable = StoredDocument & { readonly id?: string }

/**
 * The record of a row: parsed, brought up to the present schema, decoded. Every call gives a value of its
 * own. What this version of a plain schema has stored is not checked again; `verify` does that.
 */
export function decodeRow<R>(definition: CollectionDefinition<R>, row: Decodable): R {
  if (definition.isTransparent && row.schemaVersion === definition.version) {
    return parseDocument(definition, row) as R
  }
  return decodeDocument(definition, row)
}

/** As `decodeRow`, and checks that the document fits the schema. */
export function decodeDocument<R>(definition: CollectionDefinition<R>, row: Decodable): R {
  const document = currentDocument(definition, row)
  const result = decodeBySchema(definition, document)
  if (result.success) return result.data
  const path = result.error?.issues[0]?.path.join('.') ?? ''
  throw new StoreError(
    'CORRUPT',
    `${definition.name}: a stored record no longer fits the schema${path === '' ? '' : ` at '${path}'`}; ` +
      'raise the definition’s version and give an upgrade',
    { collection: definition.name, keys: row.id === undefined ? undefined : [row.id] },
  )
}

/** A codec of the schema may throw, with the value in its message; that is a document that does not fit. */
function decodeBySchema<R>(definition: CollectionDefinition<R>, document: JsonObject) {
  try {
    return z.safeDecode(definition.schema, document)
  } catch {
    return { success: false, error: undefined } as const
  }
}

/** The stored document of a row, brought up to the present schema. */
export function currentDocument(definition: CollectionDefinition, row: Decodable): JsonObject {
  return upgradeDocument(definition, parseDocument(definition, row), row.schemaVersion)
}

/** Takes a document through the upgrades that it has not had. */
export function upgradeDocument(
  definition: CollectionDefinition,
  document: JsonObject,
  schemaVersion: number,
): JsonObject {
  if (schemaVersion > definition.version) {
    throw new StoreError(
      'UNSUPPORTED',
      `${definition.name}: a record was written by version ${schemaVersion} of the schema, ` +
        `this program knows ${definition.version}; update the program`,
      { collection: definition.name },
    )
  }
  let upgraded = document
  for (let version = schemaVersion; version < definition.version; version++) {
    const step = definition.upgrade[version]
    if (step !== undefined) upgraded = step(upgraded)
  }
  return upgraded
}

/** The document of a row; one that is no JSON has been changed behind the store's back. */
function parseDocument(definition: CollectionDefinition, row: Decodable): JsonObject {
  try {
    return JSON.parse(row.document) as JsonObject
  } catch {
    throw new StoreError('CORRUPT', `${definition.name}: a stored document is not JSON`, {
      collection: definition.name,
      keys: row.id === undefined ? undefined : [row.id],
    })
  }
}

/** What is wrong with a stored row, if anything: its hash, or columns that no longer say what its document says. */
export function findDamage(definition: CollectionDefinition, row: StoredRow): string | undefined {
  try {
    const document = parseDocument(definition, row)
    if (definition.integrity && row.hash !== recordHash(definition.name, row.tenant, row.id, document)) {
      return 'the record does not match its hash'
    }
    if (document[definition.key] !== row.id) return 'the record does not stand under its own key'
    decodeDocument(definition, row)
    if (row.schemaVersion !== definition.version || row.fields === undefined) return undefined
    const expected = definition.fields.map((field) => extractField(field, document, definition.name))
    const matches = canonicalJson(expected) === canonicalJson(row.fields)
    return matches ? undefined : 'an index field does not match the record'
  } catch (error) {
    if (isStoreError(error)) return error.message
    throw error
  }
}
