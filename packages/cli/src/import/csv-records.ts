/** CSV by RFC 4180, with a header of a collection's members, as records. */

import { pipeline, Readable } from 'node:stream'
import type { CollectionDefinition } from '@coffer/core'
import { CsvError, type Info, parse } from 'csv-parse'
import { type CsvColumn, csvColumns, OTHERS, readCell } from '../csv/columns.ts'
import { CommandError, EXIT } from '../failure.ts'
import { arrive, type Incoming } from './incoming.ts'
import { MAX_LINE_BYTES } from './lines.ts'

/** A row with the line at which it begins. */
interface Row {
  readonly line: number
  readonly cells: readonly string[]
}

/**
 * Reads a file of one collection. The columns may come in any order, and those of members that may be absent may
 * be left out.
 *
 * @throws CommandError for a header that does not fit the collection, and where the file can't be read further
 */
export async function* readCsvRecords(
  source: AsyncIterable<Uint8Array>,
  name: string,
  definition: CollectionDefinition,
): AsyncGenerator<Incoming> {
  let header: readonly CsvColumn[] | undefined
  for await (const row of rowsOf(source, name)) {
    if (header === undefined) header = readHeader(row, name, definition)
    else yield readRow(row, header, definition)
  }
}

async function* rowsOf(source: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Row> {
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_LINE_BYTES,
  })
  pipeline(Readable.from(textOf(source, name)), parser, () => undefined)
  let line = 1
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      yield { line: line + leadingLines(info, line, record), cells: record }
      line = info.lines + 1
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const reason = error.code.includes('QUOTE')
      ? 'its quotation marks do not fit together'
      : 'it can not be read as CSV'
    const [, at = line] = / at line (\d+)/.exec(error.message) ?? [undefined, error.lines ?? line]
    throw new CommandError(
      `${name}:${at}: ${reason}; of what stands before it some is stored: mend it, and import it again`,
      EXIT.bad,
    )
  }
}

/** Empty lines before a row: those that its own text does not account for. */
function leadingLines(info: Info, line: number, cells: readonly string[]): number {
  const own = cells.reduce((sum, cell) => sum + (cell.match(/\r\n|\n|\r/g)?.length ?? 0), 0)
  return Math.max(0, info.lines - own - line)
}

async function* textOf(source: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    for await (const chunk of source) yield decoder.decode(chunk, { stream: true })
    yield decoder.decode()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new CommandError(`${name} is not valid UTF-8: save it as CSV UTF-8`, EXIT.bad)
  }
}

function readHeader(
  { line, cells }: Row,
  name: string,
  definition: CollectionDefinition,
): readonly CsvColumn[] {
  const columns = csvColumns(definition)
  const refuse = (problem: string) => new CommandError(`${name}:${line}: ${problem}`, EXIT.bad)
  const [only = '', ...others] = cells
  if (others.length === 0 && /[;\t]/.test(only)) {
    throw refuse('its cells are not separated by commas: save it as CSV with commas')
  }
  const known = columns.map((column) => column.name).join(', ')
  const header = cells.map((cell, index) => {
    const column = columns.find((each) => each.name === cell)
    if (column === undefined) {
      throw refuse(`column ${index + 1} is no member of ${definition.name}; its members are ${known}`)
    }
    if (cells.indexOf(cell) !== index) throw refuse(`the column '${cell}' is there twice`)
    return column
  })
  const missing = columns.find((column) => column.required && !header.includes(column))
  if (missing === undefined) return header
  throw refuse(`the column '${missing.name}' is missing, which a record of ${definition.name} needs`)
}

function readRow(
  { line, cells }: Row,
  header: readonly CsvColumn[],
  definition: CollectionDefinition,
): Incoming {
  if (cells.length !== header.length) {
    return { line, problem: `it has ${cells.length} cells, and the header ${header.length}` }
  }
  const members: [string, unknown][] = []
  for (const [index, { name, kind }] of header.entries()) {
    const read = readCell(cells[index] ?? '', kind)
    if ('problem' in read) return { line, problem: `column '${name}': ${read.problem}` }
    if (read.value === undefined) continue
    if (name !== OTHERS) members.push([name, read.value])
    else if (isObject(read.value)) members.push(...Object.entries(read.value))
    else return { line, problem: `column '${name}': expected a JSON object of further members` }
  }
  const characters = cells.reduce((sum, cell) => sum + cell.length, 0)
  return arrive(definition, Object.fromEntries(members), line, characters)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
