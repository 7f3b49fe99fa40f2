/**
 * What a line of a log says, and how row changes are written there. The document of a record stands last in its
 * change, so that it can be taken out as it is, without being parsed.
 */

import type { FieldValue, Layout } from '@coffer/core/backend'
import type { Row, RowChange } from '@coffer/memory/engine'
import { fileError } from './error-code.ts'
import { MAX_LINE_BYTES } from './line.ts'

/** What stands before the body of a commit in its line, at most: checksum, length, and the numbers of two commits. */
const HEAD_BYTES = 100

/** The newest format of logs and snapshots. */
export const FORMAT_VERSION = 1

/** The first line of a log. */
export interface LogHeader {
  readonly coffer: 'log'
  readonly format: number
  readonly number: number
  /** The lock that its writer held. */
  readonly lock: number
  /** Where it goes on from: the log before, its valid length in bytes, and the last commit within; null in the first log. */
  readonly follows: { readonly log: number; readonly end: number; readonly commit: number } | null
  /** Whether it goes on from the snapshot of its number alone, which has replaced everything before. */
  readonly replaces?: true | undefined
}

/** The first line of a snapshot: the state after a commit, which the log of the same number goes on from. */
export interface SnapshotHeader {
  readonly coffer: 'snapshot'
  readonly format: number
  readonly number: number
  readonly commit: number
  /** The lock under which it was made to replace everything before; it then counts with the log of that lock only. */
  readonly replaces?: number | undefined
}

/** A row that was stored. Times are milliseconds since 1970; what is absent is null. */
export interface PutEntry {
  readonly put: string
  readonly tenant: string
  readonly id: string
  readonly version: number
  readonly schema: number
  readonly created: number
  readonly updated: number
  readonly expires?: number
  readonly deleted?: number
  readonly hash?: string
  /** The tenant's floor, where this change has raised it. */
  readonly floor?: number
  readonly fields: readonly FieldValue[]
  readonly record: unknown
}

/** A row that was removed. */
export interface RemoveEntry {
  readonly remove: string
  readonly tenant: string
  readonly id: string
  readonly floor: number
}

export type ChangeEntry = PutEntry | RemoveEntry

/** A line of a log that is a commit. A single change stands in the line itself. */
export type CommitRecord = {
  readonly commit: number
  /** The last commit that was known to be durable; in the first commit of each batch. */
  readonly synced?: number
} & (
  | { readonly changes: readonly ChangeEntry[] }
  | ChangeEntry
  /** Layouts that are new or have another form. */
  | { readonly layouts: readonly Layout[] }
  /** Name of a layout whose rows have all been rewritten for its form. */
  | { readonly rewritten: string }
)

/** A line that says how far the log is known to be durable, and nothing else. */
export interface SyncedRecord {
  readonly synced: number
}

/** The last line of a log that is continued in another. */
export interface NextRecord {
  readonly next: number
}

/** The JSON text of a commit, its `body` being made by one of the functions below. */
export function commitJson(body: string, number: number, synced: number | undefined): string {
  const head = synced === undefined ? `{"commit":${number},` : `{"commit":${number},"synced":${synced},`
  return head + body
}

/** The last line of a log that is continued in another. */
export function nextJson(next: number): string {
  return JSON.stringify({ next } satisfies NextRecord)
}

/** The line that says how far a log is durable. */
export function syncedJson(synced: number): string {
  return JSON.stringify({ synced } satisfies SyncedRecord)
}

/** The body of a commit that makes layouts, or gives them another form. */
export function layoutsBody(layouts: readonly Layout[]): string {
  return `"layouts":${JSON.stringify(layouts)}}`
}

/** The body of a commit that says that all rows of a layout have its form now. */
export function rewrittenBody(layout: string): string {
  return `"rewritten":${JSON.stringify(layout)}}`
}

/**
 * The body of a commit that changes rows, each once.
 *
 * @throws StoreError `LIMIT_EXCEEDED` when it is longer than the longest text that the language allows
 */
export function changesBody(changes: readonly RowChange[]): string {
  const [only] = changes
  let body: string | undefined
  try {
    if (changes.length === 1 && only !== undefined) body = changeMembers(only)
    else body = `"changes":[${changes.map((change) => `{${changeMembers(change)}`).join(',')}]}`
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  if (body !== undefined && fits(body)) return body
  throw fileError('LIMIT_EXCEEDED', 'one commit can hold at most 512 MiB: write in smaller parts')
}

/** A commit is one line, so that it is there whole or not at all; a longer one could not be read again. */
function fits(body: string): boolean {
  const most = MAX_LINE_BYTES - HEAD_BYTES
  return body.length <= most / 3 || Buffer.byteLength(body) <= most
}

/** The members of a change, and its closing brace. */
function changeMembers(change: RowChange): string {
  const { layout, tenant, id, next, floor, floorBefore } = change
  if (next === undefined) {
    return `"remove":"${layout}","tenant":${JSON.stringify(tenant)},"id":${JSON.stringify(id)},"floor":${floor}}`
  }
  return rowMembers(layout, next, floor === floorBefore ? undefined : floor)
}

/** The members of a stored row, and the closing brace behind its record. */
export function rowMembers(layout: string, row: Row, floor?: number): string {
  let text = `"put":"${layout}","tenant":${JSON.stringify(row.tenant)},"id":${JSON.stringify(row.id)}`
  text += `,"version":${row.version},"schema":${row.schemaVersion}`
  text += `,"created":${row.createdAt},"updated":${row.updatedAt}`
  if (row.expiresAt !== null) text += `,"expires":${row.expiresAt}`
  if (row.deletedAt !== null) text += `,"deleted":${row.deletedAt}`
  if (row.hash !== null) text += `,"hash":${JSON.stringify(row.hash)}`
  if (floor !== undefined) text += `,"floor":${floor}`
  return `${text},"fields":${JSON.stringify(row.fields)},"record":${row.document}}`
}

const RECORD = Buffer.from(',"record":')
const SINGLE_PUT = /^\{(?:"commit":\d+,(?:"synced":\d+,)?)?"put":/

/** A line's JSON, parsed but for the document of its only change. */
export interface ParsedLine {
  readonly value: unknown
  readonly document: string | undefined
}

/**
 * Reads a line's JSON. Where it is a single stored row, the text of its record is taken out as it stands: no
 * string before it can hold the marker, as quotes within strings are escaped.
 *
 * @throws SyntaxError when it is not JSON
 */
export function parseLine(buffer: Buffer, from: number, to: number): ParsedLine {
  const marker = buffer.subarray(from, to).indexOf(RECORD)
  if (marker !== -1) {
    const head = buffer.toString('utf8', from, from + marker)
    if (SINGLE_PUT.test(head)) {
      const document = buffer.toString('utf8', from + marker + RECORD.length, to - 1)
      return { value: JSON.parse(`${head}}`), document }
    }
  }
  return { value: JSON.parse(buffer.toString('utf8', from, to)), document: undefined }
}

/**
 * A stored row, as an engine keeps it.
 *
 * @param document the text of its record, where `parseLine` has taken it out
 */
export function rowOf(entry: PutEntry, document: string | undefined): Row {
  return {
    tenant: entry.tenant,
    id: entry.id,
    version: entry.version,
    createdAt: entry.created,
    updatedAt: entry.updated,
    expiresAt: entry.expires ?? null,
    deletedAt: entry.deleted ?? null,
    document: document ?? JSON.stringify(entry.record),
    schemaVersion: entry.schema,
    hash: entry.hash ?? null,
    fields: entry.fields,
  }
}
