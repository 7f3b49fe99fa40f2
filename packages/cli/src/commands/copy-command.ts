/** `coffer copy`: all of one store into another. */

import { copy } from '@coffer/backup'
import { type BaseStore, createStore, isStoreError, type StoreConfig } from '@coffer/core'
import type { Command } from 'commander'
import { readConfigFile } from '../config-file.ts'
import { CommandError, exitCodeOf, sentenceOf } from '../failure.ts'
import { counted, grouped, seconds } from '../output/numbers.ts'
import { type Progress, progressOn } from '../output/progress.ts'
import { placeNameOf, refuseSamePlace } from '../store-files.ts'
import { configOf, isConfigFile } from '../store-location.ts'
import { type Context, configFor } from './command.ts'
import { rowsIn } from './rows-in.ts'
import { stoppable } from './unfinished.ts'

interface CopyFlags {
  readonly update?: true
  readonly json?: true
}

const HELP = `
Both are named as for --store, and may be on different backends. Copied is one
instant of everything, all tenants and whatever collections, as it is: versions,
deadlines, history, hashes. The source goes on working; nobody else may write to
the target. At the end the target is read again and compared.

A copy that was interrupted goes on where it was when it is run again from the
same source, but removes nothing, and replaces nothing that is newer. Any other
target with rows is refused; --update makes it equal to the source, which also
removes what only the target has. Tables that only the target has stay, empty,
and so do its floors, by which no version is ever given twice: target_hash, the
hash of all that the target holds, tells them; content_hash is the source's.

--json prints { ok, rows, put, removed, same, layouts, content_hash,
target_hash, seconds, verifying_seconds }, where seconds are all, and the latter
those of comparing.

Examples:
  coffer copy agents.db postgresql://coffer@localhost/agents
  coffer copy file:./data sqlite:./agents.db --update

A password on a command line is seen by others on the machine: put it into
PGPASSWORD, ~/.pgpass, or a config file, which may stand for a store here.`

/** Adds the command. */
export function addCopyCommand(program: Command, context: Context): void {
  program
    .command('copy <from> <to>')
    .description('copy all of a store into another, on whatever backend')
    .option('--update', 'make a target that has rows equal to the source')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
    .action(async (from: string, to: string, flags: CopyFlags) => {
      await stoppable('run it again to go on: what is there already is passed over', (signal) =>
        copyStore(context, from, to, flags, signal),
      )
    })
}

async function copyStore(
  { terminal: { out, err } }: Context,
  from: string,
  to: string,
  flags: CopyFlags,
  signal: AbortSignal,
): Promise<void> {
  const begun = performance.now()
  const [fromConfig, toConfig] = [await configAt(from), await configAt(to)]
  refuseSamePlace(fromConfig, toConfig)
  await using source = createStore(configFor(fromConfig, 'read'))
  await using target = createStore(configFor(toConfig, 'write'))
  await opened(source, 'source')
  await opened(target, 'target')
  const total = err.isTerminal ? await rowsIn(source.place()) : undefined
  const bars: Partial<Record<string, Progress>> = {}
  let copied: number | undefined
  const report = await copy(source, target, {
    signal,
    update: flags.update === true,
    sourceName: placeNameOf(fromConfig),
    onProgress: ({ phase, rows }) => {
      if (phase === 'verifying') copied ??= performance.now()
      if (bars[phase] === undefined) bars.copying?.hide()
      bars[phase] ??= progressOn(err, total)
      bars[phase].update(rows, counted(rows, 'row'))
    },
  }).finally(() => {
    for (const bar of Object.values(bars)) bar?.hide()
  })
  const ended = performance.now()
  const { rows, put, removed, same, layouts, contentHash, targetHash } = report
  if (flags.json === true) {
    const hashes = { content_hash: contentHash, target_hash: targetHash }
    const summary = { ok: true, rows, put, removed, same, layouts, ...hashes }
    const times = {
      seconds: inSeconds(ended - begun),
      verifying_seconds: inSeconds(ended - (copied ?? ended)),
    }
    await out.line(JSON.stringify({ ...summary, ...times }, null, 2))
    return
  }
  const parts = [
    `${counted(put, 'row')} copied`,
    ...(same > 0 ? [`${grouped(same)} there already`] : []),
    ...(removed > 0 ? [`${grouped(removed)} removed`] : []),
  ]
  await out.line(`${parts.join(', ')} in ${seconds(ended - begun)}; ${out.styled('green', 'verified')}`)
}

/** Opens one of the two: what can't be opened is told with which it is. */
async function opened(store: BaseStore, end: 'source' | 'target'): Promise<void> {
  try {
    await store.open()
  } catch (error) {
    if (!isStoreError(error)) throw error
    throw new CommandError(`the ${end}: ${sentenceOf(error, {})}`, exitCodeOf(error), error.code, error)
  }
}

/** To the millisecond. */
function inSeconds(milliseconds: number): number {
  return Math.round(milliseconds) / 1_000
}

async function configAt(location: string): Promise<StoreConfig> {
  if (!isConfigFile(location)) return configOf(location)
  const { config } = await readConfigFile(location)
  if (config !== undefined) return config
  throw new CommandError(`${location} says nothing of a store`)
}
