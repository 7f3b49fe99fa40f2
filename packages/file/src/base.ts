/** Which snapshot a directory's state begins with. */

import { join } from 'node:path'
import { logName, type Names } from './directory-names.ts'
import { corrupt } from './error-code.ts'
import type { FileSystem } from './file-system.ts'
import { readLogHeader } from './load-log.ts'
import { readSnapshotHeader } from './load-snapshot.ts'

/**
 * The newest snapshot that counts, or `undefined` where there is none. One that replaces everything counts from
 * the moment in which its log is there, made under the same lock: that name alone is what two writers can't both
 * give. What a replacement that was stopped leaves is passed over, beside the log that it would have followed.
 *
 * @throws StoreError `CORRUPT` for a header that is damaged, or a log that is missing
 */
export async function baseOf(
  fileSystem: FileSystem,
  directory: string,
  names: Names,
): Promise<number | undefined> {
  for (const number of names.snapshots.toReversed()) {
    const { replaces } = await readSnapshotHeader(fileSystem, directory, number)
    if (replaces === undefined) return number
    if (names.logs.includes(number)) {
      const log = await readLogHeader(fileSystem, directory, number)
      if (log.replaces === true && log.lock === replaces) return number
    } else if (!names.logs.includes(number - 1)) {
      throw corrupt(join(directory, logName(number)), 0, 'the file is missing')
    }
  }
  return undefined
}
