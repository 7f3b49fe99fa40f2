/** What an import of transcripts tells while it runs and at its end. */

import { addCounts, type ImportCounts, noCounts } from '../import/import-transcripts.ts'
import { counted, grouped, seconds } from '../output/numbers.ts'
import { layOut } from '../output/table.ts'
import type { Terminal } from '../output/terminal.ts'
import { type ImportWatch, nameOf } from './import-watch.ts'

/** How the report is printed. */
interface ReportFlags {
  readonly strict?: true
  readonly json?: true
}

/** Counts over all files, and the summary. */
export class ImportReport {
  readonly counts = noCounts()
  readonly #terminal: Terminal
  readonly #watch: ImportWatch
  /** The file that is being read, and its counts so far. */
  #current: { readonly file: string; counts: ImportCounts } | undefined

  constructor(terminal: Terminal, watch: ImportWatch) {
    this.#terminal = terminal
    this.#watch = watch
  }

  /** True when a strict import has met a bad line. */
  isOver(strict: boolean | undefined): boolean {
    return strict === true && this.counts.bad_lines > 0
  }

  progress(file: string, counts: ImportCounts): void {
    this.#current = { file, counts }
    this.#watch.show(counted(this.counts.runs + counts.runs, 'run'))
  }

  /** Ends a file that has been read to its end. */
  async finish(file: string, counts: ImportCounts): Promise<void> {
    if (counts.runs === 0 && counts.bad_lines === 0) await this.#watch.tell(nameOf(file), 'it has no runs')
    await this.#end(file, counts)
  }

  /** Takes in what an interrupted file has brought. */
  async close(): Promise<void> {
    if (this.#current !== undefined) await this.#end(this.#current.file, this.#current.counts)
    this.#watch.hide()
  }

  async #end(file: string, counts: ImportCounts): Promise<void> {
    addCounts(this.counts, counts)
    this.#current = undefined
    await this.#watch.end(file)
  }

  async print(flags: ReportFlags, interrupted: boolean): Promise<void> {
    const { files, problems, bytes, milliseconds } = this.#watch
    const { out } = this.#terminal
    if (flags.json === true) {
      const summary = {
        ok: !interrupted && this.counts.bad_lines === 0,
        interrupted,
        files,
        ...this.counts,
        problems,
        bytes,
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
