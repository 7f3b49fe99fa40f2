/** `coffer import`: records of any collection, or chat transcripts. */

import { addAbortSignal, Readable } from 'node:stream'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { CommandError, EXIT } from '../failure.ts'
import { checkFile, startOf, startReading } from '../import/input.ts'
import type { Terminal } from '../output/terminal.ts'
import { type Context, withStoreOptions } from './command.ts'
import { importRecordFiles, type RecordFlags } from './import-record-files.ts'
import { importRuns, type RunFlags } from './import-runs.ts'
import { nameOf } from './import-watch.ts'
import { interruptible } from './interruption.ts'

type Form = 'jsonl' | 'csv' | 'transcripts'

interface ImportFlags extends RunFlags, RecordFlags {
  readonly format?: Form
}

const HELP = `
The form of a file is told by how it begins, or by --format. gzip is unpacked.

jsonl: lines as coffer export writes them, into this store or any other, on any
  backend: { "collection", "record", "version" }. With --into a line may be the
  record alone. Versions, the past of records and deadlines that stand beside
  them are not kept, nor are the entries of logs, which are passed over and make
  it exit with 1: coffer backup and coffer copy move all that as it is.
csv: the records of one collection (--into, else the file's name), with its
  members as the header. An empty cell means that the member is absent, null
  that it is null, "" in the cell that the text is empty; a text that begins
  with a quotation mark is JSON, and so are lists, objects and whatever is
  neither text nor number nor true or false. Times are ISO 8601.
  Records are stored in commits of up to 500. One that is there already, alike,
  is unchanged; --on-conflict says what becomes of others. Bad lines are passed
  over and told; to store nothing unless all is good, try with --dry-run first.

transcripts: chats, one run a line: { "session_id"?, "messages": [ … ] } with
  messages as in the OpenAI chat API, tool_calls included. It becomes
  a session       named session_id, or after the content where there is none;
                  other members of the run go into its metadata
  trace events    one per message and one per tool call, in a trace that has
                  the session's id
  resolutions     one per tool call, with the result that answered it
  Importing a file again changes nothing. Bad lines are passed over and counted.
  Times are those of the run (created_at, ended_at) and of its messages
  (timestamp or created_at: ISO 8601, or seconds since 1970). Where there is
  none, a run begins at --started-at and each message comes 1 ms after the one
  before: such times say the order and nothing else, and the session's metadata
  says so.

Examples:
  coffer import runs.jsonl --store sqlite:./agents.db
  coffer import sessions.csv notes.csv --on-conflict replace --dry-run
  coffer export --store file:./data | coffer import - --store agents.db
  coffer import runs.jsonl.gz --store agents.db --agent-id support`

/** Adds the command. */
export function addImportCommand(program: Command, context: Context): void {
  const command = program
    .command('import <file...>')
    .description('import records (JSON lines, CSV) or chat transcripts; - is standard input')
    .addOption(
      new Option('--format <name>', 'the form of the files (default: as they begin)').choices([
        'jsonl',
        'csv',
        'transcripts',
      ]),
    )
    .option('--into <collection>', 'where the records go')
    .addOption(
      new Option(
        '--on-conflict <how>',
        'another record of the key is there: a bad line, skip it, or replace it',
      )
        .choices(['fail', 'skip', 'replace'])
        .default('fail'),
    )
    .option('--dry-run', 'check the records and store nothing')
    .option('--agent-id <id>', 'transcripts: the agent of runs that name none (default: unknown)')
    .option('--started-at <time>', 'transcripts: the start of runs without a time', parseTime, new Date(0))
    .option('--strict', 'stop at the first bad line')
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', HELP)
  withStoreOptions(command).action(async (files: string[], flags: ImportFlags) => {
    for (const file of files) checkFile(file)
    context.exitCode = await interruptible((signal) => importFiles(context, files, flags, signal))
  })
}

function parseTime(text: string): Date {
  const time = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text)
  const [earliest, latest] = [-62_135_596_800_000, 253_402_300_799_999]
  if (time.getTime() >= earliest && time.getTime() <= latest) return time
  throw new InvalidArgumentError('It must be a time such as 2026-03-01T12:00:00Z.')
}

async function importFiles(
  context: Context,
  files: readonly string[],
  flags: ImportFlags,
  signal: AbortSignal,
): Promise<number> {
  const found = await look(context.terminal, files, flags, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
  if (found === undefined) return EXIT.interrupted
  const { terminal, form } = found
  const looked = { ...context, terminal }
  if (form !== 'transcripts') return importRecordFiles(looked, { files, form }, flags, signal)
  if (flags.dryRun === true || flags.into !== undefined) {
    throw new CommandError('transcripts take neither --into nor --dry-run, which are for records')
  }
  return importRuns(looked, files, flags, signal)
}

/** Looks at what the files begin with. What was read of standard input is put back. */
async function look(
  terminal: Terminal,
  files: readonly string[],
  flags: ImportFlags,
  signal: AbortSignal,
): Promise<{ form: Form; terminal: Terminal }> {
  if (flags.format !== undefined) return { form: flags.format, terminal }
  const forms = new Map<Form, string>()
  let looked = terminal
  for (const file of files) {
    if (file !== '-') forms.set(formOf(file, await startOf(file), flags), file)
    else {
      const { start, chunks } = await startReading(addAbortSignal(signal, terminal.stdin), nameOf(file))
      forms.set(formOf(file, start, flags), file)
      looked = { ...terminal, stdin: Readable.from(chunks) }
    }
  }
  const [[form, first] = ['transcripts', ''] as const, second] = forms
  if (second === undefined) return { form, terminal: looked }
  throw new CommandError(
    `${first} holds ${NAMES[form]}, ${second[1]} ${NAMES[second[0]]}: import them one after the other, or say --format`,
  )
}

const NAMES: Readonly<Record<Form, string>> = { jsonl: 'records', csv: 'CSV', transcripts: 'transcripts' }

function formOf(file: string, start: string, { into }: ImportFlags): Form {
  if (/\.csv(\.gz)?$/.test(file)) return 'csv'
  if (/^\{\s*"collection"\s*:/.test(start)) return 'jsonl'
  if (into === undefined) return 'transcripts'
  return start.startsWith('{') ? 'jsonl' : 'csv'
}
