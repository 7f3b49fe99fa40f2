/** Files that are imported: opened, unpacked, and looked at before they are read. */

import { createReadStream, statSync } from 'node:fs'
import { addAbortSignal, pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { CommandError, EXIT } from '../failure.ts'
import type { Terminal } from '../output/terminal.ts'

/** A file on its way, and what it begins with. */
export interface Input {
  /** The first characters that are no space. */
  readonly start: string
  /** All of it, from its beginning. */
  readonly chunks: AsyncIterable<Buffer>
}

/** How much of a file tells its form. */
const START_BYTES = 256

const GZIP = Buffer.from('1f8b', 'hex')

/** Refuses a file that is not there, before any is read. `-` is standard input. */
export function checkFile(file: string): void {
  if (file === '-') return
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) throw new CommandError(`there is no file ${file}`)
  if (found.isDirectory()) throw new CommandError(`${file} is a folder; name the files in it`)
}

/** The bytes of a file, or of standard input. */
export function openSource(file: string, terminal: Terminal, signal: AbortSignal): Readable {
  return file === '-' ? addAbortSignal(signal, terminal.stdin) : createReadStream(file, { signal })
}

/**
 * Begins to read: gzip is unpacked, and the beginning is looked at.
 *
 * @param name what the file is called where it can't be unpacked
 */
export async function startReading(source: AsyncIterable<Buffer>, name: string): Promise<Input> {
  const packed = await peek(source, (head) => head.length >= GZIP.length)
  const isPacked = GZIP.equals(packed.head.subarray(0, GZIP.length))
  const { head, chunks } = await peek(isPacked ? unpacked(packed.chunks, name) : packed.chunks, tellsForm)
  const start = new TextDecoder().decode(head.subarray(0, START_BYTES)).trimStart()
  return { start, chunks }
}

/** Looks at the start of a file, and lets go of it. */
export async function startOf(file: string): Promise<string> {
  const source = createReadStream(file)
  try {
    return (await startReading(source, file)).start
  } finally {
    source.destroy()
  }
}

/** A line is enough: who writes to a pipe may wait for an answer to it. */
function tellsForm(head: Buffer): boolean {
  return head.length >= START_BYTES || /\S.*\n/.test(head.toString('latin1'))
}

async function* unpacked(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const unpacking = createGunzip()
  pipeline(Readable.from(chunks), unpacking, () => undefined)
  try {
    yield* unpacking
  } catch (error) {
    if (!/^Z_/.test((error as NodeJS.ErrnoException).code ?? '')) throw error
    throw new CommandError(`${name} is cut off or damaged: gzip can't unpack it`, EXIT.bad, 'CORRUPT')
  }
}

async function peek(
  source: AsyncIterable<Buffer>,
  isEnough: (head: Buffer) => boolean,
): Promise<{ head: Buffer; chunks: AsyncIterable<Buffer> }> {
  const iterator = source[Symbol.asyncIterator]()
  let head: Buffer = Buffer.alloc(0)
  let isOver = false
  while (!isOver && !isEnough(head)) {
    const next = await iterator.next()
    isOver = next.done === true
    if (next.done !== true) head = Buffer.concat([head, next.value])
  }
  async function* chunks(): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head
    if (!isOver) yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return { head, chunks: chunks() }
}
