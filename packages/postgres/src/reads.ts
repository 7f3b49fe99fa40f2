/** Reads, inside a transaction or outside of one. */

import type {
  AggregateRow,
  Aggregation,
  CountQuestion,
  DocumentPage,
  Key,
  Layout,
  Page,
  Predicate,
  Query,
  StoredRow,
} from '@coffer/core/backend'
import {
  aggregatedRow,
  aggregateStatement,
  countStatement,
  documentPageOf,
  documentParts,
  type PagePart,
  pageOf,
  queryParts,
  type RawRow,
  readTenants,
  storedRow,
} from '@coffer/sql'
import { ALL_TENANTS, type TenantCommand } from './confine.ts'
import { type Place, runWithin } from './place.ts'
import type { Session } from './session.ts'
import { runWhole } from './transaction-ends.ts'

/** Reads by key, one answer per key in their order. */
export async function readKeys(
  place: Place,
  session: Session,
  layout: Layout,
  keys: readonly Key[],
): Promise<readonly (StoredRow | undefined)[]> {
  const statements = place.statementsOf(layout)
  const [only] = keys
  if (only === undefined) return []
  if (keys.length === 1) {
    const command = { text: statements.read.text, parameters: statements.read.parameters(only) }
    const [rows = []] = await readAll(place, session, [{ command, tenant: only.tenant }])
    return rows[0] === undefined ? [undefined] : [storedRow(only.tenant, rows[0])]
  }
  const rows: (StoredRow | undefined)[] = new Array(keys.length).fill(undefined)
  const parts = place.confinement.isOn ? byTenant(keys) : [keys.map((key, index) => ({ key, index }))]
  const commands = parts.map((part) => ({
    command: statements.readMany(part.map(({ key }) => key)),
    tenant: part[0]?.key.tenant,
  }))
  for (const [position, answer] of (await readAll(place, session, commands)).entries()) {
    for (const row of answer) {
      const wanted = parts[position]?.[Number(row.at(-1)) - 1]
      if (wanted !== undefined) rows[wanted.index] = storedRow(wanted.key.tenant, row)
    }
  }
  return rows
}

/** A key and its place among those asked. */
interface Wanted {
  readonly key: Key
  readonly index: number
}

function byTenant(keys: readonly Key[]): readonly (readonly Wanted[])[] {
  const parts = new Map<string, Wanted[]>()
  for (const [index, key] of keys.entries()) {
    const part = parts.get(key.tenant) ?? []
    parts.set(key.tenant, part)
    part.push({ key, index })
  }
  return [...parts.values()]
}

/** Answers one page. */
export async function readPage(
  place: Place,
  session: Session,
  layout: Layout,
  query: Query,
  at: number,
): Promise<Page> {
  const { table } = place.statementsOf(layout)
  const rows = await readParts(place, session, queryParts(table, query, at), query)
  return pageOf(table, query, rows.slice(0, query.limit + 1))
}

/**
 * Answers one page of documents. They come as one text with a line for each, for the driver takes as long for
 * a hundred rows as for reading what is in them. Documents too large for that come as rows.
 */
export async function readDocuments(
  place: Place,
  session: Session,
  layout: Layout,
  query: Query,
  at: number,
): Promise<DocumentPage> {
  const { table } = place.statementsOf(layout)
  const parts = documentParts(table, query, at)
  const joined = parts.map((part): PagePart => {
    return (wanted) => {
      const { text, parameters } = part(wanted)
      return { text: joinedDocuments(text), parameters }
    }
  })
  const documents: string[] = []
  for (const [text, count] of await readParts(place, session, joined, query)) {
    if (text === null && Number(count) > 0) {
      const rows = await readParts(place, session, parts, query)
      return documentPageOf(table, query, rows.flat().slice(0, query.limit + 1))
    }
    if (typeof text === 'string') documents.push(...text.split('\n'))
  }
  return documentPageOf(table, query, documents.slice(0, query.limit + 1))
}

/** The most bytes of documents that are joined. */
const MAX_JOINED_BYTES = 16 * 1_024 * 1_024

/** A document in PostgreSQL's own writing has no line breaks. An aggregate takes the rows as the page orders them. */
function joinedDocuments(text: string): string {
  return (
    `SELECT CASE WHEN sum(octet_length(page."_")) <= ${MAX_JOINED_BYTES} THEN string_agg(page."_", E'\\n') END, ` +
    `count(*) FROM (${text}) AS page`
  )
}

/** The answers to all parts of a page, which are asked at once: a round trip costs more than a few rows. */
async function readParts(
  place: Place,
  session: Session,
  parts: readonly PagePart[],
  { tenant, where, limit }: Query,
): Promise<readonly RawRow[]> {
  const isPlannedAnew = asksForTexts(where)
  const commands = parts.map((part) => ({ command: { ...part(limit + 1), isPlannedAnew }, tenant }))
  return (await readAll(place, session, commands)).flat()
}

/** Only who knows a text can tell how rare it is, and so whether its index or the order's is the better way. */
function asksForTexts(where: Predicate | undefined): boolean {
  switch (where?.type) {
    case 'and':
    case 'or':
      return where.terms.some(asksForTexts)
    case 'not':
      return asksForTexts(where.term)
    default:
      return where?.type === 'hasAll' || where?.type === 'hasAny'
  }
}

/** Counts the rows that match. */
export async function countRows(
  place: Place,
  session: Session,
  layout: Layout,
  question: CountQuestion,
  at: number,
): Promise<number> {
  const statement = countStatement(place.statementsOf(layout).table, question, at)
  const command = { ...statement, isPlannedAnew: asksForTexts(question.where) }
  const [rows] = await readAll(place, session, [{ command, tenant: question.tenant }])
  return Number(rows?.[0]?.[0])
}

/** Groups and measures the rows that match. */
export async function aggregateRows(
  place: Place,
  session: Session,
  layout: Layout,
  aggregation: Aggregation,
  at: number,
): Promise<readonly AggregateRow[]> {
  const { table } = place.statementsOf(layout)
  const statement = aggregateStatement(table, aggregation, at)
  const command = { ...statement, isPlannedAnew: asksForTexts(aggregation.where) }
  const [rows = []] = await readAll(place, session, [{ command, tenant: aggregation.tenant }])
  return rows.map((row) => aggregatedRow(table, aggregation, row))
}

/** The tenants that have rows, in text order. */
export async function tenantsOf(place: Place, session: Session, layout: Layout): Promise<readonly string[]> {
  const { text } = readTenants(place.statementsOf(layout).table)
  const [rows = []] = await readAll(place, session, [
    { command: { text, parameters: [] }, tenant: ALL_TENANTS },
  ])
  return rows.map(([tenant]) => String(tenant))
}

/** Several questions outside of a transaction see one snapshot, and settings of tenants end with one. */
async function readAll(
  place: Place,
  session: Session,
  commands: readonly TenantCommand[],
): Promise<readonly (readonly RawRow[])[]> {
  const isAlone = commands.length === 1 && !place.confinement.isOn
  if (isAlone || session.isInTransaction) {
    return (await runWithin(place, session, commands)).map(({ rows }) => rows)
  }
  const begin = [{ text: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' }]
  return (await runWhole(place, session, begin, commands)).map(({ rows }) => rows)
}
