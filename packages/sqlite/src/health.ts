/** How things stand with a database, as a judgement of what was found. It asks nobody. */

import type { Check, CheckState } from '@coffer/core/backend'
import { isOldVersion } from './connection.ts'
import type { ResolvedOptions } from './place.ts'
import { SHORT_BYTES } from './room.ts'

/** What was found of the file and of what lies around it. */
export interface FileFindings {
  readonly readOnly: boolean
  readonly durability: ResolvedOptions['durability']
  /** As SQLite has it: 0 is OFF, 1 NORMAL, 2 FULL, 3 EXTRA. */
  readonly synchronous: number
  readonly journalMode: string
  /** Bytes of the log that are not written back yet. */
  readonly logBytes: number
  readonly databaseBytes: number
  /** What this process may still write; `undefined` where the file system does not say. */
  readonly freeDiskBytes: number | undefined
  /** The files with their rights. */
  readonly modes: readonly { readonly path: string; readonly mode: number }[]
  readonly wantsReserve: boolean
  readonly hasReserve: boolean
}

/** What was found. */
export interface Findings {
  /** SQLite's version. */
  readonly version: string
  /** `undefined` for a database in memory. */
  readonly file: FileFindings | undefined
  /** Bytes of the database, and those of its pages that hold nothing. */
  readonly pageBytes: number
  readonly freePageBytes: number
  /** Layouts whose table is gone. */
  readonly lost: readonly string[]
  /** Append-only layouts that lack a guard. */
  readonly unguarded: readonly string[]
  /** Names of indexes, side tables and their triggers that are gone. */
  readonly lacking: readonly string[]
  /** Layouts whose rows are not all rewritten. */
  readonly stale: readonly string[]
}

const MIB = 1_024 * 1_024
/** A log beyond this is not written back as it should be; the second endangers the disk. */
const LONG_LOG_BYTES = 64 * MIB
const ENDLESS_LOG_BYTES = 1_024 * MIB
/** Free pages are told when they are many, and a good part of the file. */
const MANY_FREE_BYTES = 16 * MIB
const FREE_SHARE = 1 / 4
/** Free room on the disk that calls for attention: so much, or a part of the database. */
const LITTLE_ROOM_BYTES = 64 * MIB
const ROOM_SHARE = 1 / 10
/** The synchronous setting that each durability stands for. */
const LEAST_SYNCHRONOUS = { power: 2, process: 1, none: 0 } as const
/** Names that one sentence shows. */
const MAX_NAMED = 4

/** Judges what was found. */
export function checksOf(findings: Findings): readonly Check[] {
  const { file } = findings
  return [
    engine(findings),
    ...(file === undefined ? [] : [durability(file), journal(file), log(file)]),
    ...(file === undefined ? [] : [permissions(file), room(file), reserve(file)]),
    freePages(findings),
    tables(findings),
    guards(findings),
    indexes(findings),
    rewriting(findings),
  ]
}

function engine({ version }: Findings): Check {
  if (!isOldVersion(version))
    return good('version', `SQLite ${version} has no known fault that damages files`)
  return check(
    'version',
    'bad',
    `SQLite ${version} can damage a file under concurrent writes`,
    'update better-sqlite3',
  )
}

function durability({ durability, synchronous, readOnly }: FileFindings): Check {
  if (readOnly) return good('durability', 'nothing is written')
  if (synchronous < LEAST_SYNCHRONOUS[durability]) {
    const says = `durability is '${durability}', and SQLite's synchronous is only ${synchronous}`
    return check('durability', 'bad', says, 'close the store and open it again')
  }
  if (durability === 'power') return good('durability', 'acknowledged writes survive a power failure')
  const advice = `open the store with durability: 'power'`
  return durability === 'process'
    ? check('durability', 'warning', 'a power failure may take the last acknowledged writes', advice)
    : check('durability', 'bad', 'a power failure may take acknowledged writes, or damage the file', advice)
}

function journal({ journalMode }: FileFindings): Check {
  if (journalMode === 'wal') return good('journal', 'the database is in WAL mode')
  const says = `the database is in the journal mode ${journalMode}: readers and writers wait for each other`
  return check('journal', 'warning', says, 'open it once without readOnly, as coffer migrate does')
}

