/**
 * Changes what a directory of the file backend says, with right checksums: what somebody could do who has the
 * files and knows their form. The directory was closed in order, and nobody has it open.
 */

import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import * as z from 'zod'

/** Replaces the document of the newest row under a key, in whatever tenant. Throws when there is none. */
export async function replaceDocument(
  directory: string,
  collection: string,
  id: string,
  change: (document: string) => string,
): Promise<void> {
  const log = (await namesIn(directory, /^log-\d+\.jsonl$/)).at(-1)
  const lines = log === undefined ? [] : await linesOf(directory, log)
  const isMeant = (entry: Line) => entry.put === collection && entry.id === id
  const at = lines.findLastIndex((line) => entriesOf(line).some(isMeant))
  const line = lines[at]
  if (log === undefined || line === undefined) throw new Error(`no row '${id}'`)
  const forge = (entry: Line) =>
    isMeant(entry) ? { ...entry, record: JSON.parse(change(JSON.stringify(entry.record))) } : entry
  lines[at] = line.changes === undefined ? forge(line) : { ...line, changes: entriesOf(line).map(forge) }
  await writeLines(directory, log, lines)
}

/** Says in every file that it has a format that is newer than the present one. */
export async function raiseFormat(directory: string): Promise<void> {
  for (const name of await namesIn(directory, /^(?:log|snapshot)-\d+\.jsonl$/)) {
    const [header, ...rest] = await linesOf(directory, name)
    const { format } = headerSchema.parse(header)
    await writeLines(directory, name, [{ ...header, format: format + 1 }, ...rest])
  }
}

/** Whether a backend has the directory open for writing. */
export async function isHeld(directory: string): Promise<boolean> {
  return (await namesIn(directory, /^lock-\d+\.held,/)).length > 0
}

/** What a line says, in the order in which it says it. */
type Line = Record<string, unknown>

const lineSchema = z.record(z.string(), z.unknown())
const headerSchema = z.looseObject({ format: z.int() })

/** The rows that a line tells of: one is in the line itself, several are in a list. */
function entriesOf(line: Line): readonly Line[] {
  return line.changes === undefined ? [line] : z.array(lineSchema).parse(line.changes)
}

async function namesIn(directory: string, pattern: RegExp): Promise<readonly string[]> {
  return (await readdir(directory)).filter((name) => pattern.test(name)).sort()
}

/** A line is `checksum length json`. */
async function linesOf(directory: string, name: string): Promise<Line[]> {
  const text = await readFile(join(directory, name), 'utf8')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => lineSchema.parse(JSON.parse(line.replace(/^[0-9a-f]{8} \d+ /, ''))))
}

/** The lock says where the last log ends, and so has to say where it ends now. */
async function writeLines(directory: string, name: string, lines: readonly Line[]): Promise<void> {
  const text = lines.map((line) => encoded(JSON.stringify(line))).join('')
  await writeFile(join(directory, name), text)
  if (!name.startsWith('log-')) return
  for (const lock of await namesIn(directory, /^lock-\d+\.released,.*\bend=/)) {
    const moved = lock.replace(/\bend=\d+/, `end=${Buffer.byteLength(text)}`)
    await rename(join(directory, lock), join(directory, moved))
  }
}

function encoded(json: string): string {
  return `${crc32(json).toString(16).padStart(8, '0')} ${Buffer.byteLength(json)} ${json}\n`
}
