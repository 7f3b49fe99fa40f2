/**
 * Four ways of storing many records at once that a person might write by hand. Each is an upsert of all or
 * none, and answers nothing about single records.
 */

import { finished } from 'node:stream/promises'
import type { ClientBase } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { CONSTANTS, INSERT, ON_CONFLICT } from './raw-postgres-table.ts'
import type { Step } from './step.ts'

/** A way, by what carries the records. */
export type BulkWay = (typeof BULK_WAYS)[number]

/** All the ways. */
export const BULK_WAYS = ['recordset', 'unnest', 'values', 'copy'] as const

/** Stores steps, all or none. */
export type BulkPut = (steps: readonly Step[]) => Promise<void>

/** Prepares a connection for a way. */
export async function bulkPut(client: ClientBase, way: BulkWay): Promise<BulkPut> {
  switch (way) {
    case 'recordset':
      return (steps) => putByRecordset(client, steps)
    case 'unnest':
      return (steps) => putByUnnest(client, steps)
    case 'values':
      return (steps) => inTransaction(client, () => putByValues(client, steps))
    case 'copy':
      await client.query(CREATE_INCOMING)
      return (steps) => inTransaction(client, () => putByCopy(client, steps))
  }
}

async function putByRecordset(client: ClientBase, steps: readonly Step[]): Promise<void> {
  const input = steps.map((step) => ({
    id: step.step_id,
    session_id: step.session_id,
    kind: step.kind,
    at: step.at,
    doc: step,
  }))
  await client.query({
    name: 'recordset',
    text: `${INSERT}
      SELECT id, session_id, kind, at, doc, ${CONSTANTS}
      FROM jsonb_to_recordset($1::jsonb) AS input(id text, session_id text, kind text, at timestamptz, doc jsonb)
      ${ON_CONFLICT}`,
    values: [JSON.stringify(input)],
  })
}

async function putByUnnest(client: ClientBase, steps: readonly Step[]): Promise<void> {
  await client.query({
    name: 'unnest',
    text: `${INSERT}
      SELECT id, session_id, kind, at, doc, ${CONSTANTS}
      FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::jsonb[])
        AS input(id, session_id, kind, at, doc)
      ${ON_CONFLICT}`,
    values: [
      steps.map((step) => step.step_id),
      steps.map((step) => step.session_id),
      steps.map((step) => step.kind),
      steps.map((step) => step.at),
      steps.map((step) => JSON.stringify(step)),
    ],
  })
}

/** Rows of one statement: 65,535 parameters would allow more, and a long statement is slower than two. */
const ROWS_OF_STATEMENT = 1_000
const PARAMETERS_OF_ROW = 5

async function putByValues(client: ClientBase, steps: readonly Step[]): Promise<void> {
  for (let from = 0; from < steps.length; from += ROWS_OF_STATEMENT) {
    const chunk = steps.slice(from, from + ROWS_OF_STATEMENT)
    await client.query({
      name: `values ${chunk.length}`,
      text: valuesText(chunk.length),
      values: chunk.flatMap((step) => [
        step.step_id,
        step.session_id,
        step.kind,
        step.at,
        JSON.stringify(step),
      ]),
    })
  }
}

const valuesTexts = new Map<number, string>()

function valuesText(count: number): string {
  const known = valuesTexts.get(count)
  if (known !== undefined) return known
  const rows = Array.from({ length: count }, (_each, row) => {
    const parameters = Array.from(
      { length: PARAMETERS_OF_ROW },
      (_parameter, index) => `$${row * PARAMETERS_OF_ROW + index + 1}`,
    )
    return `(${parameters.join(', ')}, ${CONSTANTS})`
  })
  const text = `${INSERT} VALUES ${rows.join(', ')} ${ON_CONFLICT}`
  valuesTexts.set(count, text)
  return text
}

const CREATE_INCOMING = `
  CREATE TEMPORARY TABLE IF NOT EXISTS incoming
    (id text COLLATE "C", session_id text COLLATE "C", kind text COLLATE "C", at timestamptz, doc jsonb)
  ON COMMIT DELETE ROWS`

async function putByCopy(client: ClientBase, steps: readonly Step[]): Promise<void> {
  const stream = client.query(copyFrom('COPY incoming FROM STDIN'))
  const lines = steps.map((step) =>
    [step.step_id, step.session_id, step.kind, step.at, JSON.stringify(step)].map(copyText).join('\t'),
  )
  stream.end(`${lines.join('\n')}\n`)
  await finished(stream)
  await client.query({
    name: 'from incoming',
    text: `${INSERT} SELECT id, session_id, kind, at, doc, ${CONSTANTS} FROM incoming ${ON_CONFLICT}`,
  })
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** A value in COPY's text format. */
function copyText(value: string): string {
  return value.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character)
}

async function inTransaction(client: ClientBase, run: () => Promise<void>): Promise<void> {
  await client.query('BEGIN')
  try {
    await run()
    await client.query('COMMIT')
  } catch (cause) {
    await client.query('ROLLBACK')
    throw cause
  }
}
