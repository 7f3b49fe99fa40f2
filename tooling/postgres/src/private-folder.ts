/** Folders for servers: private, owned by the server's user, gone when this process is. */

import { spawn } from 'node:child_process'
import { accessSync, chownSync, constants, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerUser } from './server-user.ts'

/** A folder with a server in it. */
export interface PrivateFolder {
  readonly path: string
  /** Removes the folder. The server must be down. Idempotent. */
  remove(): void
}

/**
 * Waits until its standard input ends, which happens when the parent process is gone, in whatever way; then
 * ends the server whose process id stands in the first line of a file, and removes the folder. A server that
 * was stopped in its tracks is woken, or it could not end. Some 10 s later it goes the hard way.
 */
const GUARDIAN = `
cat > /dev/null
pid=$(head -n 1 "$2" 2> /dev/null)
if [ -n "$pid" ]; then
  kill -QUIT "$pid" && kill -CONT "$pid"
  tries=0
  while [ -e "$2" ] && kill -0 "$pid" && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  kill -KILL "$pid"
fi 2> /dev/null
rm -rf "$1"`

/** Where Linux keeps files in memory. */
const MEMORY_FOLDER = '/dev/shm'

/** What must be free, of the folder and of the memory, before files go there: several servers may run at once. */
const MIN_MEMORY_BYTES = 4 * 1024 ** 3

/**
 * A folder for data that has not to last: in memory where there is plenty, so that a busy disk slows no test,
 * and else the system's folder for temporary files.
 */
export function fastFolder(): string {
  const hasMemory =
    process.availableMemory() >= MIN_MEMORY_BYTES && freeBytes(MEMORY_FOLDER) >= MIN_MEMORY_BYTES
  return hasMemory ? MEMORY_FOLDER : tmpdir()
}

/** What can be written to a file system; 0 where there is none. */
function freeBytes(folder: string): number {
  try {
    accessSync(folder, constants.W_OK)
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return 0
  }
}

/**
 * Makes a folder of mode 0700. Should this process end without
 * having removed it, be it by SIGKILL, a guardian ends the server and removes the folder.
 *
 * @param pidFile - where the server writes its process id, relative to the folder
 * @param parent - where the folder is made; among temporary files without
 */
export function privateFolder(
  user: ServerUser | undefined,
  pidFile: string,
  parent = tmpdir(),
): PrivateFolder {
  const path = mkdtempSync(join(parent, 'coffer-postgres-'))
  if (user !== undefined) chownSync(path, user.uid, user.gid)
  const guardian = spawn('sh', ['-c', GUARDIAN, 'guardian', path, join(path, pidFile)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guardian.unref()
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true, maxRetries: 5 })
      guardian.stdin.end()
    },
  }
}
