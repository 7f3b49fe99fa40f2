/** What a file is that somebody wants restored, told by how it begins. */

import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { StoreError } from '@coffer/core'
import { BLOCK } from './tar-header.ts'

/** What can be restored: an archive, or the form of an engine. */
export type BackupForm = 'archive' | 'sqlite' | 'pg_dump'

const SIGNATURES: readonly { readonly at: number; readonly bytes: string; readonly form: BackupForm }[] = [
  { at: 257, bytes: 'ustar', form: 'archive' },
  { at: 0, bytes: 'SQLite format 3\0', form: 'sqlite' },
  { at: 0, bytes: 'PGDMP', form: 'pg_dump' },
]

const OTHERS: readonly { readonly bytes: string; readonly says: string }[] = [
  { bytes: '\x1f\x8b', says: 'it is compressed by gzip: expand it first, with gunzip' },
  { bytes: '\x28\xb5\x2f\xfd', says: 'it is compressed by zstd: expand it first, with zstd -d' },
  { bytes: 'PK\x03\x04', says: 'it is a ZIP file: unpack it first' },
  { bytes: '{', says: 'it looks like JSON lines: coffer import reads those' },
  { bytes: '[', says: 'it looks like JSON: coffer import reads JSON lines' },
  { bytes: '--', says: 'it looks like SQL: psql or sqlite3 runs that' },
]

/**
 * Tells what a file is.
 *
 * @throws `NOT_FOUND` where nothing is, `INVALID_ARGUMENT` for what can't be restored, with what to do
 */
export async function recognize(path: string): Promise<BackupForm> {
  const handle = await openFile(path)
  try {
    return await recognizeOpen(handle, path)
  } finally {
    await handle.close()
  }
}

/** Opens a file for reading; what is no file is told with its name. */
export async function openFile(path: string): Promise<FileHandle> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') throw cause
    throw new StoreError('NOT_FOUND', `there is no file ${path}`)
  })
  if (found.isDirectory()) {
    throw new StoreError(
      'INVALID_ARGUMENT',
      `${path} is a folder: name a backup in it; coffer backups lists them`,
    )
  }
  if (!found.isFile()) throw new StoreError('INVALID_ARGUMENT', `${path} is no file`)
  return open(path, 'r')
}

/** As `recognize`, of a file that is open. */
export async function recognizeOpen(handle: FileHandle, path: string): Promise<BackupForm> {
  const start = Buffer.alloc(BLOCK)
  const { bytesRead } = await handle.read(start, 0, BLOCK, 0)
  const name = basename(path)
  if (bytesRead === 0) throw new StoreError('INVALID_ARGUMENT', `${name} is empty, so it is no backup`)
  const text = start.subarray(0, bytesRead).toString('latin1')
  const known = SIGNATURES.find(({ at, bytes }) => text.startsWith(bytes, at))
  if (known !== undefined) return known.form
  const other = OTHERS.find(({ bytes }) => text.startsWith(bytes))
  throw new StoreError(
    'INVALID_ARGUMENT',
    `${name} is no backup of Coffer${other === undefined ? '' : `; ${other.says}`}`,
  )
}
