/** Lines as bytes, one behind the other, encoded in place: nothing of a line is made twice. */

import { crc32 } from 'node:zlib'
import { checksumText } from './line.ts'

const LEAST_BYTES = 64 * 1_024
/** A buffer that became longer than this for a long line is not kept. */
const MOST_KEPT_BYTES = 8 * 1_024 * 1_024

/** A checksum, and a space on either side of the length. */
const HEAD_BYTES = 10
const NEWLINE = 0x0a

export class LineBuffer {
  #buffer = Buffer.allocUnsafe(LEAST_BYTES)
  #length = 0

  /** How many bytes the lines have. */
  get length(): number {
    return this.#length
  }

  /** Adds the line of a JSON text. */
  add(json: string): void {
    // Short texts are not looked at twice: a code unit takes at most three bytes.
    const most = json.length < LEAST_BYTES ? json.length * 3 : Buffer.byteLength(json)
    this.#reserve(most + HEAD_BYTES + String(most).length + 1)
    const buffer = this.#buffer
    const from = this.#length
    // As if every code unit were a byte; where that leaves no room for the length, the text moves.
    let text = from + HEAD_BYTES + String(json.length).length
    const bytes = buffer.write(json, text)
    const length = String(bytes)
    const shift = length.length - String(json.length).length
    if (shift > 0) buffer.copyWithin(text + shift, text, text + bytes)
    text += shift
    const checksum = checksumText(crc32(buffer.subarray(text, text + bytes)))
    buffer.write(`${checksum} ${length} `, from, 'latin1')
    buffer[text + bytes] = NEWLINE
    this.#length = text + bytes + 1
  }

  /** The lines, until the next call of any method. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Forgets the lines. */
  clear(): void {
    this.#length = 0
    if (this.#buffer.length > MOST_KEPT_BYTES) this.#buffer = Buffer.allocUnsafe(LEAST_BYTES)
  }

  #reserve(room: number): void {
    const wanted = this.#length + room
    if (wanted <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(wanted, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}

/** The line of a JSON text, its newline included. */
export function encodeLine(json: string): Buffer {
  const lines = new LineBuffer()
  lines.add(json)
  return lines.bytes
}
