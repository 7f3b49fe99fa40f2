/** What backups that were killed have left in a folder. */

import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseBackupName } from './backup-name.ts'

/** A file that no backup will ever finish, or one that is being written. */
export interface Leftover {
  readonly name: string
  readonly path: string
  readonly bytes: number
  /** When it was last written to. */
  readonly changedAt: Date
  /** False while it may belong to a backup that is under way; a rotation removes the others. */
  readonly isDead: boolean
}

const PARTIAL = /^\.coffer-\d{8}T\d{6}Z\.(?:tar|native)\.(\d+)-[a-z0-9]+\.partial(?:-journal|-wal|-shm)?$/
const NOTE = /^(.+)\.json$/
/** What a process that is gone has not written to for so long is nobody's. */
const DEAD_AFTER_MS = 3_600_000
/** Another process may have the number by now, and in a container all have the same. */
const FORGOTTEN_AFTER_MS = 86_400_000

/**
 * The unfinished files in a folder that have the names which backups give theirs, and notes without a backup.
 *
 * @param now the present instant in milliseconds since 1970
 */
export async function listLeftovers(folder: string, now: number): Promise<readonly Leftover[]> {
  const names = await readdir(folder)
  const there = new Set(names)
  const leftovers: Leftover[] = []
  for (const name of names.sort()) {
    const pid = pidOf(name, there)
    if (pid === undefined) continue
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (found === undefined || !found.isFile()) continue
    const ageMs = now - found.mtimeMs
    const isDead = ageMs >= (isRunning(pid) ? FORGOTTEN_AFTER_MS : DEAD_AFTER_MS)
    leftovers.push({ name, path, bytes: found.size, changedAt: found.mtime, isDead })
  }
  return leftovers
}

/** Whose file it is: 0 where the name does not say; `undefined` for what is not left over. */
function pidOf(name: string, there: ReadonlySet<string>): number | undefined {
  const [, pid] = PARTIAL.exec(name) ?? []
  if (pid !== undefined) return Number(pid)
  const [, of = ''] = NOTE.exec(name) ?? []
  const form = parseBackupName(of)?.form
  return form === undefined || form === 'archive' || there.has(of) ? undefined : 0
}

function isRunning(pid: number): boolean {
  if (pid === 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Removes those that are dead. */
export async function removeDead(leftovers: readonly Leftover[]): Promise<void> {
  for (const { path, isDead } of leftovers) if (isDead) await rm(path, { force: true })
}
