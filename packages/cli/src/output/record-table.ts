/** Records as a table: which members are worth a column, and what stands in a cell. */

import { type CollectionDefinition, canonicalJson } from '@coffer/core'
import type { Listed } from '../catalog.ts'
import { documentOf } from './record-json.ts'
import { type Column, fittingColumns, layOut } from './table.ts'

type Path = readonly string[]

/** A column, and where its values stand in a document. */
interface RecordColumn extends Column {
  readonly path: Path
}

const NOTHING = '-'

/** The lines of a table: the key, what is worth a glance, and more where there is room; no column stays empty. */
export function recordTable(
  { definition, glance }: Listed,
  records: readonly unknown[],
  width: number,
): string[] {
  const documents = records.map((record) => documentOf(record, definition))
  const columns = columnsOf(definition, glance)
    .map((column) => ({ ...column, cells: documents.map((document) => cell(document, column.path)) }))
    .filter(({ title, cells }) => title === definition.key || cells.some((text) => text !== NOTHING))
  const rows = documents.map((_document, row) => columns.map(({ cells }) => cells[row] ?? NOTHING))
  const fitting = fittingColumns(columns, rows, width)
  return layOut(
    columns.slice(0, fitting),
    rows.map((row) => row.slice(0, fitting)),
    width,
  )
}

/** Words repeat a text that stands elsewhere, and a hash says nothing to a person. */
function columnsOf({ key, fields }: CollectionDefinition, glance: readonly string[]): RecordColumn[] {
  const worth = fields.filter(({ name, words }) => !words && !name.endsWith('_hash'))
  const names = new Set([key, ...glance, ...worth.map(({ name }) => name)])
  return [...names].map((title) => ({
    title,
    path: fields.find(({ name }) => name === title)?.paths[0] ?? [title],
  }))
}

const MIDNIGHT_ZEROS = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\.000Z$/

function cell(document: unknown, path: Path): string {
  const value = path.includes('*') ? [...new Set(valuesAt(document, path))] : valuesAt(document, path)[0]
  if (value === undefined || value === null) return NOTHING
  if (typeof value === 'string') return value.replace(MIDNIGHT_ZEROS, '$1Z')
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) return canonicalJson(value)
  return value.length === 0 ? NOTHING : value.join(', ')
}

/** The values at the end of a path; its step `*` goes over the members of an array. */
function valuesAt(value: unknown, [step, ...rest]: Path): unknown[] {
  if (step === undefined) return [value]
  if (typeof value !== 'object' || value === null) return []
  if (step === '*') return Object.values(value).flatMap((member) => valuesAt(member, rest))
  return Object.hasOwn(value, step) ? valuesAt((value as Record<string, unknown>)[step], rest) : []
}
