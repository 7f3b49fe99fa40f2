/** `coffer import`: chat transcripts into sessions, traces and resolutions. */

import { createReadStream, statSync } from 'node:fs'
import { addAbortSignal, type Readable } from 'node:stream'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { CommandError, EXIT } from '../failure.ts'
import {
  addCounts,
  type ImportCounts,
  importTranscripts,
  type LineProblem,
  noCounts,
} from '../import/import-transcripts.ts'
import { readLines } from '../import/lines.ts'
import { counted, grouped, seconds } from '../output/numbers.ts'
import { type Progress, progressOn } from '../output/progress.ts'
import { layOut, oneLine } from '../output/table.ts'
import { COLUMNS, type Terminal } from '../output/terminal.ts'
import { type Context, type StoreChoice, usingStore, withStoreOptions } from './command.ts'

interface ImportFlags extends StoreChoice {
  readonly agentId?: string
  readonly startedAt: Date
  readonly strict?: true
  readonly json?: true
}

const HELP = `
Each line is one run: { "session_id"?, "messages": [ … ] } with messages as in
the OpenAI chat API, tool_calls included. It becomes
  a session       named session_id, or after the content where there is none;
                  other members of the run go into its metadata
  trace events    one per message and one per tool call, in a trace that has
                  the session's id
  resolutions     one per tool call, with the result that answered it
Importing a file again changes nothing. A bad line is named and passed over.
Times are those of the run (created_at, ended_at) and of its messages
(timestamp or created_at: ISO 8601, or seconds since 1970). Where there is none,
a run begins at --started-at and each message comes 1 ms after the one before:
such times say the order and nothing else, and the session's metadata says so.

Examples:
  coffer import runs.jsonl --store sqlite:./agents.db
  zcat runs.jsonl.gz | coffer import - --store agents.db --agent-id support`

/** Adds the command. */
export function addImportCommand(program: Command, context: Context): void {
  const command = program
    .command('import <file...>')
    .description('import chat transcripts (JSONL; - is standard input)')
    .addOption(
      new Option('--format <name>', 'the form of the lines').choices(['openai-chat']).default('openai-chat'),
    )
    .option('--agent-id <id>', 'the agent of runs that name none (default: unknown)')
    .option('--started-at <time>', 'the start of runs that name no time', parseTime, new Date(0))
    .option('--strict', 'stop at the first bad line')
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', HELP)
  withStoreOptions(command).action(async (files: string[], flags: ImportFlags) => {
    context.exitCode = await importFiles(context, files, flags)
  })
}

function parseTime(text: string): Date {
  const time = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text)
  const [earliest, latest] = [-62_135_596_800_000, 253_402_300_799_999]
  if (time.getTime() >= earliest && time.getTime() <= latest) return time
  throw new InvalidArgumentError('It must be a time such as 2026-03-01T12:00:00Z.')
}

async function importFiles(context: Context, files: readonly string[], flags: ImportFlags): Promise<number> {
  const { terminal } = context
  for (const file of files) checkFile(file)
  const interruption = new AbortController()
  const interrupt = () => interruption.abort()
  // The second Ctrl-C ends the process in the usual way.
  process.once('SIGINT', interrupt)
  const report = new Report(terminal, files)
  try {
    await usingStore(context, flags, 'write', async (store) => {
      for (const file of files) {
        if (report.isOver(flags.strict)) break
        const source = openSource(file, terminal, interruption.signal)
        const lines = readLines(report.follow(source, file))
        const counts = await importTranscripts(store, lines, {
          agentId: flags.agentId,
          startedAt: flags.startedAt,
          strict: flags.strict,
          signal: interruption.signal,
          onProblem: (problem) => report.problem(file, problem),
          onProgress: (counts) => report.progress(counts),
        })
        report.finish(counts)
      }
    })
  } catch (error) {
    if (!interruption.signal.aborted) throw error
  } finally {
    process.off('SIGINT', interrupt)
    report.close()
  }
  const interrupted = interruption.signal.aborted
  await report.print(flags, interrupted)
  if (interrupted) return EXIT.interrupted
  return report.counts.bad_lines > 0 ? EXIT.bad : EXIT.ok
}

function checkFile(file: string): void {
  if (file === '-') return
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) throw new CommandError(`there is no file ${file}`)
  if (found.isDirectory()) throw new CommandError(`${file} is a folder; name the files in it`)
}

function openSource(file: string, terminal: Terminal, signal: AbortSignal): Readable {
  return file === '-' ? addAbortSignal(signal, terminal.stdin) : createReadStream(file, { signal })
}

/** Problems that the JSON summary names; all of them are counted. */
const MAX_PROBLEMS = 1_000

/** What an import tells while it runs and at its end. */
class Report {
  readonly counts = noCounts()
  readonly #terminal: Terminal
  readonly #files: readonly string[]
  readonly #started = performance.now()
  readonly #problems: (LineProblem & { readonly file: string })[] = []
  readonly #bar: Progress
  #bytes = 0
  /** Counts of the file that is being read. */
  #current: ImportCounts | undefined

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

  async problem(file: string, problem: LineProblem): Promise<void> {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ file: nameOf(file), ...problem })
    this.#bar.hide()
    const { err } = this.#terminal
    const place = err.styled('yellow', `${nameOf(file)}:${problem.line}`)
    await err.line(`${place}: ${oneLine(problem.reason)}`)
  }

  progress(counts: ImportCounts): void {
    this.#current = counts
    this.#bar.update(this.#bytes, this.counts.runs + counts.runs)
  }

  finish(counts: ImportCounts): void {
    addCounts(this.counts, counts)
    this.#current = undefined
  }

  /** Takes in what an interrupted file has brought. */
  close(): void {
    if (this.#current !== undefined) this.finish(this.#current)
    this.#bar.hide()
  }

  async print(flags: ImportFlags, interrupted: boolean): Promise<void> {
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
    const [head = '', ...body] = layOut(columns, rows, COLUMNS)
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
