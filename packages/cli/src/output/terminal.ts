/** The streams of the process: lines that wait for a slow reader, and colours only where they are seen. */

import type { Readable } from 'node:stream'
import { styleText } from 'node:util'
import { EXIT } from '../failure.ts'

/** What a command reads from and writes to. */
export interface Terminal {
  readonly out: Output
  readonly err: Output
  readonly stdin: Readable
  readonly environment: NodeJS.ProcessEnv
}

export type Style = Parameters<typeof styleText>[0]

/** Columns that output is laid out for, unless it goes to a terminal that has fewer. */
const COLUMNS = 80

/** A stream that lines go to; a terminal says so, and how many columns and lines it has. */
export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** One of the two streams that a command writes to. */
export class Output {
  readonly #stream: OutputStream

  constructor(stream: OutputStream) {
    this.#stream = stream
  }

  /** True when a person looks on. */
  get isTerminal(): boolean {
    return this.#stream.isTTY === true
  }

  /** The stream itself, for what draws on a terminal. */
  get stream(): OutputStream {
    return this.#stream
  }

  /** The columns that a line may have. */
  get width(): number {
    const { columns = 0 } = this.#stream
    return this.isTerminal && columns > 0 ? Math.min(COLUMNS, columns) : COLUMNS
  }

  /** The lines that a terminal's screen has; 0 where there is none, or it does not say. */
  get height(): number {
    const { rows = 0 } = this.#stream
    return this.isTerminal ? rows : 0
  }

  /** Writes a line, and waits while the reader is behind. */
  line(text = ''): Promise<void> {
    return this.write(`${text}\n`)
  }

  /** Writes text as it is, and waits while the reader is behind. */
  async write(text: string): Promise<void> {
    if (this.#stream.write(text)) return
    await new Promise<void>((resolve) => {
      this.#stream.once('drain', resolve)
    })
  }

  /** The text with colours, on a terminal that shows them. */
  styled(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stream })
  }
}

/**
 * The terminal of a process. A reader that goes away, such as `head`, ends the process quietly, and what can't be
 * written ends it with a sentence: not with success, for work may be left.
 */
export function terminalOf(process: NodeJS.Process): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && stream === process.stdout) {
        process.stderr.write(`coffer: the output can't be written: ${error.message}\n`)
      }
      process.exit(EXIT.bad)
    })
  }
  return {
    out: new Output(process.stdout),
    err: new Output(process.stderr),
    stdin: process.stdin,
    environment: process.env,
  }
}
