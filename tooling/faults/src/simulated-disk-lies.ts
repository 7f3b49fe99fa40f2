/** File systems that say yes and do less: what a store would be without some of its care. For control. */

import type { FileSystem, OpenFile } from '@coffer/file'

const NO_SYNC = { sync: () => Promise.resolve(), syncBlocking: () => undefined } as const

/** Syncs of files succeed and do nothing. */
export function withoutSync(fileSystem: FileSystem): FileSystem {
  return withFiles(fileSystem, (file) => ({ ...file, ...NO_SYNC }))
}

/** Syncs of snapshots alone succeed and do nothing. */
export function withoutSnapshotSync(fileSystem: FileSystem): FileSystem {
  return withFiles(fileSystem, (file, path) =>
    /\/snapshot-[^/]*$/.test(path) ? { ...file, ...NO_SYNC } : file,
  )
}

/** Syncs of directories succeed and do nothing. */
export function withoutDirectorySync(fileSystem: FileSystem): FileSystem {
  return { ...methodsOf(fileSystem), syncDirectory: () => Promise.resolve() }
}

/**
 * The names by which a replacement counts are not synced: that of its snapshot, which here comes before that of
 * the log, and that of the log.
 */
export function withoutReplacementSync(fileSystem: FileSystem): FileSystem {
  let isReplacing = false
  return {
    ...methodsOf(fileSystem),
    link: async (from, to) => {
      const other = to.replace(/(log|snapshot)(?=-\d+\.jsonl$)/, (kind) =>
        kind === 'log' ? 'snapshot' : 'log',
      )
      const isSnapshot = /\/snapshot-\d+\.jsonl$/.test(to)
      isReplacing = fileSystem.existsSync(other) !== isSnapshot
      await fileSystem.link(from, to)
    },
    syncDirectory: async (path) => {
      if (!isReplacing) await fileSystem.syncDirectory(path)
      isReplacing = false
    },
  }
}

/** Writes and syncs of files that fail look as if they had succeeded. */
export function withoutErrors(fileSystem: FileSystem): FileSystem {
  return withFiles(fileSystem, (file) => ({
    ...file,
    write: (bytes, position) => file.write(bytes, position).catch(() => bytes.length),
    writeSync: (bytes, position) => {
      try {
        return file.writeSync(bytes, position)
      } catch {
        return bytes.length
      }
    },
    sync: () => file.sync().catch(() => undefined),
    syncBlocking: () => {
      try {
        file.syncBlocking?.()
      } catch {
        // As if nothing had happened.
      }
    },
  }))
}

function withFiles(fileSystem: FileSystem, change: (file: OpenFile, path: string) => OpenFile): FileSystem {
  const methods = methodsOf(fileSystem)
  return { ...methods, open: async (path, mode) => change(await fileSystem.open(path, mode), path) }
}

/** The methods, to be spread beside others. */
function methodsOf(fileSystem: FileSystem): FileSystem {
  return {
    status: (path) => fileSystem.status(path),
    existsSync: (path) => fileSystem.existsSync(path),
    list: (path) => fileSystem.list(path),
    makeDirectory: (path) => fileSystem.makeDirectory(path),
    open: (path, mode) => fileSystem.open(path, mode),
    link: (from, to) => fileSystem.link(from, to),
    rename: (from, to) => fileSystem.rename(from, to),
    remove: (path) => fileSystem.remove(path),
    touch: (path) => fileSystem.touch(path),
    syncDirectory: (path) => fileSystem.syncDirectory(path),
  }
}
