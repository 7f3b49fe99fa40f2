/** Opens a directory: takes its lock, loads what it holds, and makes it ready for new commits. */

import { dirname, join } from 'node:path'
import { isStoreError, nativeCode } from '@coffer/core/backend'
import { Engine } from '@coffer/memory/engine'
import { type Closing, closingOf } from './closing.ts'
import { removeBefore } from './compactor.ts'
import { acquireLock, type DirectoryLock } from './directory-lock.ts'
import { logName, type Names, snapshotName } from './directory-names.ts'
import { errorCode, fileError, systemError } from './error-code.ts'
import type { FileSystem } from './file-system.ts'
import { encodeLine } from './line-buffer.ts'
import type { LoadedLog } from './load-log.ts'
import { FinalFailure, LogWriter } from './log-writer.ts'
import { createLog } from './new-log.ts'
import { prepareDirectory, readNames } from './place.ts'
import { nextJson } from './record.ts'
import { readTail, recover } from './recovery.ts'
import { Reserve } from './reserve.ts'

/** How often it begins again because files were removed under it. */
const MAX_READS = 5

export interface OpenOptions {
  readonly basePath: string
  readonly lockTimeoutMs: number
  readonly durability: 'power' | 'process' | 'none'
}

/** A directory that is open for writing. */
export interface Opened {
  readonly directory: string
  readonly engine: Engine
  readonly lock: DirectoryLock
  readonly log: LogWriter
  readonly reserve: Reserve
  /** Logs before the one that is written to, and the bytes of them and of the snapshot. */
  readonly before: { readonly logs: number; readonly bytes: number }
}

/** Opens a directory for writing. Whatever fails, the lock is given back and nothing that was there is changed. */
export async function openForWriting(fileSystem: FileSystem, options: OpenOptions): Promise<Opened> {
  const { basePath, durability, lockTimeoutMs } = options
  const directory = await prepareDirectory(fileSystem, basePath, false)
  await readNames(fileSystem, directory)
  const reserve = new Reserve(fileSystem, directory)
  const lockOptions = { timeoutMs: lockTimeoutMs, isDurable: durability !== 'none' }
  let lock: DirectoryLock | undefined
  try {
    lock = await acquireLock(fileSystem, directory, lockOptions)
    return await openLocked(fileSystem, directory, lock, reserve, durability)
  } catch (error) {
    await lock?.release({ inOrder: lock.wasReleased, note: lock.note }).catch(() => undefined)
    throw toldOf(error, directory)
  }
}

async function openLocked(
  fileSystem: FileSystem,
  directory: string,
  lock: DirectoryLock,
  reserve: Reserve,
  durability: OpenOptions['durability'],
): Promise<Opened> {
  const closing = closingOf(lock.wasReleased ? lock.note : undefined)
  const { names, engine, recovery } = await load(fileSystem, directory, closing)
  const { log: last, base } = recovery
  await removeAll(fileSystem, directory, names.temporary)
  const makeLog = () => openLog(fileSystem, directory, lock, last, closing?.log === last?.number, durability)
  const log = await withRoom(makeLog, reserve)
  await removeUnneeded(fileSystem, directory, names, base)
  const isSame = last?.number === log.number
  const before = {
    logs: isSame ? recovery.logs - 1 : recovery.logs,
    bytes: recovery.snapshotBytes + recovery.logBytes - (isSame ? last.end : 0),
  }
  return { directory, engine, lock, log, reserve, before }
}

/** Files that are listed and then gone were removed by a writer that has lost the lock, and does not know yet. */
async function load(fileSystem: FileSystem, directory: string, closing: Closing | undefined) {
  for (let read = 1; ; read++) {
    const names = await readNames(fileSystem, directory)
    const engine = new Engine()
    try {
      const recovery = await recover(fileSystem, directory, names, closing, engine)
      return { names, engine, recovery }
    } catch (error) {
      if (nativeCode(error) !== 'ENOENT' || read === MAX_READS) throw error
    }
  }
}

