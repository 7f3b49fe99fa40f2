/** A layout as one text, to be compared. */

import type { Layout } from '@coffer/core/backend'

/** Equal for layouts that a directory keeps alike; its history is a layout of its own. */
export function layoutText(layout: Layout): string {
  const { name, fields, indexes, documentColumns, appendOnly, schemaVersion } = layout
  const members = fields.map((field) => [field.name, field.type, field.nullable, field.source])
  return JSON.stringify([name, members, indexes, documentColumns, appendOnly, schemaVersion])
}
