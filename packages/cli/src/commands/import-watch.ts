/** What is seen of an import while it runs: a bar, and the bad lines of each file. */

import { statSync } from 'node:fs'
import { CommandError, EXIT } from '../failure.ts'
import type { LineProblem } from '../import/import-transcripts.ts'
import { counted } from '../output/numbers.ts'
import { type Progress, progressOn } from '../output/progress.ts'
import { oneLine } from '../output/table.ts'
import type { Terminal } from '../output/terminal.ts'

/** Bad lines of one file that are told; all of them are counted. */
const MAX_TOLD = 20

/** Problems that the JSON summary names; all of them are counted. */
const MAX_PROBLEMS = 1_000

/** Follows the files of one import. */
export class ImportWatch {
  /** The first problems of all files. */
  readonly problems: (Pick<LineProblem, 'line' | 'reason'> & { readonly file: string })[] = []
  readonly files: readonly string[]
  readonly #terminal: Terminal
  readonly #started = performance.now()
  readonly #bar: Progress
  #bytes = 0
  #told = 0
  #untold = 0
  /** What to do about bad lines of the file, each said once. */
  readonly #advice = new Set<string>()

  constructor(terminal: Terminal, files: readonly string[]) {
    this.#terminal = terminal
    this.files = files.map(nameOf)
    this.#bar = progressOn(terminal.err, totalBytes(files))
  }

  /** How many bytes were read. */
  get bytes(): number {
    return this.#bytes
  }

  get milliseconds(): number {
    return performance.now() - this.#started
  }

  /** Counts the bytes of a file on their way. A file that can't be read is named. */
  async *follow(source: AsyncIterable<Buffer>, file: string): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of source) {
        this.#bytes += chunk.length
        yield chunk
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new CommandError(`${nameOf(file)} can't be read: ${reason}`, EXIT.bad)
    }
  }

  async problem(file: string, { line, reason, advice }: LineProblem): Promise<void> {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ file: nameOf(file), line, reason })
    if (advice !== undefined) this.#advice.add(advice)
    if (this.#told === MAX_TOLD) {
      this.#untold++
      return
    }
    this.#told++
    await this.tell(`${nameOf(file)}:${line}`, oneLine(reason))
  }

  /** Shows how far it is, with what has been done. */
  show(done: string): void {
    this.#bar.update(this.#bytes, done)
  }

  /** Tells what is left to say of a file. */
  async end(file: string): Promise<void> {
    if (this.#untold > 0) await this.tell(nameOf(file), `… and ${counted(this.#untold, 'more bad line')}`)
    for (const advice of this.#advice)
      await this.tell(nameOf(file), advice.replaceAll('FILE', file === '-' ? 'FILE' : file))
    this.#told = 0
    this.#untold = 0
    this.#advice.clear()
  }

  /** Takes the bar away. */
  hide(): void {
    this.#bar.hide()
  }

  async tell(place: string, text: string): Promise<void> {
    this.#bar.hide()
    const { err } = this.#terminal
    await err.line(`${err.styled('yellow', place)}: ${text}`)
  }
}

/** What a file is called in messages. */
export function nameOf(file: string): string {
  return file === '-' ? '(standard input)' : file
}

function totalBytes(files: readonly string[]): number | undefined {
  if (files.includes('-')) return undefined
  return files.reduce((sum, file) => sum + statSync(file).size, 0)
}
