/** Looks at an open database: its settings, its sizes, and what is not as it should be. */

import { statSync } from 'node:fs'
import {
  type Counting,
  type Inspection,
  type LayoutSize,
  QUICK_COUNT,
  type RowStates,
} from '@coffer/core/backend'
import { countStates, sqliteDialect, type Table, tableOf } from '@coffer/sql'
import { framesBehind } from './checkpoint.ts'
import { type Connection, get, versionOf } from './connection.ts'
import { MEMORY_PATH } from './database-file.ts'
import { fileBytes, freeBytes } from './disk-space.ts'
import { checksOf, type FileFindings, type Findings } from './health.ts'
import type { ResolvedOptions } from './place.ts'
import { lackingObjects } from './schema.ts'
import { formatOf, heldLayouts, objectNames, type Schema } from './stored-schema.ts'

/** Up to this size all rows are counted and all pages looked at: it takes some tens of milliseconds. */
const SMALL_BYTES = 64 * 1_024 * 1_024

/** Where to look. */
export interface InspectedPlace {
  /** The file, or `:memory:`. */
  readonly path: string
  readonly writer: Connection
  /** No transaction is open on it. */
  readonly reader: Connection
  readonly options: ResolvedOptions
  readonly schema: Schema
  readonly counting: Counting | undefined
}

/** Inspects the database. */
export function inspect(place: InspectedPlace): Inspection {
  const { path, writer, reader, options, schema, counting } = place
  const setting = (name: string) => reader.get(`PRAGMA ${name}`, [])?.[0]
  const pageSize = Number(setting('page_size'))
  const pages = Number(setting('page_count'))
  const freePages = Number(setting('freelist_count'))
  const pageBytes = pages * pageSize
  const held = heldLayouts(reader, schema)
  const names = objectNames(reader)
  const tables = held.map(({ layout }) => tableOf(sqliteDialect, layout, schema.prefix))
  const there = tables.filter(({ plainName }) => names.has(plainName.toLowerCase()))
  const file = path === MEMORY_PATH ? undefined : fileFindings(place, pageSize)
  const version = versionOf(reader)
  const findings: Findings = {
    version,
    file,
    pageBytes,
    freePageBytes: freePages * pageSize,
    lost: tables.filter((table) => !there.includes(table)).map(({ layout }) => layout.name),
    stale: held.filter(({ stale }) => stale).map(({ layout }) => layout.name),
    ...lackingOf(there, names),
  }
  return {
    engine: `SQLite ${version}`,
    facts: {
      path,
      format: formatOf(reader, schema),
      journal_mode: String(setting('journal_mode')),
      durability: file === undefined ? 'none' : options.durability,
      synchronous: Number(writer.get('PRAGMA synchronous', [])?.[0]),
      wal_bytes: file === undefined ? 0 : fileBytes(`${path}-wal`),
      page_size: pageSize,
      page_count: pages,
      freelist_count: freePages,
      auto_vacuum: Number(setting('auto_vacuum')),
      user_version: Number(setting('user_version')),
    },
    sizes: sizesOf(reader, there, pageBytes <= SMALL_BYTES, counting),
    bytes: file === undefined ? pageBytes : filesOf(path).reduce((sum, path) => sum + fileBytes(path), 0),
    clock: null,
    checks: checksOf(findings),
  }
}

function fileFindings({ path, writer, reader, options }: InspectedPlace, pageSize: number): FileFindings {
  const { readOnly, durability, reserveBytes } = options
  const journalMode = String(reader.get('PRAGMA journal_mode', [])?.[0])
  return {
    readOnly,
    durability,
    synchronous: Number(writer.get('PRAGMA synchronous', [])?.[0]),
    journalMode,
    logBytes: journalMode === 'wal' ? framesBehind(reader) * pageSize : 0,
    databaseBytes: fileBytes(path),
    freeDiskBytes: freeBytes(path),
    modes: modesOf(path),
    wantsReserve: reserveBytes > 0 && !readOnly,
    hasReserve: fileBytes(`${path}-reserve`) > 0,
  }
}

function filesOf(path: string): readonly string[] {
  return ['', '-wal', '-shm', '-reserve'].map((end) => `${path}${end}`)
}

/** Windows has no such rights. */
function modesOf(path: string): FileFindings['modes'] {
  if (process.platform === 'win32') return []
  return filesOf(path).flatMap((file) => {
    const entry = statSync(file, { throwIfNoEntry: false })
    return entry === undefined ? [] : [{ path: file, mode: entry.mode }]
  })
}

function lackingOf(tables: readonly Table[], names: ReadonlySet<string>) {
  const unguarded: string[] = []
  const lacking: string[] = []
  for (const table of tables) {
    const objects = lackingObjects(table, names)
    if (objects.some(({ isGuard }) => isGuard)) unguarded.push(table.layout.name)
    lacking.push(...objects.filter(({ isGuard }) => !isGuard).map(({ name }) => name))
  }
  return { unguarded, lacking }
}

/** Counting reads everything, and so does asking for the bytes: of a large database both are estimated, or left. */
function sizesOf(
  reader: Connection,
  tables: readonly Table[],
  isSmall: boolean,
  counting: Counting | undefined,
): readonly LayoutSize[] {
  const bytes = isSmall ? bytesByTable(reader) : undefined
  const isCounted = isSmall || counting?.exact === true
  const rows = isCounted ? undefined : estimatedRows(reader)
  return tables.map((table) => ({
    layout: table.layout.name,
    rows: isCounted ? numberFrom(reader, `SELECT count(*) FROM ${table.name}`) : (rows?.(table) ?? 0),
    isEstimate: !isCounted,
    bytes: bytes?.(table) ?? null,
    ...(counting && { states: statesOf(reader, table, counting) }),
  }))
}

/** By the indexes that sweeps use, which hold no other rows than those with a deadline, and soft-deleted ones. */
function statesOf(reader: Connection, table: Table, { at, exact }: Counting): RowStates {
  const countedTo = exact ? undefined : QUICK_COUNT
  const [expired, deleted] = get(reader, countStates(table, countedTo), at) ?? []
  return { expired: Number(expired), deleted: Number(deleted), countedTo }
}

/** The pages of a table, of its side tables and of all their indexes. */
function bytesByTable(reader: Connection): (table: Table) => number {
  const rows = reader.all(
    'SELECT object.tbl_name, sum(pages.pgsize) FROM dbstat AS pages ' +
      'JOIN sqlite_schema AS object ON object.name = pages.name WHERE pages.aggregate = 1 GROUP BY 1',
    [],
  )
  return ({ plainName }) =>
    rows
      .filter(([name]) => name === plainName || String(name).startsWith(`${plainName}$`))
      .reduce((sum, [, bytes]) => sum + Number(bytes), 0)
}

/** What the planner's statistics say, or the highest number that a row was ever given. */
function estimatedRows(reader: Connection): (table: Table) => number {
  const hasStatistics = objectNames(reader).has('sqlite_stat1')
  const counted = hasStatistics
    ? reader.all('SELECT tbl, max(CAST(stat AS INTEGER)) FROM sqlite_stat1 GROUP BY tbl', [])
    : []
  const known = new Map(counted.map(([name, rows]) => [String(name), Number(rows)]))
  return (table) =>
    known.get(table.plainName) ?? numberFrom(reader, `SELECT coalesce(max(rowid), 0) FROM ${table.name}`)
}

function numberFrom(reader: Connection, text: string): number {
  return Number(reader.get(text, [])?.[0])
}
