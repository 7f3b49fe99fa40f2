/** Proves a backup of whatever form. */

import { StoreError } from '@coffer/core'
import { proveNative } from './native-backup.ts'
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
    throw new StoreError('NOT_FOUND', `${path} has no file beside it that tells its hash`)
  }
}
