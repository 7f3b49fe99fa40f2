/** Proves a backup of whatever form. */

import { basename } from 'node:path'
import { isStoreError, StoreError } from '@coffer/core'
import { type ListedBackup, problemOf } from './list-backups.ts'
import { NO_NOTE, proveNative } from './native-backup.ts'
import { recognize } from './recognize.ts'
import { type VerifyArchiveOptions, verifyArchive } from './verify-archive.ts'

/**
 * Proves an archive as `verifyArchive` does, and a native backup by the hash that was noted beside it.
 *
 * @throws as `verifyArchive`; `NOT_FOUND` for a native backup without a note
 */
export async function proveBackup(path: string, options: VerifyArchiveOptions = {}): Promise<void> {
  if ((await recognize(path)) === 'archive') await verifyArchive(path, options)
  else if ((await proveNative(path)) === undefined) {
    throw new StoreError('NOT_FOUND', `${basename(path)}: ${NO_NOTE}`)
  }
}

/** A listed backup in the state that reading all of it shows; one that was not good already stays as it is. */
export async function provenBackup(
  backup: ListedBackup,
  options: VerifyArchiveOptions = {},
): Promise<ListedBackup> {
  if (backup.state !== 'good') return backup
  try {
    await proveBackup(backup.path, options)
    return backup
  } catch (error) {
    if (isStoreError(error, 'ABORTED')) throw error
    return { ...backup, ...problemOf(error) }
  }
}
