/**
 * A copy of the database as a database file. SQLite's backup copies pages in steps between which the event loop goes
 * on; it reads a snapshot, so that writers neither wait for it nor make it begin again. `VACUUM INTO` would leave out
 * free pages, and block the thread until it is done.
 */

import { closeSync, fsyncSync, lstatSync, openSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { nativeCode, StoreError } from '@coffer/core/backend'
import { type Connection, openConnection } from './connection.ts'
import { syncDirectory } from './database-file.ts'

/**
 * Copies what the connection sees into a new private file. Nothing stays of a copy that fails.
 *
 * @throws `INVALID_ARGUMENT` for a path that can't be a file; `ALREADY_EXISTS` where anything is at the path;
 *   `ABORTED` between two steps
 */
export async function copyDatabase(
  connection: Connection,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (path === '' || path.trim() !== path || path.includes('\0')) {
    throw refusal(
      'INVALID_ARGUMENT',
      'the path of the copy is empty, begins or ends with a space, or holds NUL',
    )
  }
  const target = resolve(path)
  if (lstatSync(dirname(target), { throwIfNoEntry: false }) === undefined) {
    throw refusal('INVALID_ARGUMENT', `the directory of the copy does not exist: ${dirname(target)}`)
  }
  const sidecars = ['-journal', '-wal', '-shm'].map((end) => `${target}${end}`)
  // SQLite would take a journal that is left there for the copy's.
  const left = sidecars.find((sidecar) => lstatSync(sidecar, { throwIfNoEntry: false }) !== undefined)
  if (left !== undefined) throw isThere(left)
  makeEmpty(target)
  try {
    await connection.copyTo(target, () => {
      if (signal?.aborted) throw refusal('ABORTED', 'the copy was stopped as asked')
    })
    leaveLog(target)
    syncFile(target)
    syncDirectory(dirname(target))
  } catch (error) {
    for (const file of [target, ...sidecars]) rmSync(file, { force: true })
    throw error
  }
}

/** Neither a file nor a symbolic link may be there: `wx` follows none. */
function makeEmpty(target: string): void {
  try {
    closeSync(openSync(target, 'wx', 0o600))
  } catch (error) {
    throw nativeCode(error) === 'EEXIST' ? isThere(target) : error
  }
}

/** Whoever reads a database in WAL mode makes files beside it, and a folder of backups may be for reading only. */
function leaveLog(target: string): void {
  const copy = openConnection(target, { readOnly: false })
  try {
    copy.all('PRAGMA journal_mode = DELETE', [])
  } finally {
    copy.close()
  }
}

/** The copy is closed by SQLite, so no lock of it is lost. */
function syncFile(target: string): void {
  const file = openSync(target, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function isThere(path: string): StoreError {
  return refusal('ALREADY_EXISTS', `${path} is there already: name a path where nothing is`)
}

function refusal(code: 'ABORTED' | 'ALREADY_EXISTS' | 'INVALID_ARGUMENT', message: string): StoreError {
  return new StoreError(code, message, { backend: 'sqlite' })
}
