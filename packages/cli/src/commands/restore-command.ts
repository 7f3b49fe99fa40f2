/** `coffer restore`: fills a store from a backup. */

import { basename } from 'node:path'
import { type ArchiveSummary, proveBackup, recognize, restore, verifyArchive } from '@coffer/backup'
import { isStoreError, type StoreError } from '@coffer/core'
import type { Command } from 'commander'
import { CommandError, EXIT } from '../failure.ts'
import { bytesOf } from '../output/bytes.ts'
import { confirm } from '../output/confirmation.ts'
import { counted, seconds } from '../output/numbers.ts'
import { type Progress, progressOn } from '../output/progress.ts'
import { wrapped } from '../output/wrapped.ts'
import type { ProjectChoice } from '../project.ts'
import { refuseOwnFile } from '../store-files.ts'
import { type Context, usingPlace, withPlaceOptions } from './command.ts'
import { stoppable } from './unfinished.ts'

interface RestoreFlags extends ProjectChoice {
  readonly replace?: true
  readonly check?: true
  readonly yes?: true
  readonly json?: true
}

const HELP = `
The backup is proven as a whole, every bit of it, before the store is opened.
Then all of it is loaded in one commit: what fails or is interrupted leaves the
store as it was. It may be of any backend: an archive of coffer backup, or an
SQLite file that Coffer has made. A dump of pg_dump goes into PostgreSQL alone,
into the schema that it was made of, by pg_restore (which has to be installed,
or named with PG_RESTORE); coffer copy brings it elsewhere from there. A dump
is a program: restore none from strangers.

A store with rows is refused; --replace replaces all that it holds, and asks on
a terminal once the backup is proven. Nobody else may use the store meanwhile.

--check only proves it, without any store, and tells what is in it; of an
engine's own form it compares the hash in the .json beside it.

--json prints { ok, form, rows, layouts, proven, seconds }: rows is null for a
dump of pg_dump, and proven false for an engine's own form without its .json.
With --check it prints { ok, release, created_at, backend, compression, bytes,
rows, layouts, logs, content_hash }, where logs are the heads of hash chains, to
be compared with what is kept elsewhere.

Examples:
  coffer restore backups/coffer-20261121T151612Z.tar --store new.db
  coffer restore backups/coffer-20261121T151612Z.tar --check`

/** Adds the command. */
export function addRestoreCommand(program: Command, context: Context): void {
  const command = program
    .command('restore <backup>')
    .description('fill a store from a backup, all of it or nothing')
    .option('--replace', 'replace all that the store holds')
    .option('--yes', 'do not ask before')
    .option('--check', 'only prove the backup')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
  withPlaceOptions(command).action(async (path: string, flags: RestoreFlags) => {
    if (flags.check === true && flags.replace === true) {
      throw new CommandError('--check changes nothing, and --replace does: say one of them')
    }
    if (flags.check === true) {
      await stoppable('the backup is not proven', (signal) => checkArchive(context, path, flags, signal))
    } else await stoppable('the store is as it was', (signal) => restoreStore(context, path, flags, signal))
  })
}

async function restoreStore(
  context: Context,
  path: string,
  flags: RestoreFlags,
  signal: AbortSignal,
): Promise<void> {
  const { out, err } = context.terminal
  // What is no backup is told before any store is looked for.
  await recognize(path)
  refuseOwnFile(context.project.storeConfig(), path)
  const begun = performance.now()
  const report = await usingPlace(context, 'write', async (_place, store) => {
    const bars: Partial<Record<string, Progress>> = {}
    try {
      return await restore(path, store, {
        signal,
        replace: flags.replace === true,
        onProven: async () => {
          bars.proving?.hide()
          if (flags.replace !== true || flags.yes === true) return
          await confirm(context.terminal, 'The backup is proven. This replaces all that the store holds.')
        },
        onProgress: ({ phase, bytes, totalBytes, rows }) => {
          if (bars[phase] === undefined) bars.proving?.hide()
          bars[phase] ??= progressOn(err, totalBytes)
          bars[phase].update(bytes, counted(rows, 'row'))
        },
      })
    } catch (error) {
      throw isStoreError(error, 'ALREADY_EXISTS') ? refusalOfRows(error) : error
    } finally {
      for (const bar of Object.values(bars)) bar?.hide()
    }
  })
  const took = performance.now() - begun
  if (flags.json === true) {
    const { form, rows = null, layouts, isProven: proven } = report
    const summary = { ok: true, form, rows, layouts, proven, seconds: Math.round(took) / 1_000 }
    await out.line(JSON.stringify(summary, null, 2))
  } else {
    const { rows, layouts } = report
    const amount = rows === undefined ? counted(layouts, 'table') : counted(rows, 'row')
    await out.line(`${amount} restored in ${seconds(took)}`)
  }
  if (!report.isProven) {
    const note = `no ${basename(path)}.json was beside it, so its hash was not compared`
    await err.line(wrapped(note, err.width).join('\n'))
  }
}

function refusalOfRows(error: StoreError): CommandError {
  return new CommandError(
    'the store has rows already: name an empty one, or say --replace, which replaces all that it holds',
    EXIT.bad,
    error.code,
    error,
  )
}

async function checkArchive(
  { terminal: { out, err } }: Context,
  path: string,
  flags: RestoreFlags,
  signal: AbortSignal,
): Promise<void> {
  const form = await recognize(path)
  if (form !== 'archive') {
    await proveBackup(path)
    if (flags.json === true) await out.line(JSON.stringify({ ok: true, form }, null, 2))
    else await out.line(out.styled('green', 'it is as it was written'))
    return
  }
  let bar: Progress | undefined
  const summary = await verifyArchive(path, {
    signal,
    onProgress: ({ bytes, totalBytes, rows }) => {
      bar ??= progressOn(err, totalBytes)
      bar.update(bytes, counted(rows, 'row'))
    },
  }).finally(() => bar?.hide())
  if (flags.json === true) await out.line(JSON.stringify(checkedOf(summary), null, 2))
  else {
    const { createdAt, backend, rows, bytes, contentHash } = summary
    await out.line(
      `of ${createdAt.toISOString()}, from ${backend}: ${counted(rows, 'row')}, ${bytesOf(bytes)}`,
    )
    await out.line(`content_hash ${contentHash}`)
    await out.line(out.styled('green', 'all in order'))
  }
}

function checkedOf({ createdAt, contentHash, ...rest }: ArchiveSummary) {
  return { ok: true, created_at: createdAt.toISOString(), content_hash: contentHash, ...rest }
}
