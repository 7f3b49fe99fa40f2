/** Opens a directory for reading alone, beside a writer or without one. */

import { setTimeout as pause } from 'node:timers/promises'
import { isStoreError, nativeCode } from '@coffer/core/backend'
import { Engine } from '@coffer/memory/engine'
import { closingOf } from './closing.ts'
import { errorCode, fileError, systemError } from './error-code.ts'
import type { FileSystem } from './file-system.ts'
import { parseLockName } from './lock-name.ts'
import { prepareDirectory, readNames } from './place.ts'
import { recover } from './recovery.ts'

/** How often a reader begins again because a writer has changed the files under it, and how long it waits. */
const MAX_READS = 20
const PAUSE_MS = 20

/**
 * Loads what is there, without touching it.
 *
 * @throws StoreError `NOT_FOUND` when there is no store, `CORRUPT` for damage, `BUSY` when a writer has changed the
 *   files again and again while they were read
 */
export async function openForReading(fileSystem: FileSystem, basePath: string): Promise<Engine> {
  const directory = await prepareDirectory(fileSystem, basePath, true)
  for (let read = 1; ; read++) {
    const engine = new Engine()
    const names = await readNames(fileSystem, directory)
    const lock = names.locks.map(parseLockName).findLast((each) => each !== undefined)
    try {
      const { log } = await recover(fileSystem, directory, names, closingOf(lock?.note), engine)
      if (log === undefined) throw fileError('NOT_FOUND', `there is no store to read in ${directory}`)
      return engine
    } catch (error) {
      // Only a writer removes files, or is seen with half of them listed.
      const isMoving = nativeCode(error) === 'ENOENT' || errorCode(error) === 'CORRUPT'
      const isWritten = lock === undefined || lock.state === 'held'
      if (!isMoving || !isWritten) throw isStoreError(error) ? error : systemError(error, directory)
      if (read === MAX_READS) throw errorCode(error) === 'CORRUPT' ? error : changing(directory, error)
    }
    await pause(PAUSE_MS)
  }
}

function changing(directory: string, cause: unknown) {
  return fileError('BUSY', `a writer changes ${directory} faster than it can be read; try again`, cause)
}
