/** Takes archives apart and puts them together again, with whatever is to be wrong with them. */

import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { extract, pack } from 'tar-stream'
import { sha256Of } from '../src/archive-writer.ts'
import { type Manifest, manifestText } from '../src/manifest.ts'
import { headerFields } from '../src/tar-header.ts'

export interface Part {
  readonly name: string
  readonly data: Buffer
}

/** The members of an archive. */
export async function partsOf(path: string): Promise<Part[]> {
  const reading = extract()
  reading.end(readFileSync(path))
  const parts: Part[] = []
  for await (const entry of reading) {
    const data: Buffer[] = []
    for await (const piece of entry as AsyncIterable<Buffer>) data.push(piece)
    parts.push({ name: entry.header.name, data: Buffer.concat(data) })
  }
  return parts
}

/** An archive out of members; with `more`, what their headers say beside their name and size. */
export async function archiveOf(parts: readonly Part[], more: object = {}): Promise<Buffer> {
  const packing = pack()
  for (const { name, data } of parts) packing.entry({ ...headerFields(name, data.length), ...more }, data)
  packing.finalize()
  const pieces: Buffer[] = []
  for await (const piece of packing as AsyncIterable<Buffer>) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

/** A line of a chunk: an array out of JSON, or the text itself. */
export type Line = readonly unknown[] | string

/** With another manifest, which has the digest that belongs to it. */
export function withManifest(parts: readonly Part[], change: (manifest: Manifest) => void): Part[] {
  return parts.map((part) => {
    if (part.name !== 'manifest.json') return part
    const manifest: Manifest = JSON.parse(part.data.toString())
    change(manifest)
    const { digest: _digest, ...rest } = manifest
    return { ...part, data: Buffer.from(manifestText(rest)) }
  })
}

/** With other lines in a chunk of a gzip archive, and a manifest that says all that is true of them. */
export function withLines(
  parts: readonly Part[],
  name: string,
  change: (lines: (readonly unknown[])[]) => readonly Line[],
): Part[] {
  const changed = parts.map((part) => {
    if (part.name !== name) return part
    const lines = gunzipSync(part.data).toString().trimEnd().split('\n')
    const after = change(lines.map((line) => JSON.parse(line)))
    const text = after.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
    return { name, data: gzipSync(`${text}\n`) }
  })
  return withChunk(changed, name)
}

/** With a manifest that says what is true of a chunk. */
export function withChunk(parts: readonly Part[], name: string): Part[] {
  const data = parts.find((part) => part.name === name)?.data ?? Buffer.alloc(0)
  const expanded = gunzipSync(data)
  return withManifest(parts, (manifest) => {
    for (const entry of manifest.layouts) {
      for (const chunk of entry.chunks) {
        if (chunk.name !== name) continue
        const rows = expanded.toString().split('\n').length - 1
        if (name.startsWith('rows/')) entry.rows += rows - chunk.rows
        else entry.floors += rows - chunk.rows
        chunk.rows = rows
        chunk.bytes = data.length
        chunk.expandedBytes = expanded.length
        chunk.sha256 = sha256Of(data)
        chunk.expandedSha256 = sha256Of(expanded)
      }
    }
  })
}
