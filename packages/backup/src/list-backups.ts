/** What backups a folder has. */

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isStoreError, StoreError } from '@coffer/core'
import { nativeCode } from '@coffer/core/backend'
import { parseBackupName } from './backup-name.ts'
import { NO_NOTE, readNote } from './native-backup.ts'
import type { BackupForm } from './recognize.ts'
import { readManifest } from './verify-archive.ts'

/** A backup in a folder. */
export interface ListedBackup {
  readonly name: string
  readonly path: string
  /** From the backup itself; from its name where it is damaged. */
  readonly createdAt: Date
  readonly bytes: number
  readonly format: BackupForm
  /** Rows in whatever state, of all tenants; `undefined` for native and for damaged ones. */
  readonly rows: number | undefined
  /** Collections, logs and what belongs to them, without those that are empty; `undefined` as `rows`. */
  readonly collections: number | undefined
  /**
   * From its frame, or the note beside it; contents are not read. `unproven` is a native one without a note: it may be
   * restored, but nobody can tell whether it is as it was. `unreadable` is what only another release of Coffer or of
   * Node reads, and what the system does not let be read.
   */
  readonly state: 'good' | 'damaged' | 'unproven' | 'unreadable'
  /** What is wrong with it, where it is not good. */
  readonly problem: string | undefined
}

/**
 * The backups in a folder, the newest first. Files that are not called as `backup` calls its own are passed over.
 *
 * @throws `NOT_FOUND` where there is no such folder
 */
export async function listBackups(folder: string): Promise<readonly ListedBackup[]> {
  const files = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') throw cause
    throw new StoreError('NOT_FOUND', `there is no folder ${folder}`)
  })
  const found: { readonly listed: ListedBackup; readonly place: number }[] = []
  for (const file of files) {
    const parsed = parseBackupName(file.name)
    if (!file.isFile() || parsed === undefined) continue
    const { createdAt, place, form } = parsed
    const named = { name: file.name, path: join(folder, file.name), createdAt, format: form }
    const backup = await listed(named)
    if (backup !== undefined) found.push({ listed: backup, place })
  }
  return found
    .sort(
      (left, right) =>
        right.listed.createdAt.getTime() - left.listed.createdAt.getTime() || right.place - left.place,
    )
    .map((each) => each.listed)
}

type Named = Pick<ListedBackup, 'name' | 'path' | 'createdAt' | 'format'>

/** What is told of a backup; `undefined` where another process has removed it meanwhile. */
async function listed(named: Named): Promise<ListedBackup | undefined> {
  const common = { ...named, bytes: 0, rows: undefined, collections: undefined, problem: undefined }
  try {
    common.bytes = (await stat(named.path)).size
    return named.format === 'archive' ? await listedArchive(common) : await listedNative(common)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || isStoreError(error, 'NOT_FOUND')) return undefined
    return { ...common, ...problemOf(error) }
  }
}

type Common = Omit<ListedBackup, 'state'>

async function listedArchive(common: Common): Promise<ListedBackup> {
  const { createdAt, rows, layouts } = await readManifest(common.path)
  const collections = layouts.filter((layout) => layout.rows > 0).length
  return { ...common, createdAt, rows, collections, state: 'good' }
}

async function listedNative(common: Common): Promise<ListedBackup> {
  const note = await readNote(common.path)
  if (note === undefined) return { ...common, state: 'unproven', problem: NO_NOTE }
  if (note.bytes !== common.bytes)
    return { ...common, state: 'damaged', problem: 'it is not as long as it was' }
  return { ...common, createdAt: new Date(note.createdAt), state: 'good' }
}

/** What a failure to read a backup says of it. */
export function problemOf(error: unknown): Pick<ListedBackup, 'state' | 'problem'> {
  if (isStoreError(error)) {
    const { code, message } = error
    return { state: code === 'UNSUPPORTED' ? 'unreadable' : 'damaged', problem: message }
  }
  const code = nativeCode(error)
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) throw error
  return { state: 'unreadable', problem: `the system does not let it be read (${code})` }
}
