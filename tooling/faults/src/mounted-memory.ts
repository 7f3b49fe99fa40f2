/** File systems in memory, of a fixed size. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Mounts an empty file system on a folder. For root alone. */
export async function mountMemory(folder: string, bytes: number): Promise<void> {
  await execute('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', folder])
}

/** Takes away what is mounted on a folder. Nobody may have a file of it open. */
export async function unmount(folder: string): Promise<void> {
  await execute('umount', [folder])
}
