/** `coffer status`: where a store is, what it holds, and what is left to do. Reads only. */

import { readMark } from '@coffer/backup'
import type { Inspection, MigrationPlan, Place, RowStates } from '@coffer/core'
import { isHistoryName } from '@coffer/core/backend'
import type { Command } from 'commander'
import type { Catalog } from '../catalog.ts'
import { EXIT } from '../failure.ts'
import { bytesOf } from '../output/bytes.ts'
import { counted, grouped } from '../output/numbers.ts'
import { layOut } from '../output/table.ts'
import type { Output } from '../output/terminal.ts'
import { nameOf } from '../store-location.ts'
import { type Context, configFor, refuseEmpty, withPlaceOptions } from './command.ts'

interface StatusFlags {
  readonly exact?: true
  readonly json?: true
}

const HELP = `
Records are those of all tenants: live ones, expired ones, which nobody sees any
more and coffer cleanup removes, and soft-deleted ones, which it removes with
--purge-deleted. A ~ stands before an estimate, a + behind a number up to which
was counted. --exact counts all, which reads whatever tables are large.
Tables that no config file here defines are named as unknown.

Examples:
  coffer status --store agents.db
  coffer status --exact --json`

/** Adds the command. */
export function addStatusCommand(program: Command, context: Context): void {
  const command = program
    .command('status')
    .description('tell where the store is, what it holds and what is left to do')
    .option('--exact', 'count all records, however long it takes')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
  withPlaceOptions(command).action(async (flags: StatusFlags) => {
    const status = await statusOf(context, flags.exact === true ? 'exact' : 'quick')
    const { out } = context.terminal
    if (flags.json === true) await out.line(JSON.stringify(reportOf(status), null, 2))
    else await tell(out, status)
    context.exitCode = EXIT.ok
  })
}

/** A table of the store. */
interface HeldTable {
  readonly name: string
  readonly kind: 'collection' | 'log' | 'heads' | 'history' | 'unknown' | 'internal'
  /** In whatever state; `null` where nobody can tell. */
  readonly rows: number | null
  readonly isEstimate: boolean
  readonly bytes: number | null
  /** Absent for the past, and where the store can't tell. */
  readonly states: RowStates | undefined
}

interface Status {
  readonly store: string
  readonly backend: string
  readonly config: string | null
  readonly engine: string | null
  readonly bytes: number | null
  readonly facts: Inspection['facts']
  readonly cache: object | null
  /** How far the copy into this store has come, if it was ever copied into. */
  readonly copy: 'begun' | 'done' | null
  readonly tables: readonly HeldTable[]
  readonly unknown: readonly string[]
  readonly migration: MigrationPlan['steps']
}

async function statusOf({ project }: Context, states: 'quick' | 'exact'): Promise<Status> {
  const config = project.storeConfig()
  const store = project.catalog.createStore(configFor(config, 'read'))
  try {
    const place = store.place()
    const tables = await tablesOf(place, project.catalog)
    const inspection = await place.inspect({ states })
    const [plan, copy] = [await place.plan(), await readMark(place)]
    return {
      store: nameOf(config),
      backend: place.backend,
      config: project.file ?? null,
      engine: inspection?.engine ?? null,
      bytes: inspection?.bytes ?? null,
      facts: inspection?.facts ?? {},
      cache: config.cache ?? null,
      copy: copy ?? null,
      tables: tables.map((table) => ({ ...table, ...sizeOf(table.name, inspection) })),
      unknown: plan.unknown,
      migration: plan.steps,
    }
  } finally {
    await store.close()
  }
}

async function tablesOf(place: Place, catalog: Catalog): Promise<Pick<HeldTable, 'name' | 'kind'>[]> {
  const held = await place.layouts()
  refuseEmpty(held)
  return held.map(({ layout: { name } }) => ({ name, kind: kindOf(name, catalog) }))
}

function kindOf(name: string, catalog: Catalog): HeldTable['kind'] {
  if (name.startsWith('coffer_')) return 'internal'
  if (!catalog.owns(name)) return 'unknown'
  if (isHistoryName(name)) return 'history'
  const log = catalog.logOf(name)
  if (log === undefined) return 'collection'
  return log.heads.name === name ? 'heads' : 'log'
}

