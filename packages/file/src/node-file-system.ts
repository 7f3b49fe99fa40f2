/** The file system of the machine, by `node:fs`. */

import { constants, existsSync, fdatasync, fdatasyncSync, writeSync } from 'node:fs'
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  statfs,
  utimes,
} from 'node:fs/promises'
import { promisify } from 'node:util'
import type { EntryStatus, FileSystem, OpenFile, OpenMode } from './file-system.ts'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants

/** A platform without the flag has no such links in the way of ordinary users. */
const NO_LINKS = O_NOFOLLOW ?? 0

const FLAGS: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY | NO_LINKS,
  write: O_RDWR | NO_LINKS,
  create: O_RDWR | O_CREAT | O_EXCL | NO_LINKS,
}

export const nodeFileSystem: FileSystem = {
  status,
  existsSync,
  list: (path) => readdir(path),
  makeDirectory: async (path) => {
    await mkdir(path, { mode: 0o700 })
  },
  open: async (path, mode) => openFile(await open(path, FLAGS[mode], 0o600)),
  link,
  rename,
  remove: (path) => rm(path),
  touch: async (path) => {
    const now = new Date()
    await utimes(path, now, now)
  },
  syncDirectory,
  freeBytes: async (path) => {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize
  },
}

async function status(path: string): Promise<EntryStatus | undefined> {
  try {
    const stats = await lstat(path)
    const type = stats.isFile()
      ? 'file'
      : stats.isDirectory()
        ? 'directory'
        : stats.isSymbolicLink()
          ? 'link'
          : 'other'
    const mode = process.platform === 'win32' ? undefined : stats.mode & 0o777
    return { type, size: stats.size, modifiedAt: stats.mtimeMs, mode }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Windows has no such call, and needs none: there NTFS keeps names in its journal. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, O_RDONLY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

const dataSync = promisify(fdatasync)

function openFile(handle: FileHandle): OpenFile {
  return {
    read: async (buffer, position) => (await handle.read(buffer, 0, buffer.length, position)).bytesRead,
    write: async (bytes, position) => (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
    writeSync: (bytes, position) => writeSync(handle.fd, bytes, 0, bytes.length, position),
    sync: () => dataSync(handle.fd),
    syncBlocking: () => fdatasyncSync(handle.fd),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  }
}
