/** `coffer backups`: what a folder of backups holds, and which of them go. */

import {
  type ListedBackup,
  listBackups,
  listLeftovers,
  provenBackup,
  type Rotation,
  rotateBackups,
} from '@coffer/backup'
import type { Command } from 'commander'
import { parseAge } from '../age.ts'
import { CommandError, EXIT } from '../failure.ts'
import { bytesOf } from '../output/bytes.ts'
import { counted, grouped } from '../output/numbers.ts'
import { layOut } from '../output/table.ts'
import type { Output } from '../output/terminal.ts'
import { wrapped } from '../output/wrapped.ts'
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
good one always stays, and all stay where none is good. A damaged one does not
count as one that is kept. One that is more than five minutes ahead of the clock
is told, does not count, and stays. What killed backups have left goes too, once
it is an hour old.

Without --verify only the frame of each is looked at: a cut or a foreign file is
told. --verify reads all of each that is to stay, every bit, before any other is
removed, and only those that are proven count.

--json prints { ok, backups, removed, ahead, unfinished, dry_run }, each backup
as { name, created_at, bytes, format, rows, collections, state, problem }; ahead
and unfinished are names. A state is good, damaged, unproven (an engine's own
form without its .json) or unreadable.

Exits with 1 when one that stays is not good.

Examples:
  coffer backups ./backups
  coffer backups ./backups --keep 7 --older-than 30d --verify`

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
  const found =
    rule === undefined
      ? await looked(folder, flags, signal)
      : await rotateBackups(folder, {
          ...rule,
          dryRun: flags.dryRun === true,
          prove: flags.verify === true,
          signal,
        })
  const ok = found.kept.every(({ state }) => state === 'good')
  if (flags.json === true) await out.line(JSON.stringify(reportOf(found, ok, flags), null, 2))
  else await tell(out, found, rule !== undefined, flags)
  return ok ? EXIT.ok : EXIT.bad
}

/** A look at a folder, from which nothing is removed. */
async function looked(folder: string, { verify }: BackupsFlags, signal: AbortSignal): Promise<Rotation> {
  const kept: ListedBackup[] = []
  for (const backup of await listBackups(folder)) {
    kept.push(verify === true ? await provenBackup(backup, { signal }) : backup)
  }
  return { kept, removed: [], ahead: [], leftovers: await listLeftovers(folder, Date.now()) }
}

function reportOf({ kept, removed, ahead, leftovers }: Rotation, ok: boolean, { dryRun }: BackupsFlags) {
  return {
    ok,
    backups: kept.map(listed),
    removed: removed.map(listed),
    ahead: ahead.map(({ name }) => name),
    unfinished: leftovers.map(({ name }) => name),
    dry_run: dryRun === true,
  }
}

/** Before what is bad: the word itself, and two spaces. */
const MARGIN = 5

async function tell(
  out: Output,
  { kept, removed, ahead, leftovers }: Rotation,
  isRotation: boolean,
  { dryRun }: BackupsFlags,
): Promise<void> {
  if (kept.length === 0) await out.line('there are no backups')
  else for (const line of tableOf(kept, out.width)) await out.line(line)
  for (const { name, problem } of kept) {
    if (problem === undefined) continue
    const says = problem.includes(name) ? problem : `${name}: ${problem}`
    const [first = '', ...rest] = wrapped(says, out.width - MARGIN)
    await out.line(`${out.styled('red', 'bad')}  ${first}`)
    for (const line of rest) await out.line(' '.repeat(MARGIN) + line)
  }
  for (const { name } of ahead) {
    await out.line(`${name} is ahead of the clock: it does not count, and stays`)
  }
  const verb = dryRun === true ? 'would be removed' : 'removed'
  for (const { name } of removed) await out.line(`${verb}: ${name}`)
  for (const { name } of leftovers) await out.line(`${isRotation ? verb : 'unfinished'}: ${name}`)
  if (isRotation) await out.line(`${counted(removed.length, 'backup')} ${verb}`)
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
    { title: 'name', isWhole: true },
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
