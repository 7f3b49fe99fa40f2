/** `coffer backup`: all of a store in one file. */

import { backup, type Compression, type MadeBackup } from '@coffer/backup'
import { type Command, Option } from 'commander'
import { bytesOf } from '../output/bytes.ts'
import { counted, seconds } from '../output/numbers.ts'
import { progressOn } from '../output/progress.ts'
import type { ProjectChoice } from '../project.ts'
import { refuseWritingInto } from '../store-files.ts'
import { type Context, refuseEmpty, usingPlace, withPlaceOptions } from './command.ts'
import { rowsIn } from './rows-in.ts'
import { stoppable } from './unfinished.ts'

interface BackupFlags extends ProjectChoice {
  readonly out: string
  readonly compression?: Compression
  readonly native?: true
  readonly json?: true
}

const HELP = `
The file holds one instant of everything, all tenants and whatever collections,
while the store goes on working. It is a tar of compressed JSON lines with a
manifest of hashes, and restores onto any backend. It appears when it is whole,
never over another file, and for its owner alone. Nothing is left of one that
fails or is interrupted. One that is killed leaves an unfinished file whose name
begins with a dot; coffer backups tells it, and a rotation removes it.

The folder must not lie in the directory of a file store.

--native lets the engine write its own form instead: an SQLite file, or a dump
of pg_dump (which has to be installed), with a .json beside it.

--json prints { path, name, created_at, format, bytes, rows, content_hash,
seconds }; rows and content_hash are null for native backups.

Examples:
  coffer backup --store agents.db --out ./backups
  coffer backup --out ./backups && coffer backups ./backups --keep 7 --verify`

/** Adds the command. */
export function addBackupCommand(program: Command, context: Context): void {
  const command = program
    .command('backup')
    .description('write all of a store into one file that restores onto any backend')
    .requiredOption('--out <folder>', 'the folder for the file; made if it is missing')
    .addOption(
      new Option('--compression <how>', 'default: zstd where this Node has it, else gzip').choices([
        'zstd',
        'gzip',
        'none',
      ]),
    )
    .addOption(new Option('--native', "the engine's own form").conflicts('compression'))
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
  withPlaceOptions(command).action(async (flags: BackupFlags) => {
    await stoppable('nothing was left behind', (signal) => makeBackup(context, flags, signal))
  })
}

async function makeBackup(context: Context, flags: BackupFlags, signal: AbortSignal): Promise<void> {
  const { out, err } = context.terminal
  refuseWritingInto(context.project.storeConfig(), flags.out)
  const begun = performance.now()
  const made = await usingPlace(context, 'read', async (place, store) => {
    refuseEmpty(await place.layouts())
    const bar = progressOn(err, err.isTerminal ? await rowsIn(place) : undefined)
    try {
      return await backup(store, {
        out: flags.out,
        signal,
        ...(flags.compression !== undefined && { compression: flags.compression }),
        ...(flags.native === true && { format: 'native' }),
        onProgress: ({ rows }) => bar.update(rows, counted(rows, 'row')),
      })
    } finally {
      bar.hide()
    }
  })
  const took = performance.now() - begun
  if (flags.json === true) await out.line(JSON.stringify(reportOf(made, took), null, 2))
  else await out.line(`${made.path}: ${amountOf(made)} in ${seconds(took)}`)
}

function amountOf({ rows, bytes }: MadeBackup): string {
  return rows === undefined ? bytesOf(bytes) : `${counted(rows, 'row')}, ${bytesOf(bytes)}`
}

function reportOf({ path, name, createdAt, format, bytes, rows, contentHash }: MadeBackup, took: number) {
  return {
    path,
    name,
    created_at: createdAt.toISOString(),
    format,
    bytes,
    rows: rows ?? null,
    content_hash: contentHash ?? null,
    seconds: Math.round(took) / 1_000,
  }
}
