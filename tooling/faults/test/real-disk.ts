/** A folder of the machine's disk, by the interface of a simulated one. */

import { constants, existsSync, fdatasyncSync, mkdtempSync, writeSync } from 'node:fs'
import { link, lstat, mkdir, open, readdir, rename, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileSystem } from '@coffer/file'

const FLAGS = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
} as const

/** Paths are within a new folder. */
export function realDisk(): FileSystem & AsyncDisposable {
  const root = mkdtempSync(join(tmpdir(), 'coffer-disk-'))
  const at = (path: string) => join(root, path)
  return {
    status: async (path) => {
      const stats = await lstat(at(path)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
        return undefined
      })
      if (stats === undefined) return undefined
      return { type: stats.isFile() ? 'file' : 'directory', size: stats.size, modifiedAt: stats.mtimeMs }
    },
    existsSync: (path) => existsSync(at(path)),
    list: (path) => readdir(at(path)),
    makeDirectory: (path) => mkdir(at(path)).then(() => undefined),
    open: async (path, mode) => {
      const handle = await open(at(path), FLAGS[mode])
      return {
        read: async (buffer, position) => (await handle.read(buffer, 0, buffer.length, position)).bytesRead,
        write: async (bytes, position) => (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
        writeSync: (bytes, position) => writeSync(handle.fd, bytes, 0, bytes.length, position),
        sync: () => handle.datasync(),
        syncBlocking: () => fdatasyncSync(handle.fd),
        truncate: (length) => handle.truncate(length),
        close: () => handle.close(),
      }
    },
    link: (from, to) => link(at(from), at(to)),
    rename: (from, to) => rename(at(from), at(to)),
    remove: (path) => rm(at(path)),
    touch: (path) => utimes(at(path), new Date(), new Date()),
    syncDirectory: async (path) => {
      const handle = await open(at(path), constants.O_RDONLY | constants.O_DIRECTORY)
      await handle.sync().finally(() => handle.close())
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  }
}
