/** Records as the text of a file: canonical JSON lines, or CSV. */

import {
  type BaseStore,
  type CollectionDefinition,
  canonicalJson,
  exportLines,
  type Filter,
} from '@coffer/core'
import { stringify } from 'csv-stringify/sync'
import { cellsOf, csvColumns } from '../csv/columns.ts'
import { documentOf } from '../output/record-json.ts'

/** The forms that records are written in. */
export type ExportForm = 'jsonl' | 'csv'

/** Some text, and how many records are in it. */
export interface Piece {
  readonly text: string
  readonly records: number
}

/** Records that are read, and written, at once. */
const PAGE = 1_000

/** Lines of the collections with these names; of all without. */
export async function* linesOf(
  store: BaseStore,
  names: readonly string[] | undefined,
): AsyncGenerator<Piece> {
  for await (const line of exportLines(store, names)) yield { text: `${line}\n`, records: 1 }
}

/** The records of one collection that match, by key. CSV begins with a header. */
export async function* recordsOf(
  store: BaseStore,
  definition: CollectionDefinition,
  where: Filter,
  form: ExportForm,
): AsyncGenerator<Piece> {
  const columns = form === 'csv' ? csvColumns(definition) : []
  if (form === 'csv') yield { text: csv([columns.map(({ name }) => name)]), records: 0 }
  const collection = store.collection(definition)
  let cursor: string | undefined
  do {
    const page = await collection.findEntries({ where, limit: PAGE, ...(cursor !== undefined && { cursor }) })
    const documents = page.records.map(({ record }) => documentOf(record, definition))
    const lines = page.records.map(({ version }, index) =>
      canonicalJson({ collection: definition.name, record: documents[index], version }),
    )
    const text =
      form === 'csv'
        ? csv(documents.map((document) => cellsOf(document, columns)))
        : lines.map((line) => `${line}\n`).join('')
    yield { text, records: documents.length }
    cursor = page.next
  } while (cursor !== undefined)
}

function csv(rows: readonly (readonly string[])[]): string {
  return stringify(rows as string[][], { record_delimiter: 'windows' })
}
