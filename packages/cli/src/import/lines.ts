/** Lines of a stream of bytes, one at a time, whatever their length. */

/** A line, counted from 1, or why it can't be read. */
export type Line =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly problem: string }

/** The longest line that is read. */
export const MAX_LINE_BYTES = 64 * 1_024 * 1_024

const NEWLINE = 10

/**
 * Cuts a stream into lines. Empty ones are counted and left out. A line that is too long, or not UTF-8, is
 * answered as a problem, and so is all of a compressed file at once; no more than one line is held in memory, and never one that is too long.
 */
export async function* readLines(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number = MAX_LINE_BYTES,
): AsyncGenerator<Line, void, undefined> {
  const line = new PartialLine(maxBytes)
  let isFirst = true
  for await (const chunk of source) {
    if (isFirst && isCompressed(chunk)) {
      yield { number: 1, problem: 'the file looks compressed: unpack it first' }
      return
    }
    isFirst = false
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      line.add(chunk.subarray(start, end))
      const finished = line.finish()
      if (finished !== undefined) yield finished
      start = end + 1
    }
    line.add(chunk.subarray(start))
  }
  const rest = line.finish()
  if (rest !== undefined) yield rest
}

/** How gzip, zstd, xz and zip begin; no JSON does. */
const COMPRESSED = ['1f8b', '28b52ffd', 'fd377a585a', '504b0304'].map((hex) => Buffer.from(hex, 'hex'))

function isCompressed(start: Uint8Array): boolean {
  return COMPRESSED.some((magic) => magic.equals(start.subarray(0, magic.length)))
}

class PartialLine {
  readonly #maxBytes: number
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  #number = 1
  #bytes = 0
  #parts: Uint8Array[] = []

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  add(part: Uint8Array): void {
    this.#bytes += part.length
    if (this.#bytes > this.#maxBytes) this.#parts = []
    else if (part.length > 0) this.#parts.push(part)
  }

  finish(): Line | undefined {
    const number = this.#number++
    const bytes = this.#bytes
    const parts = this.#parts
    this.#bytes = 0
    this.#parts = []
    if (bytes > this.#maxBytes) {
      return { number, problem: `it is longer than ${this.#maxBytes} bytes` }
    }
    try {
      const text = this.#decoder.decode(Buffer.concat(parts)).trim()
      return text === '' ? undefined : { number, text }
    } catch {
      return { number, problem: 'it is not valid UTF-8' }
    }
  }
}
