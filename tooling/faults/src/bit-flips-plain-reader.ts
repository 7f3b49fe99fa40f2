/**
 * Reads the files of a store as plain lines of JSON, without looking at a checksum: what a line does to rows, and
 * nothing else. It says what a repair has to save, and, for control, what would become of damage that nobody
 * checks for.
 */

import * as z from 'zod'
import type { Files } from './bit-flips-directory.ts'

const put = z.object({ put: z.string(), id: z.string(), version: z.number(), record: z.unknown() })
const removal = z.object({ remove: z.string(), id: z.string() })
const change = z.union([put, removal])
const commit = z.object({ commit: z.number(), synced: z.number().optional() })
const claim = z.object({ synced: z.number() })
const next = z.object({ next: z.number() })
const changes = z.object({ changes: z.array(change) })

/** A row as its line has it. */
export interface PlainRow {
  readonly version: number
  readonly record: unknown
}

/** Rows by the names of their layouts and their keys. */
export type PlainRows = ReadonlyMap<string, PlainRow>

/** A line of a file, as a range of bytes without its newline. */
export interface LineRange {
  readonly from: number
  readonly to: number
}

export function linesOf(content: Uint8Array): readonly LineRange[] {
  const lines: LineRange[] = []
  for (let from = 0; from < content.length; ) {
    const newline = content.indexOf(0x0a, from)
    const to = newline === -1 ? content.length : newline
    lines.push({ from, to })
    from = to + 1
  }
  return lines
}

/**
 * What the newest snapshot and the logs from there on say.
 *
 * @param isLeftOut lines that are passed over
 * @throws SyntaxError for a line that is not JSON
 */
export function readPlainly(
  files: Files,
  isLeftOut: (file: string, line: LineRange) => boolean = () => false,
): PlainRows {
  const rows = new Map<string, PlainRow>()
  for (const name of filesToRead(files)) {
    const content = Buffer.from(files.get(name) ?? [])
    for (const line of linesOf(content)) {
      if (isLeftOut(name, line)) continue
      const value: unknown = JSON.parse(jsonOf(content, line))
      // What stands behind was never acknowledged, and the log after it does not know of it.
      if (next.safeParse(value).success) break
      apply(rows, value)
    }
  }
  return rows
}

/** Snapshot and logs, in the order in which they are to be read. */
export function filesToRead(files: Files): readonly string[] {
  const snapshot = [...files.keys()]
    .filter((name) => name.startsWith('snapshot-'))
    .sort()
    .at(-1)
  const first = snapshot?.replace('snapshot-', 'log-') ?? ''
  const logs = [...files.keys()].filter((name) => name.startsWith('log-') && name >= first).sort()
  return snapshot === undefined ? logs : [snapshot, ...logs]
}

/**
 * Where the end of the last log begins that nothing in it says to have been durable, so that a power cut may have
 * left it torn. What stands before is proven by a later line.
 */
export function provenEnd(files: Files): { readonly file: string; readonly end: number } {
  const file = filesToRead(files).at(-1) ?? ''
  const content = Buffer.from(files.get(file) ?? [])
  const ends = new Map<number, number>()
  let synced = 0
  for (const line of linesOf(content)) {
    const value: unknown = JSON.parse(jsonOf(content, line))
    const number = commit.safeParse(value).data?.commit
    if (number !== undefined) ends.set(number, line.to + 1)
    synced = claim.safeParse(value).data?.synced ?? synced
  }
  return { file, end: ends.get(synced) ?? 0 }
}

function jsonOf(content: Buffer, { from, to }: LineRange): string {
  const line = content.toString('utf8', from, to)
  return line.slice(line.indexOf('{'))
}

function apply(rows: Map<string, PlainRow>, value: unknown): void {
  const many = changes.safeParse(value)
  const one = change.safeParse(value)
  const all = many.success ? many.data.changes : one.success ? [one.data] : []
  for (const each of all) {
    if ('put' in each) rows.set(`${each.put}/${each.id}`, { version: each.version, record: each.record })
    else rows.delete(`${each.remove}/${each.id}`)
  }
}
