/** Makes a log, which has its name only when its first lines are durable. */

import { join } from 'node:path'
import { logName } from './directory-names.ts'
import { giveName, unfinishedName } from './file-naming.ts'
import type { FileSystem, OpenFile } from './file-system.ts'
import { encodeLine } from './line-buffer.ts'
import { FinalFailure } from './log-writer.ts'
import { FORMAT_VERSION, type LogHeader } from './record.ts'
import { writeAll } from './write-all.ts'

export interface NewLog {
  readonly number: number
  readonly lock: number
  readonly follows: LogHeader['follows']
  readonly replaces?: LogHeader['replaces']
  /** Lines that it begins with. */
  readonly tail: Buffer
}

/**
 * Makes a log and opens it for writing.
 *
 * @param syncs whether it is made durable
 * @returns the file and its length in bytes
 * @throws FinalFailure when it may have its name or not, so that nothing may be added to the log before it
 */
export async function createLog(
  fileSystem: FileSystem,
  directory: string,
  { number, lock, follows, replaces, tail }: NewLog,
  syncs: boolean,
): Promise<{ file: OpenFile; end: number }> {
  const path = join(directory, logName(number))
  const unfinished = join(directory, unfinishedName(logName(number), lock))
  const header: LogHeader = { coffer: 'log', format: FORMAT_VERSION, number, lock, follows, replaces }
  const bytes = Buffer.concat([encodeLine(JSON.stringify(header)), tail])
  const file = await fileSystem.open(unfinished, 'create')
  try {
    await writeAll(file, bytes, 0)
    if (syncs) await file.sync()
  } catch (error) {
    await file.close().catch(() => undefined)
    // What can't be removed is, when the directory is opened next.
    await fileSystem.remove(unfinished).catch(() => undefined)
    throw error
  }
  try {
    await giveName(fileSystem, unfinished, path)
    if (syncs) await fileSystem.syncDirectory(directory)
    return { file, end: bytes.length }
  } catch (cause) {
    await file.close().catch(() => undefined)
    throw new FinalFailure(`${logName(number)} could not be given its name for good`, { cause })
  }
}
