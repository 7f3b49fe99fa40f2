/** Reads the lines of a log or snapshot, chunk by chunk, and says of each whether it is whole. */

import type { OpenFile } from './file-system.ts'
import { checkLine, endOfLine, type LineText, MAX_LINE_BYTES } from './line.ts'

/** How much is read at once: little at first, as most files that are looked into are short. */
const LEAST_CHUNK_BYTES = 64 * 1_024
const CHUNK_BYTES = 1_024 * 1_024

/** A line in the buffer that it was read into, which the next line may overwrite. */
export interface Line {
  readonly buffer: Buffer
  /** Its JSON text; `undefined` when the line is damaged, or cut off by the end of the file. */
  readonly text: LineText | undefined
  /** Where it begins in the file. */
  readonly from: number
  /** Where the next one begins. */
  readonly to: number
}

/**
 * Visits the lines of a file in their order.
 *
 * @param end the length in bytes that is read; `undefined` for all of the file
 * @param visit answers false to stop
 */
export async function readLines(
  file: OpenFile,
  end: number | undefined,
  visit: (line: Line) => boolean,
): Promise<void> {
  let buffer = Buffer.allocUnsafe(LEAST_CHUNK_BYTES)
  /** Where the first byte of the buffer stands in the file, and how many bytes of the buffer are filled. */
  let start = 0
  let filled = 0
  for (;;) {
    const room = Math.min(buffer.length - filled, (end ?? Number.POSITIVE_INFINITY) - start - filled)
    const count = room > 0 ? await file.read(buffer.subarray(filled, filled + room), start + filled) : 0
    filled += count
    const used = visitBuffered(buffer.subarray(0, filled), start, visit)
    if (used === undefined) return
    if (count === 0) {
      if (used < filled) visit({ buffer, text: undefined, from: start + used, to: start + filled })
      return
    }
    buffer.copyWithin(0, used, filled)
    start += used
    filled -= used
    if (filled === buffer.length || (count === room && buffer.length < CHUNK_BYTES)) buffer = enlarged(buffer)
  }
}

/** @returns how many bytes the lines took, or `undefined` to stop */
function visitBuffered(buffer: Buffer, start: number, visit: (line: Line) => boolean): number | undefined {
  let from = 0
  for (let newline = endOfLine(buffer, from); newline !== -1; newline = endOfLine(buffer, from)) {
    const text = checkLine(buffer, from, newline)
    if (!visit({ buffer, text, from: start + from, to: start + newline + 1 })) return undefined
    from = newline + 1
  }
  return from
}

function enlarged(buffer: Buffer): Buffer<ArrayBuffer> {
  const length = Math.min(buffer.length * 2, MAX_LINE_BYTES + CHUNK_BYTES)
  const larger = Buffer.allocUnsafe(length)
  buffer.copy(larger)
  return larger
}