function sizeOf(name: string, inspection: Inspection | undefined) {
  const size = inspection?.sizes.find(({ layout }) => layout === name)
  const { rows = null, isEstimate = false, bytes = null, states } = size ?? {}
  return { rows, isEstimate, bytes, states }
}

function reportOf({ tables, ...rest }: Status): object {
  return {
    ...rest,
    tables: tables.map(({ isEstimate, states, ...table }) => ({
      ...table,
      is_estimate: isEstimate,
      live: liveIn({ ...table, states }),
      expired: states?.expired ?? null,
      deleted: states?.deleted ?? null,
      counted_to: states?.countedTo ?? null,
    })),
  }
}

/** What is neither expired nor soft-deleted, as far as all three are known. */
function liveIn({ rows, states }: Pick<HeldTable, 'rows' | 'states'>): number | null {
  if (rows === null || states === undefined) return rows
  return Math.max(0, rows - states.expired - states.deleted)
}

async function tell(out: Output, status: Status): Promise<void> {
  const facts: [string, string][] = [
    ['store', status.store],
    ['engine', status.engine ?? status.backend],
    ...(status.bytes === null ? [] : [['size', bytesOf(status.bytes)] as [string, string]]),
    ...Object.entries(status.facts).map(([name, value]): [string, string] => [name, String(value ?? '-')]),
    ['cache', status.cache === null ? 'none' : JSON.stringify(status.cache)],
    ['config', status.config ?? 'none'],
  ]
  const [, ...lines] = layOut([{ title: '' }, { title: '', isWhole: true }], facts, out.width)
  for (const line of lines) await out.line(line)
  await out.line()
  await tellTables(out, status.tables)
  await out.line()
  await tellWork(out, status)
}

/** Tables without a row are only counted. */
async function tellTables(out: Output, tables: readonly HeldTable[]): Promise<void> {
  const shown = tables.filter(({ rows, kind }) => rows !== 0 || kind === 'unknown')
  const columns = [
    { title: 'table' },
    { title: 'kind' },
    { title: 'live', align: 'right' as const },
    { title: 'expired', align: 'right' as const },
    { title: 'deleted', align: 'right' as const },
    { title: 'size', align: 'right' as const },
  ]
  const cells = shown.map((table) => [
    table.name,
    table.kind,
    liveCell(table),
    stateCell(table.states?.expired, table.states),
    stateCell(table.states?.deleted, table.states),
    table.bytes === null ? '-' : bytesOf(table.bytes),
  ])
  if (shown.length > 0) {
    const [head = '', ...body] = layOut(columns, cells, out.width)
    await out.line(out.styled('dim', head))
    for (const line of body) await out.line(line)
  }
  const empty = tables.length - shown.length
  if (empty > 0) await out.line(out.styled('dim', counted(empty, 'empty table')))
}

function liveCell(table: HeldTable): string {
  const live = liveIn(table)
  const { isEstimate, states } = table
  const isAbout = isEstimate || isCut(states?.expired, states) || isCut(states?.deleted, states)
  return live === null ? '-' : `${isAbout ? '~' : ''}${grouped(live)}`
}

function stateCell(count: number | undefined, states: RowStates | undefined): string {
  return count === undefined ? '-' : `${grouped(count)}${isCut(count, states) ? '+' : ''}`
}

/** Whether there may be more than was counted. */
function isCut(count: number | undefined, states: RowStates | undefined): boolean {
  return count !== undefined && count === states?.countedTo
}

async function tellWork(out: Output, { migration, unknown, copy }: Status): Promise<void> {
  if (copy === 'begun') {
    await out.line(
      out.styled('red', 'a copy into this store was begun and not finished: run coffer copy again'),
    )
  }
  if (unknown.length > 0) await out.line(`${counted(unknown.length, 'table')} that nobody defines here`)
  if (migration.length === 0) await out.line(out.styled('green', 'the tables are as they should be'))
  else {
    const refused = migration.filter(({ change }) => change === 'refused').length
    const [color, steps] =
      refused === 0
        ? (['yellow', `${counted(migration.length, 'step')} to migrate`] as const)
        : (['red', `${counted(refused, 'step')} of a migration refused`] as const)
    await out.line(out.styled(color, `${steps}: coffer migrate --dry-run shows what`))
  }
}
