/** Files that are written whole or not at all, for their owner alone. */

import { createWriteStream, existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { claim, partialName, syncFolder } from '@coffer/backup'
import { CommandError } from '../failure.ts'

/** Refuses to write over what is there. */
export function refuseExisting(path: string): void {
  if (existsSync(path)) throw isThere(path)
}

function isThere(path: string): CommandError {
  return new CommandError(`${path} is there already: remove it, or name another`)
}

/** Writes the text to a file that appears when it is complete. Who else is on the machine can't read it. */
export async function writeFile(
  path: string,
  text: AsyncIterable<string>,
  options: { readonly gzip: boolean; readonly signal: AbortSignal },
): Promise<void> {
  refuseExisting(path)
  // A name that nobody else has: another export of this path may go on at the same time.
  const partial = join(dirname(path), partialName(basename(path)))
  const file = createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true })
  const source = Readable.from(text)
  const { signal } = options
  try {
    await (options.gzip
      ? pipeline(source, createGzip(), file, { signal })
      : pipeline(source, file, { signal }))
    if (!(await claim(partial, path))) throw isThere(path)
  } finally {
    await rm(partial, { force: true })
  }
  await syncFolder(dirname(path))
}
