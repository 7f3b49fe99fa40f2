/** The contents of an archive, chunk by chunk and checked; the next chunk is expanded while one is worked on. */

import type { TenantFloor } from '@coffer/core'
import { throwIfAborted } from './abort.ts'
import type { ArchiveReader } from './archive-reader.ts'
import { heldLayout } from './layout-schema.ts'
import type { Chunk, ManifestLayout } from './manifest.ts'
import { FloorReader, type ReadRow, RowReader } from './row-reader.ts'
import { LineProblem } from './row-rules.ts'

/** What one chunk holds. */
export interface ReadChunk {
  readonly chunk: Chunk
  readonly rows: readonly ReadRow[]
  readonly floors: readonly TenantFloor[]
}

/** All chunks of a layout in their order. */
export async function* chunksOf(
  archive: ArchiveReader,
  { layout, chunks }: ManifestLayout,
  signal: AbortSignal | undefined,
): AsyncGenerator<ReadChunk> {
  const rows = new RowReader(heldLayout(layout, false).layout)
  const floors = new FloorReader()
  let coming = readAhead(archive, chunks[0])
  for (const [position, chunk] of chunks.entries()) {
    const text = await coming
    throwIfAborted(signal)
    coming = readAhead(archive, chunks[position + 1])
    const isRows = chunk.name.startsWith('rows/')
    yield {
      chunk,
      rows: isRows ? linesOf(archive, chunk, text, (line) => rows.read(line)) : [],
      floors: isRows ? [] : linesOf(archive, chunk, text, (line) => floors.read(line)),
    }
  }
}

function readAhead(archive: ArchiveReader, chunk: Chunk | undefined): Promise<string> {
  const reading = chunk === undefined ? Promise.resolve('') : archive.read(chunk)
  // Told when it is its turn.
  reading.catch(() => undefined)
  return reading
}

function linesOf<T>(archive: ArchiveReader, chunk: Chunk, text: string, read: (line: string) => T): T[] {
  const lines = text.split('\n')
  if (lines.pop() !== '') archive.refuse(`${chunk.name} does not end with a line's end`)
  if (lines.length !== chunk.rows) archive.refuse(`${chunk.name} has another number of lines than is said`)
  return lines.map((line, position) => {
    try {
      return read(line)
    } catch (error) {
      if (!(error instanceof LineProblem)) throw error
      return archive.refuse(`line ${position + 1} of ${chunk.name} ${error.message}`)
    }
  })
}
