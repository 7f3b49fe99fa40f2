/**
 * One line of a log or snapshot: `checksum length json` and a newline. The checksum is the CRC-32 of the JSON
 * text as 8 hex digits, the length its number of bytes; so `tail` shows what it says, and any tool can check it.
 */

import { crc32 } from 'node:zlib'

/** No line is longer, as the longest text that V8 allows is about as long. */
export const MAX_LINE_BYTES = 512 * 1_024 * 1_024

const NEWLINE = 0x0a
const SPACE = 0x20
const CHECKSUM_DIGITS = 8

/** Where the JSON text of a line lies in the buffer that it was read from, as a range of bytes. */
export interface LineText {
  readonly from: number
  readonly to: number
}

/**
 * Finds the JSON text of a line, if the line is whole.
 *
 * @param from where the line begins in the buffer
 * @param to where its newline stands
 * @returns `undefined` when checksum, length or form are not right
 */
export function checkLine(buffer: Buffer, from: number, to: number): LineText | undefined {
  const lengthFrom = from + CHECKSUM_DIGITS + 1
  const space = buffer.indexOf(SPACE, lengthFrom)
  if (space === -1 || space >= to || buffer[lengthFrom - 1] !== SPACE) return undefined
  const text = { from: space + 1, to }
  const said = buffer.toString('latin1', from, space)
  const is = `${checksumText(crc32(buffer.subarray(text.from, to)))} ${to - text.from}`
  return said === is ? text : undefined
}

/** Where the line that begins at an offset ends: the place of its newline, or -1 when it has none. */
export function endOfLine(buffer: Buffer, from: number): number {
  return buffer.indexOf(NEWLINE, from)
}

/** A checksum as it stands in a line. */
export function checksumText(checksum: number): string {
  const digits = checksum.toString(16)
  return digits.length === CHECKSUM_DIGITS ? digits : digits.padStart(CHECKSUM_DIGITS, '0')
}
