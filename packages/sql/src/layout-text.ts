/** A layout as the text that stands for it in a database. */

import type { FieldType, Layout } from '@coffer/core/backend'

const FIELD_TYPES: Readonly<Record<FieldType, true>> = {
  text: true,
  integer: true,
  number: true,
  boolean: true,
  timestamp: true,
  texts: true,
}

/**
 * What a layout's table and rows depend on, as JSON text: two layouts with one text need no change. The
 * history is left out, for it is a layout of its own.
 */
export function layoutText(layout: Layout): string {
  const { name, fields, indexes, documentColumns, appendOnly, schemaVersion } = layout
  return JSON.stringify({
    name,
    fields: fields.map(({ name, type, nullable, source }) => ({ name, type, nullable, source })),
    indexes,
    documentColumns,
    appendOnly,
    schemaVersion,
  })
}

/** Reads what `layoutText` wrote, now or in an earlier release; `undefined` where it is damaged. */
export function parseLayout(name: string, text: string): Layout | undefined {
  const value = parseJson(text)
  return isLayout(value) && value.name === name ? { ...value, history: undefined } : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isLayout(value: unknown): value is Layout {
  const { fields, indexes, documentColumns, appendOnly, schemaVersion } = (value ?? {}) as Partial<Layout>
  if (![fields, indexes, documentColumns].every(Array.isArray)) return false
  const isPosition = (position: number) => fields?.[position] !== undefined
  return (
    typeof appendOnly === 'boolean' &&
    Number.isInteger(schemaVersion) &&
    fields?.every(isField) === true &&
    indexes?.every((index) => Array.isArray(index) && index.every(isPosition)) === true &&
    documentColumns?.every((member) => typeof member === 'string') === true
  )
}

function isField(field: Partial<Layout['fields'][number]> | null): boolean {
  const { name, type, nullable, source } = field ?? {}
  return (
    typeof name === 'string' &&
    typeof nullable === 'boolean' &&
    Object.hasOwn(FIELD_TYPES, String(type)) &&
    (source === undefined || (Array.isArray(source) && source.every((step) => typeof step === 'string')))
  )
}
