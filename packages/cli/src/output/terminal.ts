/** The streams of the process: lines that wait for a slow reader, and colours only where they are seen. */

import { styleText } from 'node:util'

/** What a command reads from and writes to. */
export interface Terminal {
  readonly out: Output
  readonly err: Output
  readonly stdin: NodeJS.ReadStream
  readonly environment: NodeJS.ProcessEnv
}

export type Style = Parameters<typeof styleText>[0]

/** Columns that output is laid out for, whatever the terminal has. */
export const COLUMNS = 80

/** One of the two streams that a command writes to. */
export class Output {
  readonly #stream: NodeJS.WriteStream

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  /** True when a person looks on. */
  get isTerminal(): boolean {
    return this.#stream.isTTY === true
  }

  /** The stream itself, for what draws on a terminal. */
  get stream(): NodeJS.WriteStream {
    return this.#stream
  }

  /** Writes a line, and waits while the reader is behind. */
  async line(text = ''): Promise<void> {
    if (this.#stream.write(`${text}\n`)) return
    await new Promise<void>((resolve) => {
      this.#stream.once('drain', resolve)
    })
  }

  /** The text with colours, on a terminal that shows them. */
  styled(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stream })
  }
}

/** The terminal of a process. A reader that goes away, such as `head`, ends the process quietly. */
export function terminalOf(process: NodeJS.Process): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit()
      throw error
    })
  }
  return {
    out: new Output(process.stdout),
    err: new Output(process.stderr),
    stdin: process.stdin,
    environment: process.env,
  }
}
