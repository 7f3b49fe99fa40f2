/** Writes all bytes, however few of them the file system takes at a time. */

import type { OpenFile } from './file-system.ts'

export async function writeAll(file: OpenFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += await file.write(bytes.subarray(written), position + written)
  }
}
