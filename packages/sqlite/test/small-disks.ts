/** File systems of a few megabytes, in memory. Mounting one takes root. */

import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmdirSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** An empty disk that goes when the test is over; `undefined` where none can be had. */
export function smallDisk(size: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-sqlite-disk-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', folder])
  onTestFinished(() => {
    if (mounted.status === 0) spawnSync('umount', ['-l', folder])
    rmdirSync(folder)
  })
  return mounted.status === 0 ? folder : undefined
}

/** Another program takes all that is left. */
export function fillUp(folder: string): void {
  const junk = openSync(join(folder, 'junk'), 'w')
  try {
    for (const piece = Buffer.alloc(4_096, 'junk'); ; ) writeSync(junk, piece)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  } finally {
    closeSync(junk)
  }
}

/** How many bytes are free. */
export function freeBytes(folder: string): number {
  const { bfree, bsize } = statfsSync(folder)
  return bfree * bsize
}
