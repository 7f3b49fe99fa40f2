/** `coffer cleanup`: removes expired records for good, and soft-deleted ones that are old. */

import type { BaseStore, HeldLayout, Place } from '@coffer/core'
import type { Command } from 'commander'
import { parseAge } from '../age.ts'
import { CommandError, EXIT } from '../failure.ts'
import { counted, seconds } from '../output/numbers.ts'
import { progressOn } from '../output/progress.ts'
import { some } from '../output/some.ts'
import type { Output } from '../output/terminal.ts'
import { type Context, refuseEmpty, type StoreChoice, usingPlace, withStoreOptions } from './command.ts'
import { rowsIn } from './rows-in.ts'

interface CleanupFlags extends StoreChoice {
  readonly purgeDeleted?: number
  readonly dryRun?: true
  readonly json?: true
}

const HELP = `
Expired records are gone for every reader already; this gives their room back.
So do keys of transactions that happen once, which Coffer keeps for a day.
Soft-deleted ones go with --purge-deleted, when they were deleted longer ago
than that: 30d, 12h, 90m; 0d for all. Logs and the past of records stay.
All tenants are cleaned, or the one that --tenant names. Others may work
meanwhile. Collections that no config file here defines are left as they are.

Examples:
  coffer cleanup --dry-run --store agents.db
  coffer cleanup --purge-deleted 30d`

/** Adds the command. */
export function addCleanupCommand(program: Command, context: Context): void {
  const command = program
    .command('cleanup')
    .description('remove expired records for good, and old soft-deleted ones')
    .option('--purge-deleted <age>', 'also records that were soft-deleted so long ago, such as 30d', parseAge)
    .option('--dry-run', 'count them, and remove nothing')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
  withStoreOptions(command, 'all').action(async (flags: CleanupFlags) => {
    await cleanUp(context, flags)
    context.exitCode = EXIT.ok
  })
}

/** What went of one collection, or would. */
interface Removed {
  readonly collection: string
  expired: number
  deleted: number
}

/** A cleanup under way. */
interface Cleanup {
  readonly context: Context
  readonly flags: CleanupFlags
  readonly place: Place
  readonly store: BaseStore
  readonly held: readonly HeldLayout[]
}

async function cleanUp(context: Context, flags: CleanupFlags): Promise<void> {
  const started = performance.now()
  const dryRun = flags.dryRun === true
  const { removed, unknown } = await usingPlace(context, dryRun ? 'read' : 'change', async (place, store) => {
    const held = await place.layouts()
    refuseEmpty(held)
    const cleanup = { context, flags, place, store, held }
    return {
      removed: dryRun ? await count(cleanup) : await remove(cleanup),
      unknown: held.map(({ layout }) => layout.name).filter((name) => isUnknown(name, context)),
    }
  })
  const milliseconds = performance.now() - started
  const collections = removed.filter(({ expired, deleted }) => expired + deleted > 0)
  const { out } = context.terminal
  if (flags.json === true) {
    const summary = { dry_run: dryRun, collections, unknown, seconds: Math.round(milliseconds) / 1_000 }
    await out.line(JSON.stringify(summary, null, 2))
  } else await tell(out, { collections, unknown, dryRun, milliseconds })
}

function isUnknown(name: string, { project }: Context): boolean {
  return !isInternal(name) && !project.catalog.owns(name)
}

function isInternal(name: string): boolean {
  return name.startsWith('coffer_')
}

/** The collections that are there and can have records to remove. */
function cleanable({ context, held }: Cleanup) {
  const names = new Set(held.map(({ layout }) => layout.name))
  return context.project.catalog.listed
    .filter(({ definition, log }) => log === undefined && names.has(definition.name))
    .map(({ definition }) => definition)
}

async function remove(cleanup: Cleanup): Promise<readonly Removed[]> {
  const { context, flags, store, place } = cleanup
  const found = new Map<string, Removed>()
  const bar = progressOn(context.terminal.err, await rowsIn(place))
  for (const definition of cleanable(cleanup)) store.collection(definition)
  if ((await place.plan()).steps.length > 0) {
    throw new CommandError(
      'the tables have another form than is defined: coffer migrate first',
      EXIT.bad,
      'UNSUPPORTED',
    )
  }
  const target = flags.tenant === undefined ? store : store.tenant(flags.tenant)
  const watch = (kind: 'expired' | 'deleted') => (removed: number, collection: string, own: number) => {
    const entry = found.get(collection) ?? { collection, expired: 0, deleted: 0 }
    entry[kind] = own
    found.set(collection, entry)
    bar.update(removed, counted(removed, 'record'))
  }
  try {
    await target.cleanupExpired({ onProgress: watch('expired') })
    if (flags.purgeDeleted !== undefined) {
      await target.purgeDeleted({ olderThanMs: flags.purgeDeleted, onProgress: watch('deleted') })
    }
  } finally {
    bar.hide()
  }
  return [...found.values()]
}

const PAGE_ROWS = 1_000

/** Counts by reading every row once, for only the rows themselves say when they end. */
async function count(cleanup: Cleanup): Promise<readonly Removed[]> {
  const { context, flags, place, store } = cleanup
  const now = store.now().getTime()
  const bar = progressOn(context.terminal.err, await rowsIn(place))
  let seen = 0
  try {
    return await place.snapshot(async (snapshot) => {
      const found: Removed[] = []
      const names = new Set(cleanable(cleanup).map(({ name }) => name))
      for (const { layout } of snapshot.layouts) {
        if (!names.has(layout.name) && !isInternal(layout.name)) continue
        const entry = { collection: layout.name, expired: 0, deleted: 0 }
        found.push(entry)
        let page = await snapshot.rows(layout, undefined, PAGE_ROWS)
        while (page.length > 0) {
          for (const { tenant, expiresAt, deletedAt } of page) {
            if (flags.tenant !== undefined && tenant !== flags.tenant) continue
            if (expiresAt !== null && expiresAt <= now) entry.expired++
            else if (deletedAt !== null && isOld(deletedAt, now, flags)) entry.deleted++
          }
          seen += page.length
          bar.update(seen, counted(seen, 'record'))
          page = page.length < PAGE_ROWS ? [] : await snapshot.rows(layout, page.at(-1), PAGE_ROWS)
        }
      }
      return found
    })
  } finally {
    bar.hide()
  }
}

function isOld(deletedAt: number, now: number, { purgeDeleted }: CleanupFlags): boolean {
  return purgeDeleted !== undefined && deletedAt <= now - purgeDeleted
}

async function tell(
  out: Output,
  report: {
    readonly collections: readonly Removed[]
    readonly unknown: readonly string[]
    readonly dryRun: boolean
    readonly milliseconds: number
  },
): Promise<void> {
  for (const { collection, expired, deleted } of report.collections) {
    const parts = [
      ...(expired > 0 ? [`${counted(expired, 'expired record')}`] : []),
      ...(deleted > 0 ? [`${counted(deleted, 'deleted record')}`] : []),
    ]
    await out.line(`${collection}: ${parts.join(', ')}`)
  }
  const all = report.collections.reduce((sum, { expired, deleted }) => sum + expired + deleted, 0)
  const done = report.dryRun ? 'would be removed' : `removed in ${seconds(report.milliseconds)}`
  await out.line(out.styled('green', `${counted(all, 'record')} ${done}`))
  if (report.unknown.length > 0) {
    await out.line(out.styled('dim', `not looked at, for nobody defines them: ${some(report.unknown)}`))
  }
}
