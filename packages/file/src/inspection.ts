/** What a directory tells to the person who operates it. It is looked at from outside; nothing is read but headers. */

import { join } from 'node:path'
import type { Counting, Inspection } from '@coffer/core/backend'
import { layoutSizes, type View } from '@coffer/memory/engine'
import { baseOf } from './base.ts'
import { closingOf } from './closing.ts'
import { logName, type Names, RESERVE, snapshotName, sortNames } from './directory-names.ts'
import type { FileSystem } from './file-system.ts'
import { checksOf } from './inspection-checks.ts'
import { readSnapshotHeader } from './load-snapshot.ts'
import { type LockName, parseLockName } from './lock-name.ts'
import { FORMAT_VERSION } from './record.ts'

/** How the writer of this store stands. */
export interface WriterState {
  /** The last commit. */
  readonly commit: number
  /** How long a snapshot would be now, about. */
  readonly liveBytes: number
  /** Whether the disk is full, so that only removals are written. */
  readonly isShort: boolean
  readonly isLockHeld: boolean
}

export interface InspectionOptions {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly basePath: string
  readonly durability: 'power' | 'process' | 'none'
  readonly compaction: { readonly minBytes: number; readonly deadShare: number }
  readonly view: View
  readonly counting: Counting | undefined
  /** `undefined` where the store is open for reading only. */
  readonly writer: WriterState | undefined
}

/** What was found in a directory. Sizes are in bytes. */
export interface Findings {
  /** All names. */
  readonly list: readonly string[]
  readonly names: Names
  /** By name, of files that the store has made. */
  readonly modes: ReadonlyMap<string, number | undefined>
  readonly directoryMode: number | undefined
  /** Names of logs and snapshots before the ones that count. */
  readonly unneeded: readonly string[]
  readonly logBytes: number
  readonly snapshotBytes: number
  readonly reserveBytes: number
  readonly ownBytes: number
  /** The last commit of the snapshot, 0 where there is none; `undefined` when its header can't be read. */
  readonly snapshotCommit: number | undefined
  readonly lock: LockName | undefined
  /** Room on the disk; `undefined` where the system does not tell. */
  readonly freeBytes: number | undefined
}

export async function inspectDirectory(options: InspectionOptions): Promise<Inspection> {
  const found = await look(options.fileSystem, options.directory)
  return {
    engine: `file format ${FORMAT_VERSION}`,
    facts: factsOf(options, found),
    sizes: layoutSizes(options.view, options.counting),
    bytes: found.ownBytes,
    clock: null,
    checks: checksOf(options, found),
  }
}

async function look(fileSystem: FileSystem, directory: string): Promise<Findings> {
  const list = await fileSystem.list(directory)
  const names = sortNames(list)
  const sizes = new Map<string, number>()
  const modes = new Map<string, number | undefined>()
  for (const name of ownNames(names, list)) {
    const status = await fileSystem.status(join(directory, name))
    // What a compaction has removed meanwhile is not missed.
    if (status === undefined) continue
    sizes.set(name, status.size)
    modes.set(name, status.mode)
  }
  const base = await baseOf(fileSystem, directory, names).catch(() => names.snapshots.at(-1))
  const logs = names.logs.filter((number) => number >= (base ?? 0)).map(logName)
  const sum = (wanted: Iterable<string>) => [...wanted].reduce((all, name) => all + (sizes.get(name) ?? 0), 0)
  return {
    list,
    names,
    modes,
    directoryMode: (await fileSystem.status(directory))?.mode,
    unneeded: [
      ...names.logs.filter((number) => number < (base ?? 0)).map(logName),
      ...names.snapshots.filter((number) => number < (base ?? 0)).map(snapshotName),
    ],
    logBytes: sum(logs),
    snapshotBytes: base === undefined ? 0 : sum([snapshotName(base)]),
    reserveBytes: sum([RESERVE]),
    ownBytes: sum(sizes.keys()),
    snapshotCommit: await snapshotCommit(fileSystem, directory, base),
    lock: names.locks.map(parseLockName).findLast((lock) => lock !== undefined),
    freeBytes: await fileSystem.freeBytes?.(directory),
  }
}

function ownNames(names: Names, list: readonly string[]): readonly string[] {
  const files = [...names.logs.map(logName), ...names.snapshots.map(snapshotName), ...names.temporary]
  return [...files, ...names.locks, ...(list.includes(RESERVE) ? [RESERVE] : [])]
}

async function snapshotCommit(
  fileSystem: FileSystem,
  directory: string,
  base: number | undefined,
): Promise<number | undefined> {
  if (base === undefined) return 0
  try {
    return (await readSnapshotHeader(fileSystem, directory, base)).commit
  } catch {
    return undefined
  }
}

function factsOf({ basePath, durability, writer }: InspectionOptions, found: Findings): Inspection['facts'] {
  const { snapshotCommit, lock, names } = found
  const commit = writer?.commit ?? closingOf(lock?.note)?.commit
  const isCounted = commit !== undefined && snapshotCommit !== undefined
  return {
    path: basePath,
    durability,
    read_only: writer === undefined,
    writer: writerOf(writer, lock),
    logs: names.logs.length,
    log_bytes: found.logBytes,
    snapshot_bytes: found.snapshotBytes,
    dead_share: writer === undefined ? null : rounded(deadShareOf(found, writer)),
    commits_since_snapshot: isCounted ? commit - snapshotCommit : null,
    reserve_bytes: found.reserveBytes,
    free_bytes: found.freeBytes ?? null,
  }
}

/** The share of logs and snapshot that stands for nothing any more, about. */
export function deadShareOf({ logBytes, snapshotBytes }: Findings, { liveBytes }: WriterState): number {
  const bytes = logBytes + snapshotBytes
  return bytes === 0 ? 0 : Math.max(0, (bytes - liveBytes) / bytes)
}

function rounded(share: number): number {
  return Math.round(share * 100) / 100
}

function writerOf(writer: WriterState | undefined, lock: LockName | undefined): string {
  if (writer?.isLockHeld) return 'this store'
  if (lock?.state !== 'held') return 'nobody'
  return lock.owner === undefined ? 'another process' : `process ${lock.owner.pid} on host ${lock.owner.host}`
}
