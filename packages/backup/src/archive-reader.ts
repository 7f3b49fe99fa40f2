/**
 * Reads an archive and believes nothing: every byte of it is compared with what a writer would have written. The
 * whole of it is walked over first, header by header, up to the manifest at its end; then chunks are read one by one.
 */

import type { FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { StoreError } from '@coffer/core'
import { sha256Of } from './archive-writer.ts'
import { expand, requireCompression } from './compression.ts'
import {
  type Chunk,
  MANIFEST,
  MAX_CHUNK_BYTES,
  MAX_MANIFEST_BYTES,
  type Manifest,
  parseManifest,
} from './manifest.ts'
import { openFile, recognizeOpen } from './recognize.ts'
import { BLOCK, headerBlock, paddingOf } from './tar-header.ts'

interface Member {
  readonly name: string
  readonly offset: number
  readonly bytes: number
}

const NAME = /^(?:(?:rows|floors)\/[A-Za-z][A-Za-z0-9_]*\/[0-9]{6,9}\.jsonl(?:\.zst|\.gz)?|manifest\.json)$/
/** What stands behind the last member. */
const END_BYTES = 2 * BLOCK

export class ArchiveReader {
  readonly name: string
  readonly manifest: Manifest
  readonly bytes: number
  readonly #handle: FileHandle
  readonly #members: ReadonlyMap<string, Member>

  private constructor(file: ArchiveFile, manifest: Manifest, members: readonly Member[]) {
    this.name = file.name
    this.bytes = file.bytes
    this.manifest = manifest
    this.#handle = file.handle
    this.#members = new Map(members.map((member) => [member.name, member]))
  }

  /**
   * Opens an archive, and proves its frame: headers, padding, the manifest, and that nothing is missing or too much.
   *
   * @throws `CORRUPT` for what is damaged, `UNSUPPORTED` for another format, `INVALID_ARGUMENT` for another file
   */
  static async open(path: string): Promise<ArchiveReader> {
    const handle = await openFile(path)
    try {
      const form = await recognizeOpen(handle, path)
      const name = basename(path)
      if (form !== 'archive') {
        const says = form === 'sqlite' ? 'an SQLite database' : 'a dump of pg_dump'
        throw new StoreError('INVALID_ARGUMENT', `${name} is ${says}, and no archive of Coffer`)
      }
      const { size: bytes } = await handle.stat()
      const file: ArchiveFile = { handle, name, bytes }
      const members = await walk(file)
      const manifest = await readManifestMember(file, members)
      requireCompression(manifest.compression)
      return new ArchiveReader(file, manifest, members)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#handle.close()
  }

  /** Throws `CORRUPT`, naming the archive. */
  refuse(problem: string): never {
    return refuse(this.name, problem)
  }

  /** Reads and expands a chunk, and compares it with what the manifest says. */
  async read(chunk: Chunk): Promise<string> {
    const member = this.#members.get(chunk.name) as Member
    const data = await readAt({ handle: this.#handle, name: this.name }, member.offset, member.bytes)
    if (sha256Of(data) !== chunk.sha256) this.refuse(`${chunk.name} does not match its hash`)
    const maxBytes = Math.min(chunk.expandedBytes, MAX_CHUNK_BYTES)
    const expanded = await expand(data, this.manifest.compression, maxBytes)
    if (expanded?.length !== chunk.expandedBytes) {
      this.refuse(`${chunk.name} does not expand to what the manifest says`)
    }
    if (sha256Of(expanded) !== chunk.expandedSha256) this.refuse(`${chunk.name} does not match its hash`)
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(expanded)
    } catch {
      return this.refuse(`${chunk.name} is not UTF-8`)
    }
  }
}

interface ArchiveFile {
  readonly handle: FileHandle
  readonly name: string
  readonly bytes: number
}

function refuse(name: string, problem: string): never {
  throw new StoreError('CORRUPT', `${name} is damaged: ${problem}`)
}

/** Walks over the members, contents left out. */
async function walk(file: ArchiveFile): Promise<readonly Member[]> {
  const members: Member[] = []
  const names = new Set<string>()
  for (let at = 0; members.at(-1)?.name !== MANIFEST; ) {
    const block = await readAt(file, at, BLOCK)
    const member = await readHeader(file, block, at)
    if (names.has(member.name)) refuse(file.name, `${member.name} is there twice`)
    names.add(member.name)
    members.push(member)
    const end = member.offset + member.bytes
    const padding = paddingOf(member.bytes)
    await requireZeros(file, end, padding, `behind ${member.name}`)
    at = end + padding
    if (at + END_BYTES > file.bytes) refuse(file.name, 'it is cut off')
    if (member.name === MANIFEST) await requireEnd(file, at)
  }
  return members
}

async function requireEnd(file: ArchiveFile, at: number): Promise<void> {
  await requireZeros(file, at, END_BYTES, 'at its end')
  if (at + END_BYTES !== file.bytes) refuse(file.name, 'there is something behind its end')
}

async function readHeader(file: ArchiveFile, block: Buffer, at: number): Promise<Member> {
  const name = block.toString('latin1', 0, 100).replace(/\0.*$/s, '')
  const size = block.toString('latin1', 124, 135)
  const isKnown = NAME.test(name) && /^[0-7]{11}$/.test(size)
  const bytes = isKnown ? Number.parseInt(size, 8) : 0
  if (!isKnown || !block.equals(await headerBlock(name, bytes))) {
    if (block.every((byte) => byte === 0)) refuse(file.name, 'it has no manifest')
    refuse(file.name, `the header at byte ${at} is none that Coffer writes`)
  }
  if (at + BLOCK + bytes > file.bytes) refuse(file.name, 'it is cut off')
  return { name, offset: at + BLOCK, bytes }
}

async function requireZeros(file: ArchiveFile, at: number, bytes: number, where: string): Promise<void> {
  if (bytes === 0) return
  const found = await readAt(file, at, bytes)
  if (found.some((byte) => byte !== 0)) refuse(file.name, `there is something in the padding ${where}`)
}

/** Reads so many bytes; an end before them is a cut. */
async function readAt(
  { handle, name }: Pick<ArchiveFile, 'handle' | 'name'>,
  at: number,
  bytes: number,
): Promise<Buffer> {
  const data = Buffer.allocUnsafe(bytes)
  for (let read = 0; read < bytes; ) {
    const { bytesRead } = await handle.read(data, read, bytes - read, at + read)
    if (bytesRead === 0) refuse(name, 'it is cut off')
    read += bytesRead
  }
  return data
}

async function readManifestMember(file: ArchiveFile, members: readonly Member[]): Promise<Manifest> {
  const member = members.at(-1) as Member
  if (member.bytes > MAX_MANIFEST_BYTES) refuse(file.name, 'the manifest is larger than there are any')
  const data = await readAt(file, member.offset, member.bytes)
  const text = data.toString('utf8')
  if (!Buffer.from(text).equals(data)) refuse(file.name, 'the manifest is not UTF-8')
  const manifest = parseManifest(text, (problem) => refuse(file.name, problem))
  const chunks = manifest.layouts.flatMap((layout) => layout.chunks)
  const contents = members.slice(0, -1)
  for (const [position, chunk] of chunks.entries()) {
    const found = contents[position]
    if (found?.name !== chunk.name) refuse(file.name, `${chunk.name} is not where the manifest says`)
    if (found.bytes !== chunk.bytes) refuse(file.name, `${chunk.name} is not as long as the manifest says`)
  }
  const extra = contents[chunks.length]
  if (extra !== undefined) refuse(file.name, `the manifest does not know ${extra.name}`)
  return manifest
}
