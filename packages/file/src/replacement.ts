/**
 * Replaces all that a directory holds. The new state is written as a snapshot, beside which everything old is
 * still there and counts; then the log that follows it gets its name, and with it both count at once. Whoever is
 * stopped before that leaves the old state, and whoever is stopped behind it the new one.
 */

import { join } from 'node:path'
import { nativeCode } from '@coffer/core/backend'
import type { View } from '@coffer/memory/engine'
import type { DirectoryLock } from './directory-lock.ts'
import { snapshotName } from './directory-names.ts'
import { giveName, unfinishedName } from './file-naming.ts'
import type { FileSystem } from './file-system.ts'
import { FinalFailure, LogWriter } from './log-writer.ts'
import { createLog } from './new-log.ts'
import { writeSnapshot } from './snapshot.ts'

/** Where it happens. */
export interface ReplacementPlace {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly lock: DirectoryLock
  readonly syncs: boolean
}

/** How the directory goes on. */
export interface Replaced {
  readonly log: LogWriter
  /** The length of the snapshot. */
  readonly bytes: number
}

/**
 * Puts a state in the place of everything. What it has taken the place of is still to be removed.
 *
 * @param old the present log, to which nothing may be added meanwhile, nor afterwards
 * @throws FinalFailure when it may have happened or not; after any other error it has not, and no file is left
 */
export async function replaceState(place: ReplacementPlace, old: LogWriter, state: View): Promise<Replaced> {
  const { fileSystem, directory, lock, syncs } = place
  lock.assertHeld()
  const { end, commit, synced } = old.position
  const number = old.number + 1
  const bytes = await writeWhole(place, number, commit, state).catch((error) => toldByLock(lock, error))
  const follows = { log: old.number, end, commit }
  const next = { number, lock: lock.number, follows, replaces: true, tail: Buffer.alloc(0) } as const
  const created = await createLog(fileSystem, directory, next, syncs).catch(async (error) => {
    if (error instanceof FinalFailure) throw error
    await remove(place, snapshotName(number))
    return toldByLock(lock, error)
  })
  try {
    lock.assertHeld()
  } catch (cause) {
    await created.file.close().catch(() => undefined)
    throw new FinalFailure('the lock of the directory was lost while everything was replaced', { cause })
  }
  const position = { number, end: created.end, commit, synced: syncs ? commit : synced }
  return { log: new LogWriter(created.file, lock, position, old.syncs), bytes }
}

/** Whoever has taken the lock over may have removed what was being written. */
function toldByLock(lock: DirectoryLock, error: unknown): never {
  lock.assertHeld()
  throw error
}

/** The name has to be durable before that of the log is. */
async function writeWhole(
  place: ReplacementPlace,
  number: number,
  commit: number,
  state: View,
): Promise<number> {
  const { fileSystem, directory, lock, syncs } = place
  const name = snapshotName(number)
  const unfinished = unfinishedName(name, lock.number)
  const bytes = await writeFile(place, unfinished, number, commit, state)
  try {
    await giveName(fileSystem, join(directory, unfinished), join(directory, name))
  } catch (error) {
    await remove(place, unfinished)
    // What has the name already is another writer's.
    if (nativeCode(error) !== 'EEXIST') await remove(place, name)
    throw error
  }
  try {
    if (syncs) await fileSystem.syncDirectory(directory)
  } catch (error) {
    await remove(place, name)
    throw error
  }
  return bytes
}

async function writeFile(
  place: ReplacementPlace,
  name: string,
  number: number,
  commit: number,
  state: View,
): Promise<number> {
  const file = await place.fileSystem.open(join(place.directory, name), 'create')
  const isNever = () => false
  const options = { number, commit, replaces: place.lock.number, isBusy: isNever, isAborted: isNever }
  try {
    const bytes = await writeSnapshot(file, state, options)
    if (place.syncs) await file.sync()
    await file.close()
    return bytes ?? 0
  } catch (error) {
    await file.close().catch(() => undefined)
    await remove(place, name)
    throw error
  }
}

/** What can't be removed is, when the directory is opened next. */
async function remove({ fileSystem, directory }: ReplacementPlace, name: string): Promise<void> {
  await fileSystem.remove(join(directory, name)).catch(() => undefined)
}
