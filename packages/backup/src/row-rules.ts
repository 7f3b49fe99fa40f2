/** What rows and floors must be to go into an archive and out of one: writer and reader hold to the same. */

import type { FieldType, Layout, TenantFloor } from '@coffer/core'
import {
  compareText,
  isHistoryName,
  type Key,
  MAX_DEPTH,
  MAX_HISTORY_ID_BYTES,
  MAX_KEY_BYTES,
  MAX_TENANT_BYTES,
  type NewRow,
} from '@coffer/core/backend'
import { membersIn } from './member-count.ts'

/** Says what is wrong with a row or a floor; never what stands in it. */
export class LineProblem extends Error {}

/** Checks the rows of one layout, in their order. */
export class RowRules {
  readonly #layout: Layout
  readonly #maxIdBytes: number
  #last: Key | undefined

  constructor(layout: Layout) {
    this.#layout = layout
    this.#maxIdBytes = isHistoryName(layout.name) ? MAX_HISTORY_ID_BYTES : MAX_KEY_BYTES
  }

  /** Throws a `LineProblem`. @param document the row's document, parsed */
  check(row: NewRow, document: unknown): void {
    checkName(row.tenant, MAX_TENANT_BYTES, 'tenant')
    checkName(row.id, this.#maxIdBytes, 'key')
    checkPositive(row.version, 'version')
    checkInteger(row.createdAt, 'createdAt')
    checkInteger(row.updatedAt, 'updatedAt')
    if (row.expiresAt !== null) checkInteger(row.expiresAt, 'expiresAt')
    if (row.deletedAt !== null) checkInteger(row.deletedAt, 'deletedAt')
    checkPositive(row.schemaVersion, 'schemaVersion')
    if (row.hash !== null) checkText(row.hash, 'hash')
    this.#checkFields(row.fields)
    checkDocument(row.document, document)
    this.#checkOrder(row)
  }

  #checkFields(values: unknown): void {
    const { fields } = this.#layout
    if (!Array.isArray(values) || values.length !== fields.length) {
      throw new LineProblem('has not the fields of its layout')
    }
    for (const [position, { name, type, nullable }] of fields.entries()) {
      const value: unknown = values[position]
      if (value === null ? nullable : FITS[type](value)) continue
      throw new LineProblem(`does not fit the type of the field '${name}'`)
    }
  }

  #checkOrder({ tenant, id }: Key): void {
    const last = this.#last
    if (last !== undefined && (compareText(last.tenant, tenant) || compareText(last.id, id)) >= 0) {
      throw new LineProblem('stands behind a row that it must stand before, or stands there twice')
    }
    this.#last = { tenant, id }
  }
}

/** Checks the floors of one layout, in their order. */
export class FloorRules {
  #last: string | undefined

  /** Throws a `LineProblem`. */
  check({ tenant, version }: TenantFloor): void {
    checkName(tenant, MAX_TENANT_BYTES, 'tenant')
    checkPositive(version, 'version')
    if (this.#last !== undefined && compareText(this.#last, tenant) >= 0) {
      throw new LineProblem('stands behind a tenant that it must stand before, or stands there twice')
    }
    this.#last = tenant
  }
}

const FITS: Readonly<Record<FieldType, (value: unknown) => boolean>> = {
  text: isText,
  integer: Number.isSafeInteger,
  number: Number.isFinite,
  boolean: (value) => typeof value === 'boolean',
  timestamp: Number.isSafeInteger,
  texts: (value) => Array.isArray(value) && value.every(isText),
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0')
}

function checkText(value: unknown, what: string): asserts value is string {
  if (!isText(value)) throw new LineProblem(`has no ${what} as there can be one`)
}

function checkName(value: unknown, maxBytes: number, what: string): void {
  checkText(value, what)
  if (value !== '' && (value.length * 3 <= maxBytes || Buffer.byteLength(value) <= maxBytes)) return
  throw new LineProblem(`has a ${what} that is empty or longer than ${maxBytes} bytes`)
}

function checkInteger(value: unknown, what: string): asserts value is number {
  if (!Number.isSafeInteger(value)) throw new LineProblem(`has no ${what} that is a whole number`)
}

function checkPositive(value: unknown, what: string): void {
  checkInteger(value, what)
  if (value < 1) throw new LineProblem(`has a ${what} below 1`)
}

function checkDocument(text: string, document: unknown): void {
  if (!text.startsWith('{') || !text.endsWith('}')) throw new LineProblem('is not written as a row is')
  // What the parser makes of two members of one name is the last of them.
  if (countMembers(document, 0) !== membersIn(text)) {
    throw new LineProblem('has a document with two members of one name')
  }
  if (/\\u(?:0000|[dD][89a-fA-F])/.test(text)) checkStorable(document)
}

/** How many members all objects of a value have. Throws for what is nested too deep, and for numbers that are none. */
function countMembers(value: unknown, depth: number): number {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new LineProblem('has a number that is larger than there are any')
  }
  if (typeof value !== 'object' || value === null) return 0
  if (depth > MAX_DEPTH) throw new LineProblem(`is nested deeper than ${MAX_DEPTH} levels`)
  const inner: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  let count = Array.isArray(value) ? 0 : inner.length
  for (const each of inner) count += countMembers(each, depth + 1)
  return count
}

/** Refuses what no engine stores as it is. */
function checkStorable(value: unknown): void {
  if (typeof value === 'string') checkText(value, 'text')
  else if (typeof value === 'object' && value !== null) {
    for (const [member, inner] of Object.entries(value)) {
      checkText(member, 'name of a member')
      checkStorable(inner)
    }
  }
}
