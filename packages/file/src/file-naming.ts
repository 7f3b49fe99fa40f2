/**
 * Gives a finished file its name, never in the place of another: a process that slept while it lost the lock must
 * not replace what the next holder has made.
 */

import { nativeCode } from '@coffer/core/backend'
import type { FileSystem } from './file-system.ts'

/** What a file system without second names for files says. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']

/** The name of a file that is not finished. Each holder of the lock has names of its own. */
export function unfinishedName(name: string, lock: number): string {
  return `${name}.${lock}.tmp`
}

/**
 * Renames a file, if the name is free.
 *
 * @throws EEXIST when it is not
 */
export async function giveName(fileSystem: FileSystem, from: string, to: string): Promise<void> {
  try {
    await fileSystem.link(from, to)
  } catch (error) {
    if (!NO_LINKS.includes(nativeCode(error) ?? '')) throw error
    if (fileSystem.existsSync(to)) throw Object.assign(new Error(`EEXIST: ${to}`), { code: 'EEXIST' })
    await fileSystem.rename(from, to)
    return
  }
  await fileSystem.remove(from)
}
