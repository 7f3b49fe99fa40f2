/** What backups a folder has. */

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isStoreError, StoreError } from '@coffer/core'
import { parseBackupName } from './backup-name.ts'
import { readNote } from './native-backup.ts'
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
   * From its frame, or the note beside it; contents are not read. `unreadable` is what only another release of Coffer
   * or of Node reads.
   */
  readonly state: 'good' | 'damaged' | 'unreadable'
  /** What is wrong with it, where it is not good. */
  readonly problem: string | undefined
}

const FORMS: Readonly<Record<string, BackupForm>> = { tar: 'archive', sqlite: 'sqlite', pgdump: 'pg_dump' }

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
    const path = join(folder, file.name)
    const size = await sizeOf(path)
    if (size === undefined) continue
    const format = FORMS[parsed.extension] as BackupForm
    const common = { name: file.name, path, createdAt: parsed.createdAt, bytes: size, format }
    found.push({ listed: await listed(common), place: parsed.place })
  }
  return found
    .sort(
      (left, right) =>
        right.listed.createdAt.getTime() - left.listed.createdAt.getTime() || right.place - left.place,
    )
    .map((each) => each.listed)
}

/** Another process may remove what was just listed. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

type Common = Pick<ListedBackup, 'name' | 'path' | 'createdAt' | 'bytes' | 'format'>

async function listed(common: Common): Promise<ListedBackup> {
  const unknown = { rows: undefined, collections: undefined, state: 'good', problem: undefined } as const
  const damaged = (problem: string) => ({ ...common, ...unknown, state: 'damaged', problem }) as const
  try {
    if (common.format === 'archive') {
      const { createdAt, rows, layouts } = await readManifest(common.path)
      const collections = layouts.filter((layout) => layout.rows > 0).length
      return { ...common, ...unknown, createdAt, rows, collections }
    }
    const note = await readNote(common.path)
    if (note === undefined) return damaged('the file beside it that tells its hash is missing')
    if (note.bytes !== common.bytes) return damaged('it is not as long as it was')
    return { ...common, ...unknown, createdAt: new Date(note.createdAt) }
  } catch (error) {
    if (!isStoreError(error)) throw error
    const { code, message } = error
    return code === 'UNSUPPORTED'
      ? { ...common, ...unknown, state: 'unreadable', problem: message }
      : damaged(message)
  }
}
