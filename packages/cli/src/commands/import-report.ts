/** What an import tells while it runs and at its end. */

import { statSync } from 'node:fs'
import { CommandError, EXIT } from '../failure.ts'
import { addCounts, type ImportCounts, type LineProblem, noCounts } from '../import/import-transcripts.ts'
import { counted, grouped, seconds } from '../output/numbers.ts'
import { type Progress, progressOn } from '../output/progress.ts'
import { layOut, oneLine } from '../output/table.ts'
import type { Terminal } from '../output/terminal.ts'

/** Bad lines of one file that are told; all of them are counted. */
const MAX_TOLD = 20

/** Problems that the JSON summary names; all of them are counted. */
const MAX_PROBLEMS = 1_000

/** How the report is printed. */
interface ReportFlags {
  readonly strict?: true
  readonly json?: true
}

/** Counts over all files, the bad lines of each, and the summary. */
export class ImportReport {
  readonly counts = noCounts()
  readonly #terminal: Terminal
  readonly #files: readonly string[]
  readonly #started = performance.now()
  readonly #problems: (LineProblem & { readonly file: string })[] = []
  readonly #bar: Progress
  #bytes = 0
  /** The file that is being read, and its counts so far. */
  #current: { readonly file: string; counts: ImportCounts } | undefined
  #told = 0
  #untold = 0
  /** What to do about bad lines of the file, each said once. */
  readonly #advice = new Set<string>()

  constructor(terminal: Terminal, files: readonly string[]) {
    this.#terminal = terminal
    this.#files = files
    this.#bar = progressOn(terminal.err, totalBytes(files))
  }

  /** True when a strict import has met a bad line. */
  isOver(strict: boolean | undefined): boolean {
    return strict === true && this.counts.bad_lines > 0
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
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ file: nameOf(file), line, reason })
    if (advice !== undefined) this.#advice.add(advice)
    if (this.#told === MAX_TOLD) {
      this.#untold++
      return
    }
    this.#told++
    await this.#tell(`${nameOf(file)}:${line}`, oneLine(reason))
  }

  progress(file: string, counts: ImportCounts): void {
    this.#current = { file, counts }
    this.#bar.update(this.#bytes, counted(this.counts.runs + counts.runs, 'run'))
  }

  /** Ends a file that has been read to its end. */
  async finish(file: string, counts: ImportCounts): Promise<void> {
    if (counts.runs === 0 && counts.bad_lines === 0) await this.#tell(nameOf(file), 'it has no runs')
    await this.#end(file, counts)
  }

  /** Takes in what an interrupted file has brought. */
  async close(): Promise<void> {
    if (this.#current !== undefined) await this.#end(this.#current.file, this.#current.counts)
    this.#bar.hide()
  }

  async #end(file: string, counts: ImportCounts): Promise<void> {
    addCounts(this.counts, counts)
    this.#current = undefined
    if (this.#untold > 0) await this.#tell(nameOf(file), `… and ${counted(this.#untold, 'more bad line')}`)
    for (const advice of this.#advice)
      await this.#tell(nameOf(file), advice.replace('FILE', file === '-' ? 'FILE' : file))
    this.#told = 0
    this.#untold = 0
    this.#advice.clear()
  }

  async #tell(place: string, text: string): Promise<void> {
    this.#bar.hide()
    const { err } = this.#terminal
    await err.line(`${err.styled('yellow', place)}: ${text}`)
  }

  async print(flags: ReportFlags, interrupted: boolean): Promise<void> {
    const milliseconds = performance.now() - this.#started
    const { out } = this.#terminal
    if (flags.json === true) {
      const summary = {
        ok: !interrupted && this.counts.bad_lines === 0,
        interrupted,
        files: this.#files.map(nameOf),
        ...this.counts,
        problems: this.#problems,
        bytes: this.#bytes,
        seconds: Math.round(milliseconds) / 1_000,
      }
      await out.line(JSON.stringify(summary, null, 2))
      return
    }
    for (const line of this.#summary(milliseconds, interrupted)) await out.line(line)
    if (interrupted) await out.line('Run it again to go on: what is stored is passed over.')
    if (this.isOver(flags.strict)) {
      await out.line('Stopped at the first bad line (--strict); what came before it is stored.')
    }
  }

  #summary(milliseconds: number, interrupted: boolean): string[] {
    const { runs, bad_lines, messages, tool_calls, ...kinds } = this.counts
    const { out } = this.#terminal
    const title = `${interrupted ? 'Interrupted: ' : ''}${counted(runs, 'run')} in ${seconds(milliseconds)}`
    const rows = Object.entries(kinds).map(([kind, changes]) => [
      kind,
      ...[changes.new, changes.unchanged, changes.changed].map(grouped),
    ])
    const columns = [
      { title: '' },
      ...['new', 'unchanged', 'changed'].map((title) => ({ title, align: 'right' as const })),
    ]
    const [head = '', ...body] = layOut(columns, rows, out.width)
    return [
      out.styled('bold', title),
      out.styled('dim', head),
      ...body,
      out.styled('dim', `events: ${counted(messages, 'message')} and ${counted(tool_calls, 'tool call')}`),
      ...(bad_lines === 0 ? [] : [out.styled('yellow', `${counted(bad_lines, 'bad line')}, not imported`)]),
    ]
  }
}

function nameOf(file: string): string {
  return file === '-' ? '(standard input)' : file
}

function totalBytes(files: readonly string[]): number | undefined {
  if (files.includes('-')) return undefined
  return files.reduce((sum, file) => sum + statSync(file).size, 0)
}
