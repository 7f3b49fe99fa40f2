/** Removes old backups. */

import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StoreError } from '@coffer/core'
import { throwIfAborted } from './abort.ts'
import { type Leftover, listLeftovers, removeDead } from './leftovers.ts'
import { type ListedBackup, listBackups } from './list-backups.ts'
import { notePath } from './native-backup.ts'
import { syncFolder } from './private-file.ts'
import { provenBackup } from './prove-backup.ts'

/** What `rotateBackups` takes; `keep`, `olderThanMs` or both. */
export interface RotateOptions {
  /** So many of the newest good ones stay, from 1. */
  readonly keep?: number
  /** What is younger stays, in milliseconds. */
  readonly olderThanMs?: number
  /**
   * Reads all of every backup that is to stay, before any other is removed: only those that are proven count. Default:
   * false, which takes them as `listBackups` does.
   */
  readonly prove?: boolean
  /** Only tells what would be removed. */
  readonly dryRun?: boolean
  /** The present instant in milliseconds since 1970. Default: the system's. */
  readonly now?: number
  /** Stops it before anything is removed. */
  readonly signal?: AbortSignal
}

/** What a rotation did. */
export interface Rotation {
  /** What was removed, or would be; the newest first. */
  readonly removed: readonly ListedBackup[]
  /** What stays; with `prove` in the state that reading all of it has shown. */
  readonly kept: readonly ListedBackup[]
  /** Those of `kept` that say they were made later than now: some clock is or was wrong. */
  readonly ahead: readonly ListedBackup[]
  /** What killed backups have left, and was removed, or would be. */
  readonly leftovers: readonly Leftover[]
}

/** Clocks of two machines differ by less. */
const MAX_AHEAD_MS = 300_000

/**
 * Removes backups that none of the rules keeps: with `keep` alone all behind the newest, with `olderThanMs` alone all
 * that are as old, with both what is behind and as old. The newest good one always stays, and so does what can't be
 * read; where none is good, all stay. A damaged one does not count as one that is kept, nor does one that is more than
 * five minutes ahead of the clock, which stays. What killed backups have left goes too; files that are no backups are
 * not touched.
 *
 * @throws `INVALID_ARGUMENT` without a rule, `NOT_FOUND` where there is no such folder, `ABORTED`
 */
export async function rotateBackups(folder: string, options: RotateOptions): Promise<Rotation> {
  checkOptions(options)
  const { dryRun = false, now = Date.now(), signal } = options
  const { removed, kept, ahead } = await sortOut(await listBackups(folder), options, now)
  const leftovers = (await listLeftovers(folder, now)).filter(({ isDead }) => isDead)
  throwIfAborted(signal)
  if (!dryRun) {
    for (const backup of removed) await remove(backup)
    await removeDead(leftovers)
  }
  return { removed, kept, ahead, leftovers }
}

function checkOptions({ keep, olderThanMs }: RotateOptions): void {
  if (keep === undefined && olderThanMs === undefined) {
    throw new StoreError('INVALID_ARGUMENT', 'rotateBackups takes keep, olderThanMs, or both')
  }
  if (keep !== undefined && !(Number.isSafeInteger(keep) && keep >= 1)) {
    throw new StoreError('INVALID_ARGUMENT', 'rotateBackups: keep is a whole number from 1')
  }
  if (olderThanMs !== undefined && !(Number.isFinite(olderThanMs) && olderThanMs >= 0)) {
    throw new StoreError('INVALID_ARGUMENT', 'rotateBackups: olderThanMs is a number of milliseconds from 0')
  }
}

async function sortOut(
  backups: readonly ListedBackup[],
  { keep, olderThanMs, prove = false, signal }: RotateOptions,
  now: number,
): Promise<Omit<Rotation, 'leftovers'>> {
  const removed: ListedBackup[] = []
  const kept: ListedBackup[] = []
  const ahead: ListedBackup[] = []
  let good = 0
  for (const listed of backups) {
    const ageMs = now - listed.createdAt.getTime()
    const isAhead = ageMs < -MAX_AHEAD_MS
    const isBehind = keep === undefined || good >= keep
    const isOld = olderThanMs === undefined || ageMs >= olderThanMs
    const staysAs = (state: ListedBackup['state']) =>
      isAhead || state === 'unreadable' || (state === 'good' && good === 0) || !isBehind || !isOld
    const backup = prove && staysAs(listed.state) ? await provenBackup(listed, signal && { signal }) : listed
    const stays = staysAs(backup.state)
    const list = stays ? kept : removed
    list.push(backup)
    if (isAhead) ahead.push(backup)
    else if (backup.state === 'good' && stays) good++
  }
  if (good > 0) return { removed, kept, ahead }
  return { removed: [], kept: backups.map((each) => foundOf(each, [...kept, ...removed])), ahead }
}

/** The backup as it was found to be. */
function foundOf({ name }: ListedBackup, found: readonly ListedBackup[]): ListedBackup {
  return found.find((each) => each.name === name) as ListedBackup
}

async function remove({ path, format }: ListedBackup): Promise<void> {
  await rm(path, { force: true })
  if (format !== 'archive') await rm(notePath(path), { force: true })
  await syncFolder(dirname(path))
}
