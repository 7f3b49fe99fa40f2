/** A file that appears whole, or not at all, and that only its owner reads. */

import { type FileHandle, link, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StoreError } from '@coffer/core'

const MAX_NAMES = 1_000

/** Makes a folder for its owner alone; one that is there stays as it is. */
export async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new StoreError('INVALID_ARGUMENT', `${folder} is a file: name a folder`)
  })
  if (made !== undefined) await syncFolder(dirname(made))
}

/** Makes sure that names in a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
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

/** Writes all of it. */
export async function writeAll(handle: FileHandle, data: Uint8Array): Promise<void> {
  for (let written = 0; written < data.length; ) {
    written += (await handle.write(data, written)).bytesWritten
  }
}

/** A name in the folder that nobody takes for a backup. */
export function partialName(name: string): string {
  return `.${name}.${process.pid}-${Math.random().toString(36).slice(2, 10)}.partial`
}

/**
 * Gives a finished file its name: the first of those offered that is free.
 *
 * @param nameAt the name at the n-th try, from 0
 * @param take moves the file where nothing is yet; false where something is
 * @returns the name that it has now
 */
export async function giveName(
  folder: string,
  partial: string,
  nameAt: (attempt: number) => string,
  take: (from: string, to: string) => Promise<boolean> = claim,
): Promise<string> {
  for (let attempt = 0; attempt < MAX_NAMES; attempt++) {
    const name = nameAt(attempt)
    if (!(await take(join(folder, partial), join(folder, name)))) continue
    await syncFolder(folder)
    return name
  }
  throw new StoreError('ALREADY_EXISTS', `${folder} has ${MAX_NAMES} files of this name already`)
}

/** Moves a file where nothing is yet; false where something is. */
export async function claim(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    await rm(from)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code ?? '')) throw error
  }
  // A file system without links: the name is taken by an empty file first.
  try {
    await (await open(to, 'wx', 0o600)).close()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  await rename(from, to)
  return true
}