/** On a full disk it works once more with the room of the reserve. */
async function withRoom<T>(work: () => Promise<T>, reserve: Reserve): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (errorCode(error) !== 'NO_SPACE' || !(await reserve.release())) throw error
    return work()
  }
}

/**
 * A log that was closed in order is continued. After any other end a new one is begun: its header says where the
 * old one ends, whatever may still be written there by a process that does not know yet that it has lost the
 * lock. Commits that are not known to be durable are written again, since a failed sync leaves pages that can be
 * read and are not on the disk.
 */
async function openLog(
  fileSystem: FileSystem,
  directory: string,
  lock: DirectoryLock,
  last: LoadedLog | undefined,
  isClosed: boolean,
  durability: OpenOptions['durability'],
): Promise<LogWriter> {
  const syncs = durability === 'power'
  if (last !== undefined && isClosed) {
    const file = await fileSystem.open(join(directory, logName(last.number)), 'write')
    await file.truncate(last.end)
    return new LogWriter(file, lock, last, syncs)
  }
  const number = (last?.number ?? 0) + 1
  const tail = last === undefined ? Buffer.alloc(0) : await readTail(fileSystem, directory, last)
  const follows = last === undefined ? null : { log: last.number, end: last.durableEnd, commit: last.synced }
  const isDurable = durability !== 'none'
  // Whoever made the directory may have been stopped before its name was durable.
  if (last === undefined && isDurable) await fileSystem.syncDirectory(dirname(directory))
  const next = { number, lock: lock.number, follows, tail }
  const { file, end } = await createLog(fileSystem, directory, next, isDurable).catch((error: unknown) => {
    throw isNameTaken(error) ? overtaken(directory, error) : error
  })
  if (follows !== null) await markEnd(fileSystem, directory, follows.log, follows.end)
  const commit = last?.commit ?? 0
  const synced = isDurable ? commit : (last?.synced ?? 0)
  return new LogWriter(file, lock, { number, end, commit, synced }, syncs)
}

function isNameTaken(error: unknown): boolean {
  return error instanceof FinalFailure && nativeCode(error.cause) === 'EEXIST'
}

/** All that is there stays: what the other writer has made counts. */
function overtaken(directory: string, cause: unknown) {
  const says = `another process went on writing to ${directory} after it had lost the lock; open it again`
  return fileError('BUSY', says, cause)
}

/** Says in a log that it is continued in the next one. It only helps to notice that the next one is missing. */
async function markEnd(
  fileSystem: FileSystem,
  directory: string,
  number: number,
  end: number,
): Promise<void> {
  try {
    const file = await fileSystem.open(join(directory, logName(number)), 'write')
    try {
      await file.write(encodeLine(nextJson(number + 1)), end)
    } finally {
      await file.close()
    }
  } catch {
    // Nothing relies on it.
  }
}

/**
 * Removes what counts for nothing. A snapshot behind the base may be that of a writer which sleeps: it never
 * counts once this one has its log, and counts where that writer was faster.
 */
async function removeUnneeded(
  fileSystem: FileSystem,
  directory: string,
  names: Names,
  base = 0,
): Promise<void> {
  const unused = names.snapshots.filter((number) => number > base).map(snapshotName)
  // What can't be removed harms nothing but the room on the disk, and is tried with every opening.
  await removeAll(fileSystem, directory, unused).catch(() => undefined)
  await removeBefore(fileSystem, directory, base).catch(() => undefined)
}

/** A writer that has lost the lock may be removing the same. */
async function removeAll(fileSystem: FileSystem, directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    try {
      await fileSystem.remove(join(directory, name))
    } catch (error) {
      if (nativeCode(error) !== 'ENOENT') throw error
    }
  }
}

/** A failure of the system says which directory it is about. */
function toldOf(error: unknown, directory: string): unknown {
  const cause = error instanceof FinalFailure ? error.cause : error
  return nativeCode(cause) === undefined || isStoreError(cause) ? error : systemError(cause, directory)
}
