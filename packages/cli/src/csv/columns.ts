/**
 * CSV of a collection: a column for each member of its schema, and cells that can be told back. Which member is
 * text is known from the schema, so texts stand as they are; all else is JSON. What a spreadsheet would take for
 * a formula is written as a JSON text, which begins with a quotation mark and is none.
 */

import type { CollectionDefinition } from '@coffer/core'
import * as z from 'zod'
import { CommandError } from '../failure.ts'

/** What the cells of a column hold. */
export type CellKind = 'text' | 'number' | 'boolean' | 'json'

/** A column of a collection's CSV. */
export interface CsvColumn {
  readonly name: string
  readonly kind: CellKind
  /** True where a record can't be without the member. */
  readonly required: boolean
}

/** The column for members that the schema does not name, where it lets any in: a JSON object of them. */
export const OTHERS = '*'

/** A value as it was read, or why it can't be. */
export type CellValue = { readonly value: unknown } | { readonly problem: string }

/**
 * The columns of a collection, in the order of its schema.
 *
 * @throws CommandError where a member is named as the column of others is
 */
export function csvColumns({ name, schema, key }: CollectionDefinition): readonly CsvColumn[] {
  const { properties = {}, required = [] } = described(schema)
  const shape = schema instanceof z.ZodObject ? Object.keys(schema.shape) : Object.keys(properties)
  if (shape.includes(OTHERS)) {
    throw new CommandError(`${name}: CSV has no column for a member named '${OTHERS}': take jsonl`)
  }
  const columns = shape.map(
    (member): CsvColumn => ({
      name: member,
      kind: kindOf(properties[member]),
      required: member === key || required.includes(member),
    }),
  )
  return takesOthers(schema) ? [...columns, { name: OTHERS, kind: 'json', required: false }] : columns
}

/** The cells of a document. An absent member is an empty cell, null is `null`. */
export function cellsOf(
  document: Readonly<Record<string, unknown>>,
  columns: readonly CsvColumn[],
): string[] {
  return columns.map(({ name, kind }) => {
    if (name !== OTHERS) return cellOf(document[name], kind)
    const known = new Set(columns.map((column) => column.name).filter((column) => column !== OTHERS))
    const others = Object.entries(document).filter(([member]) => !known.has(member))
    return others.length === 0 ? '' : JSON.stringify(Object.fromEntries(others))
  })
}

/** The member's value in a cell; `undefined` where the member is absent. Problems never show what stands there. */
export function readCell(cell: string, kind: CellKind): CellValue {
  if (cell === '') return { value: undefined }
  if (cell === 'null') return { value: null }
  if (kind === 'text' && !cell.startsWith('"')) return { value: cell }
  // Spreadsheets write them in capitals.
  if (kind === 'boolean' && /^(?:true|false)$/i.test(cell)) return { value: cell.toLowerCase() === 'true' }
  const value = parsed(cell)
  if (value !== undefined && (kind === 'json' || typeof value === EXPECTED_TYPE[kind])) return { value }
  return { problem: EXPECTED[kind] }
}

const EXPECTED_TYPE = { text: 'string', number: 'number', boolean: 'boolean' } as const

const EXPECTED: Readonly<Record<CellKind, string>> = {
  text: 'a text that begins with a quotation mark must be a JSON text',
  number: 'expected a number, such as 1.5',
  boolean: 'expected true or false',
  json: 'expected JSON, texts in quotation marks',
}

/** Beginnings that a spreadsheet takes for a formula, and one that means JSON. */
const NEEDS_JSON = /^["=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/

function cellOf(value: unknown, kind: CellKind): string {
  if (value === undefined) return ''
  if (kind !== 'text' || typeof value !== 'string') return JSON.stringify(value)
  return value === '' || value === 'null' || NEEDS_JSON.test(value) ? JSON.stringify(value) : value
}

function parsed(cell: string): unknown {
  try {
    return JSON.parse(cell)
  } catch {
    return undefined
  }
}

/** As much of a JSON Schema as is looked at. */
interface Described {
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Described[]
  readonly properties?: Readonly<Record<string, Described>>
  readonly required?: readonly string[]
}

/** The schema of what is stored. One that can't be described leaves all members to be JSON. */
function described(schema: z.ZodType): Described {
  try {
    return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Described
  } catch {
    return {}
  }
}

function kindOf(member: Described | undefined): CellKind {
  const types = new Set(member === undefined ? ['any'] : typesOf(member))
  types.delete('null')
  const [type, ...more] = types
  if (more.length > 0) return 'json'
  if (type === 'string') return 'text'
  if (type === 'number' || type === 'integer') return 'number'
  return type === 'boolean' ? 'boolean' : 'json'
}

function typesOf(member: Described): readonly string[] {
  if (typeof member.type === 'string') return [member.type]
  if (member.type !== undefined) return member.type
  if (member.anyOf !== undefined) return member.anyOf.flatMap(typesOf)
  if (member.enum !== undefined) return member.enum.map((value) => (value === null ? 'null' : typeof value))
  return 'const' in member ? [typeof member.const] : ['any']
}

function takesOthers(schema: z.ZodType): boolean {
  const { catchall } = schema._zod.def as { catchall?: z.ZodType }
  return catchall !== undefined && catchall._zod.def.type !== 'never'
}
