/** `coffer export`: records as canonical JSON lines, or as CSV. */

import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { BaseStore, Filter, Place } from '@coffer/core'
import { type Command, Option } from 'commander'
import type { Listed } from '../catalog.ts'
import { type ExportForm, linesOf, type Piece, recordsOf } from '../export/export-text.ts'
import { refuseExisting, writeFile } from '../export/output-file.ts'
import { CommandError, EXIT } from '../failure.ts'
import { counted } from '../output/numbers.ts'
import { type Progress, progressOn } from '../output/progress.ts'
import { refuseWritingInto } from '../store-files.ts'
import { parseWhere, WHERE_HELP, WHERE_OPTION } from '../where.ts'
import {
  type Context,
  collected,
  heldIn,
  readingStore,
  type StoreChoice,
  withStoreOptions,
} from './command.ts'
import { stoppable } from './unfinished.ts'

interface ExportFlags extends StoreChoice {
  readonly collection?: readonly string[]
  readonly format: ExportForm
  readonly out?: string
  readonly where?: readonly string[]
  readonly gzip?: true
  readonly json?: true
}

const HELP = `
jsonl: a line { "collection", "record", "version" } for each record, of all
  collections or of some. Two stores with the same records give the same bytes,
  whatever their backends.
csv: a file for each collection, by RFC 4180, with the members of its schema as
  columns. An absent member is an empty cell, null is null, an empty text is ""
  in the cell. Lists, objects and texts that a spreadsheet would take for a
  formula are written as JSON. coffer import reads all of it back. A spreadsheet
  may change what it shows, such as long numbers and times.

Both hold live records of one tenant, and what is written meanwhile may be in it
or not. coffer backup writes everything, as of one moment.

${WHERE_HELP}

Examples:
  coffer export > agents.jsonl
  coffer export sessions --where status=ended --out ended.jsonl.gz --gzip
  coffer export resolutions --format csv > resolutions.csv
  coffer export --format csv --out tables/`

/** Adds the command. */
export function addExportCommand(program: Command, context: Context): void {
  const command = program
    .command('export [collection...]')
    .description('write records as canonical JSON lines, or as CSV')
    .addOption(
      new Option('--format <name>', 'the form').choices(['jsonl', 'csv'] as const).default('jsonl' as const),
    )
    .option('--out <path>', 'a file, or a folder for a file of each collection')
    .option('--where <condition>', `of one collection: ${WHERE_OPTION}`, collected)
    .option('--collection <name>', 'the same as to name it; repeatable', collected)
    .option('--gzip', 'pack the files; with --out')
    .option('--json', 'print what was written as JSON; with --out')
    .addHelpText('after', HELP)
  withStoreOptions(command).action(async (names: string[], flags: ExportFlags) => {
    const all = [...names, ...(flags.collection ?? [])]
    const chosen = [...new Set(all.map((name) => context.project.catalog.find(name)))]
    const [first] = chosen
    if (flags.where !== undefined && (chosen.length !== 1 || first === undefined)) {
      throw new CommandError('--where is for one collection: name it')
    }
    const where = first === undefined ? {} : parseWhere(flags.where ?? [], first.definition)
    const plan = { chosen, where, hasWhere: flags.where !== undefined }
    context.exitCode =
      flags.out === undefined
        ? await exportToOutput(context, plan, flags)
        : await stoppable('files that were finished stay, and nothing of others', (signal) =>
            exportToFiles(context, plan, { ...flags, out: flags.out ?? '' }, signal),
          )
  })
}

/** What is exported: these collections, all without any. */
interface ExportPlan {
  readonly chosen: readonly Listed[]
  readonly where: Filter
  readonly hasWhere: boolean
}

async function exportToOutput(context: Context, plan: ExportPlan, flags: ExportFlags): Promise<number> {
  const { chosen } = plan
  if (flags.gzip === true || flags.json === true) {
    throw new CommandError(`--${flags.gzip === true ? 'gzip' : 'json'} is for files: say --out`)
  }
  if (flags.format === 'csv' && chosen.length !== 1) {
    throw new CommandError('CSV holds one collection: name it, or say --out with a folder')
  }
  await readingStore(context, flags, async (store, place) => {
    await heldOf(store, place, context, plan)
    for await (const { text } of piecesOf(store, plan, flags.format)) await context.terminal.out.write(text)
  })
  return EXIT.ok
}

