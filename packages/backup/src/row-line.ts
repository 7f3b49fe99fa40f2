/** Rows and floors as lines of an archive, to the byte. */

import { canonicalJson, type Layout, type TenantFloor } from '@coffer/core'
import type { NewRow } from '@coffer/core/backend'

/** All of a row but its document, as the line begins. */
function headOf(row: NewRow, fields: NewRow['fields']): string {
  const head = [
    row.tenant,
    row.id,
    row.version,
    row.createdAt,
    row.updatedAt,
    row.expiresAt,
    row.deletedAt,
    row.schemaVersion,
    row.hash,
    fields,
  ]
  return `${JSON.stringify(head).slice(0, -1)},`
}

/** How many values stand before the document. */
export const HEAD_LENGTH = 10

/** The line of a row, without its end: a JSON array whose last value is the document as it is stored. */
export function rowLine(row: NewRow): string {
  const { document } = row
  // An engine lets its own tools store JSON over several lines.
  const text = /[\r\n]/.test(document) ? JSON.stringify(JSON.parse(document)) : document
  return `${headOf(row, row.fields)}${text}]`
}

/**
 * The line that hashes are taken of: the same from every backend, though one orders members anew and another
 * the texts of a field.
 */
export function canonicalLine(row: NewRow, layout: Layout, document: unknown): string {
  return `${headOf(row, canonicalFields(row, layout))}${canonicalJson(document)}]\n`
}

function canonicalFields({ fields }: NewRow, layout: Layout): NewRow['fields'] {
  if (!layout.fields.some(({ type }) => type === 'texts')) return fields
  return fields.map((value) => (Array.isArray(value) ? [...value].sort() : value))
}

/** The line of a floor, without its end. */
export function floorLine({ tenant, version }: TenantFloor): string {
  return JSON.stringify([tenant, version])
}
