/** `coffer backups`: what a folder of backups holds, and which of them go. */

import { type ListedBackup, listBackups, proveBackup, rotateBackups } from '@coffer/backup'
import { isStoreError } from '@coffer/core'
import type { Command } from 'commander'
import { parseAge } from '../age.ts'
import { CommandError, EXIT } from '../failure.ts'
import { bytesOf } from '../output/bytes.ts'
import { counted, grouped } from '../output/numbers.ts'
import { layOut } from '../output/table.ts'
import type { Context } from './command.ts'
import { stoppable } from './unfinished.ts'

interface BackupsFlags {
  readonly keep?: string
  readonly olderThan?: number
  readonly dryRun?: true
  readonly verify?: true
  readonly json?: true
}

const HELP = `
The newest comes first. Files that are not called as coffer backup calls them
are passed over, and never removed.

--keep N removes all behind the N newest good ones, --older-than 30d what is as
old (90s, 15m, 12h, 30d, 8w); with both, what is behind and as old. The newest
good one always stays. A damaged one does not count as one that is kept.

Without --verify only the frame of each is looked at: a cut or a foreign file is
told. --verify reads all of them, every bit.

--json prints { ok, backups, removed, dry_run }, each backup as { name,
created_at, bytes, format, rows, collections, state, problem }.

Exits with 1 when one that stays is damaged.

Examples:
  coffer backups ./backups
  coffer backups ./backups --keep 7 --older-than 30d --dry-run`

/** Adds the command. */
export function addBackupsCommand(program: Command, context: Context): void {
  program
    .command('backups <folder>')
    .description('list the backups of a folder, check them, and remove old ones')
    .option('--keep <count>', 'keep so many of the newest')
    .option('--older-than <time>', 'remove what is as old: 30d', parseAge)
    .option('--dry-run', 'only tell what would be removed')
    .option('--verify', 'read all of every backup, and prove it')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
    .action(async (folder: string, flags: BackupsFlags) => {
      context.exitCode = await stoppable('nothing more was done', (signal) =>
        showBackups(context, folder, flags, signal),
      )
    })
}

async function showBackups(
  { terminal: { out } }: Context,
  folder: string,
  flags: BackupsFlags,
  signal: AbortSignal,
): Promise<number> {
  const rule = ruleOf(flags)
  const { kept, removed } =
    rule === undefined
      ? { kept: await listBackups(folder), removed: [] }
      : await rotateBackups(folder, { ...rule, dryRun: flags.dryRun === true })
  const backups = flags.verify === true ? await proven(kept, signal) : kept
  const ok = backups.every(({ state }) => state === 'good')
  if (flags.json === true) {
    const report = {
      ok,
      backups: backups.map(listed),
      removed: removed.map(listed),
      dry_run: flags.dryRun === true,
    }
    await out.line(JSON.stringify(report, null, 2))
    return ok ? EXIT.ok : EXIT.bad
  }
  if (backups.length === 0) await out.line('there are no backups')
  else for (const line of tableOf(backups, out.width)) await out.line(line)
  for (const { name, problem } of backups) {
    if (problem !== undefined) await out.line(`${out.styled('red', 'bad')}  ${name}: ${problem}`)
  }
  const verb = flags.dryRun === true ? 'would be removed' : 'removed'
  for (const { name } of removed) await out.line(`${verb}: ${name}`)
  if (rule !== undefined) await out.line(`${counted(removed.length, 'backup')} ${verb}`)
  return ok ? EXIT.ok : EXIT.bad
}

function ruleOf({ keep, olderThan, dryRun }: BackupsFlags) {
  if (keep === undefined && olderThan === undefined) {
    if (dryRun === true) throw new CommandError('--dry-run goes with --keep or --older-than')
    return undefined
  }
  if (keep !== undefined && !/^[1-9]\d{0,5}$/.test(keep))
    throw new CommandError('--keep takes a number from 1')
  return {
    ...(keep !== undefined && { keep: Number(keep) }),
    ...(olderThan !== undefined && { olderThanMs: olderThan }),
  }
}

/** The backups, each read as a whole. */
async function proven(backups: readonly ListedBackup[], signal: AbortSignal): Promise<ListedBackup[]> {
  const checked: ListedBackup[] = []
  for (const backup of backups) {
    const problem = backup.state === 'good' ? await problemOf(backup, signal) : backup.problem
    const isBad = backup.state === 'good' && problem !== undefined
    checked.push(isBad ? { ...backup, state: 'damaged', problem } : backup)
  }
  return checked
}

async function problemOf({ path }: ListedBackup, signal: AbortSignal): Promise<string | undefined> {
  try {
    await proveBackup(path, { signal })
    return undefined
  } catch (error) {
    if (isStoreError(error) && error.code !== 'ABORTED') return error.message
    throw error
  }
}

function listed({ name, createdAt, bytes, format, rows, collections, state, problem }: ListedBackup) {
  return {
    name,
    created_at: createdAt.toISOString(),
    bytes,
    format,
    rows: rows ?? null,
    collections: collections ?? null,
    state,
    problem: problem ?? null,
  }
}

function tableOf(backups: readonly ListedBackup[], width: number): string[] {
  const columns = [
    { title: 'name' },
    { title: 'created_at' },
    { title: 'size', align: 'right' as const },
    { title: 'rows', align: 'right' as const },
    { title: 'state' },
  ]
  const rows = backups.map(({ name, createdAt, bytes, rows, state }) => [
    name,
    createdAt.toISOString().replace(/\.\d{3}Z$/, 'Z'),
    bytesOf(bytes),
    rows === undefined ? '-' : grouped(rows),
    state,
  ])
  return layOut(columns, rows, width)
}
