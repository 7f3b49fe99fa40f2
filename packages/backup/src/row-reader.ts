/** From the lines of an archive back to rows and floors; nothing that does not fit its layout gets through. */

import type { FieldType, Layout, TenantFloor } from '@coffer/core'
import { compareText, type FieldValue, type Key, type NewRow } from '@coffer/core/backend'
import { HEAD_LENGTH } from './row-line.ts'

/** Says what is wrong with a line; never what stands in it. */
export class LineProblem extends Error {}

/** A row with its document, parsed. */
export interface ReadRow {
  readonly row: NewRow
  readonly document: unknown
}

const MAX_KEY_BYTES = 1_024
const MAX_TENANT_BYTES = 256

/** Reads the lines of one layout, in their order. */
export class RowReader {
  readonly #layout: Layout
  #last: Key | undefined

  constructor(layout: Layout) {
    this.#layout = layout
  }

  /** The next row; throws a `LineProblem`. */
  read(line: string): ReadRow {
    const values = parseLine(line)
    if (values.length !== HEAD_LENGTH + 1) throw new LineProblem('is not a row')
    const head = `${JSON.stringify(values.slice(0, HEAD_LENGTH)).slice(0, -1)},`
    const document = line.slice(head.length, -1)
    if (!line.startsWith(head) || !document.startsWith('{') || !document.endsWith('}')) {
      throw new LineProblem('is not written as a row is')
    }
    const [tenant, id, version, createdAt, updatedAt, expiresAt, deletedAt, schemaVersion, hash, fields] =
      values
    const row: NewRow = {
      tenant: name(tenant, MAX_TENANT_BYTES, 'tenant'),
      id: name(id, MAX_KEY_BYTES, 'key'),
      version: positive(version, 'version'),
      createdAt: integer(createdAt, 'createdAt'),
      updatedAt: integer(updatedAt, 'updatedAt'),
      expiresAt: expiresAt === null ? null : integer(expiresAt, 'expiresAt'),
      deletedAt: deletedAt === null ? null : integer(deletedAt, 'deletedAt'),
      schemaVersion: positive(schemaVersion, 'schemaVersion'),
      hash: hash === null ? null : text(hash, 'hash'),
      fields: this.#fields(fields),
      document,
    }
    if (/\\u(?:0000|[dD][89a-fA-F])/.test(document)) refuseUnstorable(values[HEAD_LENGTH])
    this.#inOrder(row)
    return { row, document: values[HEAD_LENGTH] }
  }

  #fields(values: unknown): readonly FieldValue[] {
    const { fields } = this.#layout
    if (!Array.isArray(values) || values.length !== fields.length) {
      throw new LineProblem('has not the fields of its layout')
    }
    for (const [position, { name, type, nullable }] of fields.entries()) {
      const value: unknown = values[position]
      if (value === null ? nullable : FITS[type](value)) continue
      throw new LineProblem(`does not fit the type of the field '${name}'`)
    }
    return values
  }

  #inOrder({ tenant, id }: Key): void {
    const last = this.#last
    if (last !== undefined && (compareText(last.tenant, tenant) || compareText(last.id, id)) >= 0) {
      throw new LineProblem('stands behind a row that it must stand before, or stands there twice')
    }
    this.#last = { tenant, id }
  }
}

/** Reads the floors of one layout, in their order. */
export class FloorReader {
  #last: string | undefined

  /** The next floor; throws a `LineProblem`. */
  read(line: string): TenantFloor {
    const values = parseLine(line)
    if (values.length !== 2 || JSON.stringify(values) !== line) throw new LineProblem('is not a floor')
    const tenant = name(values[0], MAX_TENANT_BYTES, 'tenant')
    const version = positive(values[1], 'version')
    if (this.#last !== undefined && compareText(this.#last, tenant) >= 0) {
      throw new LineProblem('stands behind a tenant that it must stand before, or stands there twice')
    }
    this.#last = tenant
    return { tenant, version }
  }
}

const FITS: Readonly<Record<FieldType, (value: unknown) => boolean>> = {
  text: isText,
  integer: Number.isSafeInteger,
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  timestamp: Number.isSafeInteger,
  texts: (value) => Array.isArray(value) && value.every(isText),
}

function parseLine(line: string): readonly unknown[] {
  try {
    const values: unknown = JSON.parse(line)
    if (Array.isArray(values)) return values
  } catch {
    // Told below, without what the parser quotes.
  }
  throw new LineProblem('is not a JSON array')
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0')
}

function text(value: unknown, what: string): string {
  if (isText(value)) return value
  throw new LineProblem(`has no ${what} as there can be one`)
}

function name(value: unknown, maxBytes: number, what: string): string {
  const found = text(value, what)
  if (found !== '' && (found.length * 3 <= maxBytes || Buffer.byteLength(found) <= maxBytes)) return found
  throw new LineProblem(`has a ${what} that is empty or longer than ${maxBytes} bytes`)
}

function integer(value: unknown, what: string): number {
  if (Number.isSafeInteger(value)) return value as number
  throw new LineProblem(`has no ${what} that is a whole number`)
}

function positive(value: unknown, what: string): number {
  const found = integer(value, what)
  if (found >= 1) return found
  throw new LineProblem(`has a ${what} below 1`)
}

/** What no engine stores as it is. */
function refuseUnstorable(value: unknown): void {
  if (typeof value === 'string') text(value, 'text')
  else if (typeof value === 'object' && value !== null) {
    for (const [member, inner] of Object.entries(value)) {
      text(member, 'name of a member')
      refuseUnstorable(inner)
    }
  }
}
