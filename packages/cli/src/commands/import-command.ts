/** `coffer import`: chat transcripts into sessions, traces and resolutions. */

import { createReadStream, statSync } from 'node:fs'
import { addAbortSignal, type Readable } from 'node:stream'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { CommandError, EXIT } from '../failure.ts'
import { importTranscripts } from '../import/import-transcripts.ts'
import { readLines } from '../import/lines.ts'
import type { Terminal } from '../output/terminal.ts'
import { type Context, type StoreChoice, usingStore, withStoreOptions } from './command.ts'
import { ImportReport } from './import-report.ts'

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
Importing a file again changes nothing. Bad lines are passed over and counted;
the first 20 of a file are named.
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
  const report = new ImportReport(terminal, files)
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
          onProgress: (counts) => report.progress(file, counts),
        })
        await report.finish(file, counts)
      }
    })
  } catch (error) {
    if (!interruption.signal.aborted) throw error
  } finally {
    process.off('SIGINT', interrupt)
    await report.close()
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