/** What is exported and there. Those that are named have to be there. */
async function heldOf(
  store: BaseStore,
  place: Place,
  { project }: Context,
  { chosen }: ExportPlan,
): Promise<readonly Listed[]> {
  if (chosen.length === 0) return heldIn(store, place, project.catalog.listed)
  for (const { definition } of chosen) store.collection(definition)
  return chosen
}

function piecesOf(
  store: BaseStore,
  { chosen, where, hasWhere }: ExportPlan,
  form: ExportForm,
): AsyncIterable<Piece> {
  const [first] = chosen
  if (first !== undefined && (form === 'csv' || hasWhere))
    return recordsOf(store, first.definition, where, form)
  return linesOf(store, first === undefined ? undefined : chosen.map(({ definition }) => definition.name))
}

/** A file that was written. */
interface Written {
  readonly file: string
  readonly records: number
}

async function exportToFiles(
  context: Context,
  plan: ExportPlan,
  flags: ExportFlags & { readonly out: string },
  signal: AbortSignal,
): Promise<number> {
  const { out, err } = context.terminal
  const isFolder = flags.out.endsWith('/') || (existsSync(flags.out) && statSync(flags.out).isDirectory())
  if (!isFolder && flags.format === 'csv' && plan.chosen.length !== 1) {
    throw new CommandError(`CSV is a file for each collection: write --out ${flags.out}/ for a folder`)
  }
  refuseWritingInto(context.project.storeConfig(), flags.out)
  if (!isFolder) refuseExisting(flags.out)
  const written = await readingStore(context, flags, async (store, place) => {
    const held = await heldOf(store, place, context, plan)
    const files = isFolder
      ? await filesIn(store, held, plan, flags)
      : [{ file: flags.out, plan, records: err.isTerminal ? await sizeOf(store, held, plan) : 0 }]
    const total = files.reduce((sum, { records }) => sum + records, 0)
    const bar = progressOn(err, total)
    let done = 0
    const finished: Written[] = []
    try {
      for (const { file, plan: part } of files) {
        const pieces = piecesOf(store, part, flags.format)
        let records = 0
        await writeFile(
          file,
          counting(pieces, bar, done, (seen) => (records = seen)),
          {
            gzip: flags.gzip === true,
            signal,
          },
        )
        done += records
        finished.push({ file, records })
      }
    } finally {
      bar.hide()
    }
    return finished
  })
  if (flags.json === true) await out.line(JSON.stringify({ format: flags.format, files: written }, null, 2))
  else for (const { file, records } of written) await out.line(`${file}: ${counted(records, 'record')}`)
  return EXIT.ok
}

/** The files of a folder: one for each collection that is named, or that has records. */
async function filesIn(
  store: BaseStore,
  held: readonly Listed[],
  plan: ExportPlan,
  { out, format, gzip }: ExportFlags & { readonly out: string },
) {
  const isNamed = plan.chosen.length > 0
  const files = []
  for (const listed of held) {
    const { name } = listed.definition
    const records = await store.collection(listed.definition).count(plan.where)
    const file = join(out, `${name}.${format}${gzip === true ? '.gz' : ''}`)
    refuseExisting(file)
    if (isNamed || records > 0) files.push({ file, plan: { ...plan, chosen: [listed] }, records })
  }
  mkdirSync(out, { recursive: true, mode: 0o700 })
  return files
}

async function sizeOf(store: BaseStore, held: readonly Listed[], plan: ExportPlan): Promise<number> {
  let size = 0
  for (const { definition } of held) {
    size += await store.collection(definition).count(plan.where)
  }
  return size
}

async function* counting(
  pieces: AsyncIterable<Piece>,
  bar: Progress,
  before: number,
  onRecords: (seen: number) => void,
): AsyncGenerator<string> {
  let seen = 0
  for await (const { text, records } of pieces) {
    seen += records
    onRecords(seen)
    bar.update(before + seen, counted(before + seen, 'record'))
    yield text
  }
}
