/** What the file system says of a file and of the room around it. No file is opened for that. */

import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** The length of a file; 0 where there is none. */
export function fileBytes(path: string): number {
  try {
    return statSync(path).size
  } catch {
    return 0
  }
}

/** What this process may still write in the directory of the file; `undefined` where the file system does not say. */
export function freeBytes(path: string): number | undefined {
  try {
    const { bsize, blocks, bfree, bavail } = statfsSync(dirname(path))
    return blocks === 0 ? undefined : bsize * (process.geteuid?.() === 0 ? bfree : bavail)
  } catch {
    return undefined
  }
}
