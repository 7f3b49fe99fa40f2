/** What another program does to a disk: it takes whatever room is left. */

import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Written one after the other until they don't fit: the last ones leave not one byte. */
const PIECES = [65_536, 4_096, 1]

/** Writes a file in the folder that leaves no room on its disk. */
export function takeAllRoom(folder: string): void {
  const file = openSync(join(folder, 'ballast'), 'a', 0o600)
  try {
    for (const bytes of PIECES) appendUntilFull(file, Buffer.alloc(bytes, 1))
  } finally {
    closeSync(file)
  }
}

function appendUntilFull(file: number, piece: Buffer): void {
  try {
    for (;;) writeSync(file, piece)
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
    if (!isFull) throw error
  }
}
