/** Removes old backups. */

import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StoreError } from '@coffer/core'
import { type ListedBackup, listBackups } from './list-backups.ts'
import { notePath } from './native-backup.ts'
import { syncFolder } from './private-file.ts'

/** What `rotateBackups` takes; `keep`, `olderThanMs` or both. */
export interface RotateOptions {
  /** So many of the newest good ones stay, from 1. */
  readonly keep?: number
  /** What is younger stays, in milliseconds. */
  readonly olderThanMs?: number
  /** Only tells what would be removed. */
  readonly dryRun?: boolean
  /** The present instant in milliseconds since 1970. Default: the system's. */
  readonly now?: number
}

/** What a rotation did. */
export interface Rotation {
  /** What was removed, or would be; the newest first. */
  readonly removed: readonly ListedBackup[]
  readonly kept: readonly ListedBackup[]
}

/**
 * Removes backups that none of the rules keeps: with `keep` alone all behind the newest, with `olderThanMs` alone all
 * that are as old, with both what is behind and as old. The newest good one always stays, and so does what this release
 * can't read. A damaged one does not count as one that is kept, and files that are no backups are not touched.
 *
 * @throws `INVALID_ARGUMENT` without a rule, `NOT_FOUND` where there is no such folder
 */
export async function rotateBackups(folder: string, options: RotateOptions): Promise<Rotation> {
  const { keep, olderThanMs, dryRun = false, now = Date.now() } = options
  if (keep === undefined && olderThanMs === undefined) {
    throw new StoreError('INVALID_ARGUMENT', 'rotateBackups takes keep, olderThanMs, or both')
  }
  if (keep !== undefined && !(Number.isSafeInteger(keep) && keep >= 1)) {
    throw new StoreError('INVALID_ARGUMENT', 'rotateBackups: keep is a whole number from 1')
  }
  if (olderThanMs !== undefined && !(Number.isFinite(olderThanMs) && olderThanMs >= 0)) {
    throw new StoreError('INVALID_ARGUMENT', 'rotateBackups: olderThanMs is a number of milliseconds from 0')
  }
  const removed: ListedBackup[] = []
  const kept: ListedBackup[] = []
  let good = 0
  for (const listed of await listBackups(folder)) {
    const isBehind = keep === undefined || good >= keep
    const isOld = olderThanMs === undefined || now - listed.createdAt.getTime() >= olderThanMs
    const isGood = listed.state === 'good'
    const isNeeded = (isGood && good === 0) || listed.state === 'unreadable'
    const stays = isNeeded || !isBehind || !isOld
    if (isGood) good++
    const list = stays ? kept : removed
    list.push(listed)
  }
  if (!dryRun) for (const { path } of removed) await remove(path)
  return { removed, kept }
}

async function remove(path: string): Promise<void> {
  await rm(path, { force: true })
  await rm(notePath(path), { force: true })
  await syncFolder(dirname(path))
}
