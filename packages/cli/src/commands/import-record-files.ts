/** `coffer import` of records: JSON lines as `coffer export` writes them, or CSV. */

import { basename } from 'node:path'
import type { BaseStore, CollectionDefinition } from '@coffer/core'
import type { Catalog } from '../catalog.ts'
import { CommandError, EXIT } from '../failure.ts'
import { readCsvRecords } from '../import/csv-records.ts'
import { importRecords, type OnConflict, type RecordCounts } from '../import/import-records.ts'
import type { Incoming } from '../import/incoming.ts'
import { openSource, startReading } from '../import/input.ts'
import { readLines } from '../import/lines.ts'
import { readRecordLines } from '../import/record-lines.ts'
import { counted, grouped, seconds } from '../output/numbers.ts'
import { layOut } from '../output/table.ts'
import type { Output } from '../output/terminal.ts'
import { type Context, readingStore, type StoreChoice, usingStore } from './command.ts'
import { ImportWatch, nameOf } from './import-watch.ts'

/** The options of records. */
export interface RecordFlags extends StoreChoice {
  readonly into?: string
  readonly onConflict: OnConflict
  readonly dryRun?: true
  readonly strict?: true
  readonly json?: true
}

/** Files of records, and how they are read. */
export interface RecordFiles {
  readonly files: readonly string[]
  readonly form: 'jsonl' | 'csv'
}

/** Imports the files one by one. @returns the exit code */
export async function importRecordFiles(
  context: Context,
  { files, form }: RecordFiles,
  flags: RecordFlags,
  signal: AbortSignal,
): Promise<number> {
  const { terminal } = context
  const { catalog } = context.project
  const targets = new Map(files.map((file) => [file, targetOf(file, form, flags.into, catalog)]))
  const watch = new ImportWatch(terminal, files)
  const all: RecordCounts = { records: 0, bad_lines: 0, collections: {}, logs: {} }
  const importOne = async (store: BaseStore, file: string) => {
    let counts: RecordCounts | undefined
    const { chunks } = await startReading(
      watch.follow(openSource(file, terminal, signal), file),
      nameOf(file),
    )
    try {
      counts = await importRecords(
        store,
        incomingOf(chunks, form, nameOf(file), targets.get(file), catalog),
        {
          onConflict: flags.onConflict,
          dryRun: flags.dryRun === true,
          strict: flags.strict === true,
          signal,
          onProblem: (problem) => watch.problem(file, problem),
          onProgress: (now) => {
            counts = now
            watch.show(counted(all.records + now.records, 'record'))
          },
        },
      )
    } finally {
      if (counts !== undefined) addTo(all, counts)
      await watch.end(file)
    }
  }
  try {
    const importAll = async (store: BaseStore) => {
      // A store that can't be opened is no fault of the lines.
      await store.open()
      for (const file of files) {
        if (flags.strict !== true || all.bad_lines === 0) await importOne(store, file)
      }
    }
    if (flags.dryRun === true) await readingStore(context, flags, importAll)
    else await usingStore(context, flags, 'write', importAll)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    watch.hide()
  }
  await print(terminal.out, all, watch, flags, signal.aborted)
  if (signal.aborted) return EXIT.interrupted
  return isWhole(all) ? EXIT.ok : EXIT.bad
}

/** Where the records of a file go, if not where each line says. */
function targetOf(
  file: string,
  form: RecordFiles['form'],
  into: string | undefined,
  catalog: Catalog,
): CollectionDefinition | undefined {
  const name = into ?? basename(file).replace(/\.csv(\.gz)?$/, '')
  const isKnown = catalog.listed.some(({ definition }) => definition.name === name)
  if (into === undefined && form === 'jsonl') return undefined
  if (into === undefined && !isKnown) {
    throw new CommandError(`${nameOf(file)} does not say which collection it holds: say --into`)
  }
  const log = catalog.logOf(name)
  if (log === undefined) return catalog.find(name).definition
  throw new CommandError(
    `'${name}' belongs to the log ${log.name}, which takes entries only by appending: ` +
      'coffer backup and coffer copy move logs as they are',
  )
}

function incomingOf(
  chunks: AsyncIterable<Buffer>,
  form: RecordFiles['form'],
  name: string,
  target: CollectionDefinition | undefined,
  catalog: Catalog,
): AsyncIterable<Incoming> {
  return form === 'csv' && target !== undefined
    ? readCsvRecords(chunks, name, target)
    : readRecordLines(readLines(chunks), catalog, target)
}

function addTo(all: RecordCounts, counts: RecordCounts): void {
  all.records += counts.records
  all.bad_lines += counts.bad_lines
  for (const [name, count] of Object.entries(counts.logs)) all.logs[name] = (all.logs[name] ?? 0) + count
  for (const [name, changes] of Object.entries(counts.collections)) {
    const sum = all.collections[name]
    all.collections[name] = {
      new: (sum?.new ?? 0) + changes.new,
      changed: (sum?.changed ?? 0) + changes.changed,
      unchanged: (sum?.unchanged ?? 0) + changes.unchanged,
      skipped: (sum?.skipped ?? 0) + changes.skipped,
    }
  }
}

/** True when everything of the files is there now. */
function isWhole({ bad_lines, logs }: RecordCounts): boolean {
  return bad_lines === 0 && Object.keys(logs).length === 0
}

async function print(
  out: Output,
  counts: RecordCounts,
  watch: ImportWatch,
  flags: RecordFlags,
  interrupted: boolean,
): Promise<void> {
  const { files, problems, bytes, milliseconds } = watch
  const dryRun = flags.dryRun === true
  if (flags.json === true) {
    const ok = !interrupted && isWhole(counts)
    const took = Math.round(milliseconds) / 1_000
    const summary = { ok, interrupted, dry_run: dryRun, files, ...counts, problems, bytes, seconds: took }
    await out.line(JSON.stringify(summary, null, 2))
    return
  }
  const begun = interrupted ? 'Interrupted: ' : ''
  const done = dryRun ? 'would be read' : 'read'
  await out.line(
    out.styled('bold', `${begun}${counted(counts.records, 'record')} ${done} in ${seconds(milliseconds)}`),
  )
  for (const line of tableOf(counts, out)) await out.line(line)
  for (const [name, lines] of Object.entries(counts.logs)) {
    await out.line(
      out.styled('yellow', `${counted(lines, 'line')} of the log ${name} passed over:`) +
        '\n  coffer backup and coffer copy move logs as they are',
    )
  }
  if (counts.bad_lines > 0) {
    await out.line(out.styled('yellow', `${counted(counts.bad_lines, 'bad line')}, not imported`))
  }
  if (dryRun) await out.line('Nothing was stored (--dry-run); references between records were not checked.')
  else if (interrupted) await out.line('Run it again to go on: what is stored is passed over.')
}

function tableOf({ collections }: RecordCounts, out: Output): string[] {
  if (Object.keys(collections).length === 0) return []
  const titles = ['new', 'unchanged', 'changed', 'skipped'] as const
  const columns = [{ title: '' }, ...titles.map((title) => ({ title, align: 'right' as const }))]
  const rows = Object.entries(collections).map(([name, changes]) => [
    name,
    ...titles.map((title) => grouped(changes[title])),
  ])
  const [head = '', ...body] = layOut(columns, rows, out.width)
  return [out.styled('dim', head), ...body]
}
