/** Reads the header of a file, and no more. */

import { corrupt } from './error-code.ts'
import type { FileSystem } from './file-system.ts'
import { type Line, readLines } from './line-reader.ts'

/** What is made of the first line of a file. @throws StoreError `CORRUPT` for an empty one */
export async function readFirstLine<T>(
  fileSystem: FileSystem,
  path: string,
  take: (line: Line) => T,
): Promise<T> {
  let taken: { readonly value: T } | undefined
  const file = await fileSystem.open(path, 'read')
  try {
    await readLines(file, undefined, (line) => {
      taken = { value: take(line) }
      return false
    })
  } finally {
    await file.close()
  }
  if (taken === undefined) throw corrupt(path, 0, 'it is empty')
  return taken.value
}
