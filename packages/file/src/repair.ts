/** Repair: saves what can be read of a damaged directory, and keeps the files that it found. */

import { join } from 'node:path'
import { Engine } from '@coffer/memory/engine'
import { closingOf } from './closing.ts'
import { acquireLock, type DirectoryLock } from './directory-lock.ts'
import { logName, type Names, snapshotName } from './directory-names.ts'
import { errorCode } from './error-code.ts'
import { giveName, unfinishedName } from './file-naming.ts'
import type { FileSystem } from './file-system.ts'
import { createLog } from './new-log.ts'
import { nodeFileSystem } from './node-file-system.ts'
import { prepareDirectory, readNames } from './place.ts'
import { recover } from './recovery.ts'
import { type Damage, salvage } from './salvage.ts'
import { writeSnapshot } from './snapshot.ts'

/** What to repair. */
export interface RepairOptions {
  /** The directory of the store. No store may have it open for writing. */
  readonly basePath: string
  /** How long to wait for one that has, in milliseconds. Default: 5,000. */
  readonly lockTimeoutMs?: number
  readonly fileSystem?: FileSystem
}

/** What a repair did. */
export interface RepairReport {
  /** What was damaged, in the order in which it was met; empty when nothing was, and nothing was changed. */
  readonly damage: readonly Damage[]
  /** How many rows were saved of each collection, histories and rows that are deleted or expired included. */
  readonly saved: Readonly<Record<string, number>>
  /** The folder that now has the files as they were found; `undefined` when nothing was changed. */
  readonly keptIn: string | undefined
}

/**
 * Repairs a directory: writes all that can be read to a new snapshot, and moves the files that were there to a
 * folder `damaged-…` in it. Each damaged line is a commit or a row that is lost, as the report says; what
 * others have changed is kept. A directory without damage is left as it is.
 *
 * @throws StoreError `BUSY` when a store has it open, `UNSUPPORTED` when a newer release wrote it; errors of the
 *   file system
 */
export async function repair(options: RepairOptions): Promise<RepairReport> {
  const { basePath, lockTimeoutMs = 5_000, fileSystem = nodeFileSystem } = options
  const directory = await prepareDirectory(fileSystem, basePath, true)
  const lock = await acquireLock(fileSystem, directory, { timeoutMs: lockTimeoutMs })
  try {
    const names = await readNames(fileSystem, directory)
    if (await isSound(fileSystem, directory, names, lock)) {
      await lock.release({ inOrder: lock.wasReleased, note: lock.note })
      return { damage: [], saved: {}, keptIn: undefined }
    }
    return await rebuild(fileSystem, directory, names, lock)
  } catch (error) {
    await lock.release({ inOrder: lock.wasReleased, note: lock.note }).catch(() => undefined)
    throw error
  }
}

async function isSound(
  fileSystem: FileSystem,
  directory: string,
  names: Names,
  lock: DirectoryLock,
): Promise<boolean> {
  try {
    await recover(
      fileSystem,
      directory,
      names,
      closingOf(lock.wasReleased ? lock.note : undefined),
      new Engine(),
    )
    return true
  } catch (error) {
    if (errorCode(error) !== 'CORRUPT') throw error
    return false
  }
}

/**
 * The new log is there before the new snapshot. From the moment in which that has its name nobody looks at older
 * files; before it, a repair that was stopped can be begun again.
 */
async function rebuild(
  fileSystem: FileSystem,
  directory: string,
  names: Names,
  lock: DirectoryLock,
): Promise<RepairReport> {
  const found = [...names.logs.map(logName), ...names.snapshots.map(snapshotName)]
  const keptIn = await keep(fileSystem, directory, found)
  const engine = new Engine()
  const { commit, damage } = await salvage(fileSystem, directory, names, engine)
  const number = Math.max(0, ...names.logs, ...names.snapshots) + 1
  const follows = { log: number - 1, end: 0, commit }
  const log = { number, lock: lock.number, follows, tail: Buffer.alloc(0) }
  const { file, end } = await createLog(fileSystem, directory, log, true)
  await file.close()
  await makeSnapshot(fileSystem, directory, lock, { number, commit }, engine)
  for (const name of found) await fileSystem.remove(join(directory, name))
  await lock.release({ inOrder: true, note: { log: number, end, commit } })
  const tables = [...engine.tables()].map((table) => [table.layout.name, table.rows.size] as const)
  return { damage, saved: Object.fromEntries(tables), keptIn }
}

async function makeSnapshot(
  fileSystem: FileSystem,
  directory: string,
  lock: DirectoryLock,
  { number, commit }: { readonly number: number; readonly commit: number },
  engine: Engine,
): Promise<void> {
  const unfinished = join(directory, unfinishedName(snapshotName(number), lock.number))
  const file = await fileSystem.open(unfinished, 'create')
  try {
    const isNever = () => false
    await writeSnapshot(file, engine.view(), { number, commit, isBusy: isNever, isAborted: isNever })
    await file.sync()
  } finally {
    await file.close()
  }
  await giveName(fileSystem, unfinished, join(directory, snapshotName(number)))
  await fileSystem.syncDirectory(directory)
}

/** Gives every file that was found a second name in a folder of its own, so that none is lost on the way. */
async function keep(fileSystem: FileSystem, directory: string, files: readonly string[]): Promise<string> {
  const time = new Date().toISOString().replaceAll(':', '-')
  const folder = join(directory, `damaged-${time}`)
  await fileSystem.makeDirectory(folder)
  for (const name of files) await fileSystem.link(join(directory, name), join(folder, name))
  await fileSystem.syncDirectory(folder)
  await fileSystem.syncDirectory(directory)
  return folder
}
