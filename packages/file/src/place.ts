/** Checks the directory of a store before anything in it is read or written. */

import { dirname, join, resolve } from 'node:path'
import { nativeCode } from '@coffer/core/backend'
import { logName, type Names, RESERVE, snapshotName, sortNames } from './directory-names.ts'
import { fileError } from './error-code.ts'
import type { FileSystem } from './file-system.ts'

/**
 * The absolute path of a store's directory, which is there afterwards. Its own name is not durable yet.
 *
 * @throws StoreError `INVALID_ARGUMENT` for what can't be such a directory, `NOT_FOUND` when one to be read is
 *   missing, `PERMISSION_DENIED` for a symbolic link
 */
export async function prepareDirectory(
  fileSystem: FileSystem,
  basePath: string,
  readOnly: boolean,
): Promise<string> {
  if (basePath.includes('\0')) throw fileError('INVALID_ARGUMENT', 'file: basePath holds NUL')
  const directory = resolve(basePath)
  const status = await fileSystem.status(directory)
  if (status?.type === 'directory') return directory
  if (status?.type === 'link') {
    throw fileError('PERMISSION_DENIED', `${directory} is a symbolic link; name the directory itself`)
  }
  if (status !== undefined)
    throw fileError('INVALID_ARGUMENT', `${directory} is not a directory; name another`)
  if (readOnly) throw fileError('NOT_FOUND', `there is no directory to read at ${directory}`)
  const parent = dirname(directory)
  if ((await fileSystem.status(parent)) === undefined) {
    throw fileError('INVALID_ARGUMENT', `${directory} can't be made: ${parent} does not exist`)
  }
  try {
    await fileSystem.makeDirectory(directory)
  } catch (error) {
    // Another process was faster.
    if (nativeCode(error) !== 'EEXIST') throw error
  }
  return directory
}

/**
 * The names in the directory. Whatever is not of a store stops it: the path may be a slip.
 *
 * @throws StoreError `INVALID_ARGUMENT` for a foreign file, `PERMISSION_DENIED` for a symbolic link
 */
export async function readNames(fileSystem: FileSystem, directory: string): Promise<Names> {
  const names = sortNames(await fileSystem.list(directory))
  const [foreign] = names.foreign
  if (foreign !== undefined) {
    throw fileError(
      'INVALID_ARGUMENT',
      `${directory} holds '${foreign}', which is no file of a store: name a directory of its own, or move it away`,
    )
  }
  for (const name of [...names.logs.map(logName), ...names.snapshots.map(snapshotName), RESERVE]) {
    const status = await fileSystem.status(join(directory, name))
    if (status === undefined || status.type === 'file') continue
    const code = status.type === 'link' ? 'PERMISSION_DENIED' : 'INVALID_ARGUMENT'
    throw fileError(code, `${join(directory, name)} is no ordinary file; the store made none such`)
  }
  return names
}
