/** Files that are written whole or not at all, for their owner alone. */

import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { CommandError } from '../failure.ts'

/** Refuses to write over what is there. */
export function refuseExisting(path: string): void {
  if (existsSync(path)) throw new CommandError(`${path} is there already: remove it, or name another`)
}

/** Writes the text to a file that appears when it is complete. Who else is on the machine can't read it. */
export async function writeFile(
  path: string,
  text: AsyncIterable<string>,
  options: { readonly gzip: boolean; readonly signal: AbortSignal },
): Promise<void> {
  refuseExisting(path)
  const partial = `${path}.partial`
  rmSync(partial, { force: true })
  const file = createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true })
  const source = Readable.from(text)
  const { signal } = options
  try {
    await (options.gzip
      ? pipeline(source, createGzip(), file, { signal })
      : pipeline(source, file, { signal }))
    renameSync(partial, path)
  } catch (error) {
    rmSync(partial, { force: true })
    throw error
  }
}