function log({ logBytes }: FileFindings): Check {
  if (logBytes < LONG_LOG_BYTES) return good('log', 'the log is written back')
  const says = `${sizeOf(logBytes)} of the log are not written back: somebody reads an old state, or writes for long`
  const advice = 'end long reads, such as an idle sqlite3 shell or a backup that hangs'
  return check('log', logBytes < ENDLESS_LOG_BYTES ? 'warning' : 'bad', says, advice)
}

function permissions({ modes }: FileFindings): Check {
  const open = modes.filter(({ mode }) => (mode & 0o077) !== 0)
  if (open.length === 0) return good('permissions', 'nobody but the owner may use the files')
  const forAll = open.some(({ mode }) => (mode & 0o007) !== 0)
  const says = `others may use ${named(open.map(({ path }) => path))}`
  return check('permissions', forAll ? 'bad' : 'warning', says, 'chmod 600 on each')
}

function room({ freeDiskBytes, databaseBytes }: FileFindings): Check {
  if (freeDiskBytes === undefined) return good('disk', 'the file system does not say how much room it has')
  const says = `${sizeOf(freeDiskBytes)} are free on the disk`
  const wanted = Math.max(LITTLE_ROOM_BYTES, databaseBytes * ROOM_SHARE)
  if (freeDiskBytes >= wanted) return good('disk', says)
  const state = freeDiskBytes < SHORT_BYTES ? 'bad' : 'warning'
  return check('disk', state, says, 'make room, or move the database to a larger disk')
}

function reserve({ wantsReserve, hasReserve }: FileFindings): Check {
  if (!wantsReserve) return good('reserve', 'no room is to be kept for when the disk is full')
  if (hasReserve) return good('reserve', 'room is kept for when the disk is full')
  const says = 'no room is kept for when the disk is full: then not even removals would fit'
  return check('reserve', 'warning', says, 'make room on the disk, and open the store again')
}

function freePages({ pageBytes, freePageBytes }: Findings): Check {
  const says = `${sizeOf(freePageBytes)} of ${sizeOf(pageBytes)} are free pages`
  const isMuch = freePageBytes >= MANY_FREE_BYTES && freePageBytes >= pageBytes * FREE_SHARE
  if (!isMuch) return good('free pages', says)
  return check(
    'free pages',
    'warning',
    `${says}: the file never shrinks by itself`,
    'run VACUUM with sqlite3 while no store is open, or make a backup and restore it',
  )
}

function tables({ lost }: Findings): Check {
  if (lost.length === 0) return good('tables', 'every layout has its table')
  return check('tables', 'bad', `the tables of ${named(lost)} are gone`, 'restore a backup')
}

function guards({ unguarded }: Findings): Check {
  if (unguarded.length === 0) return good('guards', 'append-only tables refuse changes')
  const says = `triggers that refuse changes of ${named(unguarded)} were dropped`
  return check('guards', 'bad', says, 'open the store again, which puts them back, and verify the logs')
}

function indexes({ lacking }: Findings): Check {
  if (lacking.length === 0) return good('index', 'every index is there')
  return check(
    'index',
    'bad',
    `${named(lacking)} were dropped`,
    'open the store again, which makes them anew',
  )
}

function rewriting({ stale }: Findings): Check {
  if (stale.length === 0) return good('layouts', 'all rows have the form of their definitions')
  const says = `rows of ${named(stale)} await their rewriting for a changed definition`
  return check('layouts', 'warning', says, 'run the migration to its end')
}

function good(topic: string, says: string): Check {
  return { topic, state: 'good', says }
}

function check(topic: string, state: CheckState, says: string, advice: string): Check {
  return { topic, state, says, advice }
}

function named(names: readonly string[]): string {
  const more = names.length - MAX_NAMED
  return [...names.slice(0, MAX_NAMED), ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

/** In kB below a megabyte, for a person. */
function sizeOf(bytes: number): string {
  if (!Number.isFinite(bytes)) return 'an unknown part'
  const [amount, unit] = bytes < 1e6 ? [bytes / 1e3, 'kB'] : [bytes / 1e6, 'MB']
  return `${Math.round(amount).toLocaleString('en-US')} ${unit}`
}
