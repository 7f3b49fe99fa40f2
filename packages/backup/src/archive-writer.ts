/** Writes an archive, member by member, as fast as the disk takes it. */

import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { StoreError } from '@coffer/core'
import { pack } from 'tar-stream'
import { type Compression, compress, EXTENSIONS } from './compression.ts'
import { CHUNK_BYTES, type Chunk, chunkName, MAX_CHUNK_BYTES } from './manifest.ts'
import { writeAll } from './private-file.ts'
import { headerFields } from './tar-header.ts'

/** Chunks that are being compressed, or wait to be written, at once. */
const MAX_WAITING = 3

export class ArchiveWriter {
  readonly compression: Compression
  readonly #pack = pack()
  readonly #written: Promise<void>
  readonly #waiting: Promise<void>[] = []
  #bytes = 0
  #last: Promise<void> = Promise.resolve()

  constructor(handle: FileHandle, compression: Compression) {
    this.compression = compression
    this.#written = this.#pump(handle)
    this.#written.catch(() => undefined)
  }

  /** Bytes that were written so far. */
  get bytes(): number {
    return this.#bytes
  }

  async #pump(handle: FileHandle): Promise<void> {
    for await (const part of this.#pack as AsyncIterable<Uint8Array>) {
      await writeAll(handle, part)
      this.#bytes += part.length
    }
  }

  /** Compresses a chunk and adds it behind those before, in the background; waits while there are many. */
  async addChunk(expanded: Buffer, toChunk: (bytes: Buffer) => Chunk): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING) await this.#waiting.shift()
    const before = this.#last
    const adding = compress(expanded, this.compression).then(async (bytes) => {
      await before
      await this.add(toChunk(bytes).name, bytes)
    })
    adding.catch(() => undefined)
    this.#waiting.push(adding)
    this.#last = adding
  }

  /** Waits until all chunks are in their place. */
  async settled(): Promise<void> {
    await this.#last
    this.#waiting.length = 0
  }

  /** Adds a member. */
  async add(name: string, data: Buffer): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#pack.entry(headerFields(name, data.length), data, (error) => {
          if (error) reject(error)
          else resolve()
        })
      })
    } catch (error) {
      // What stopped the writing says more than that it was stopped.
      await this.#written
      throw error
    }
  }

  /** Writes the end. */
  async end(): Promise<void> {
    this.#pack.finalize()
    await this.#written
  }

  /** Ends without an end, and waits for what is under way. */
  async abandon(): Promise<void> {
    this.#pack.destroy()
    await Promise.allSettled([...this.#waiting, this.#written])
  }
}

/** Makes chunks out of lines. */
export class ChunkWriter {
  readonly #archive: ArchiveWriter
  readonly #folder: 'rows' | 'floors'
  readonly #layout: string
  readonly #chunks: Chunk[] = []
  #lines = ''
  #bytes = 0
  #rows = 0
  #sealed = 0

  constructor(archive: ArchiveWriter, folder: 'rows' | 'floors', layout: string) {
    this.#archive = archive
    this.#folder = folder
    this.#layout = layout
  }

  /** Adds a line; where a chunk is full, what is to be waited for. */
  add(line: string): Promise<void> | undefined {
    const bytes = Buffer.byteLength(line) + 1
    const sealing = this.#rows > 0 && this.#bytes + bytes > CHUNK_BYTES ? this.#seal() : undefined
    this.#lines += `${line}\n`
    this.#bytes += bytes
    this.#rows++
    return sealing
  }

  #seal(): Promise<void> {
    const expanded = Buffer.from(this.#lines)
    if (expanded.length > MAX_CHUNK_BYTES) {
      throw new StoreError('LIMIT_EXCEEDED', `${this.#layout}: a row is larger than an archive takes one`, {
        collection: this.#layout,
      })
    }
    const rows = this.#rows
    const position = this.#sealed++
    const name = chunkName(this.#folder, this.#layout, position, EXTENSIONS[this.#archive.compression])
    this.#lines = ''
    this.#bytes = 0
    this.#rows = 0
    const expandedSha256 = sha256Of(expanded)
    return this.#archive.addChunk(expanded, (data) => {
      const sha256 = data === expanded ? expandedSha256 : sha256Of(data)
      const chunk = { name, bytes: data.length, expandedBytes: expanded.length, rows, sha256, expandedSha256 }
      this.#chunks[position] = chunk
      return chunk
    })
  }

  /** Writes what is left and answers the chunks. */
  async end(): Promise<readonly Chunk[]> {
    if (this.#rows > 0) await this.#seal()
    await this.#archive.settled()
    return this.#chunks
  }
}

/** The hex SHA-256 of bytes. */
export function sha256Of(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}
