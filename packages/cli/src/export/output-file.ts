/** Files that are written whole or not at all, for their owner alone. */

import { randomUUID } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { link, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
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
  // A name that nobody else has: another export of this path may go on at the same time.
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}-${randomUUID().slice(0, 8)}.partial`)
  const file = createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true })
  const source = Readable.from(text)
  const { signal } = options
  try {
    await (options.gzip
      ? pipeline(source, createGzip(), file, { signal })
      : pipeline(source, file, { signal }))
    await claim(partial, path)
  } finally {
    await rm(partial, { force: true })
  }
  await syncFolder(dirname(path))
}

/** Gives a finished file its name, where nothing has that name yet. */
async function claim(partial: string, path: string): Promise<void> {
  try {
    await link(partial, path)
  } catch (error) {
    refuseExisting(path)
    // A file system without links.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes((error as { code?: string }).code ?? '')) {
      throw error
    }
    await rename(partial, path)
  }
}

/** Makes sure that a name survives a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } catch (error) {
    // Windows has no such thing.
    if (process.platform !== 'win32') throw error
  } finally {
    await handle.close()
  }
}
