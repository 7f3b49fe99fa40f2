/**
 * The place of a database file. A missing file is made here, empty and private, before SQLite opens it:
 * SQLite gives the files beside a database the mode of the database. A file that exists is never opened
 * outside SQLite, for closing any descriptor of it drops the locks that SQLite holds in this process.
 */

import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  type Stats,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { StoreError } from '@coffer/core/backend'
import type { ResolvedOptions } from './place.ts'

/** The path of a database that lives in memory. */
export const MEMORY_PATH = ':memory:'

/**
 * Checks the path, makes the file if it is missing, and answers the path as SQLite may be given it.
 *
 * @throws `INVALID_ARGUMENT` for a path that can't be a file, `NOT_FOUND` when a file to be read is missing,
 *   `UNSUPPORTED` when it is missing and may not be made, `PERMISSION_DENIED` for a symbolic link and for what may not be written; errors of the file system as they are
 */
export function prepareDatabaseFile(
  path: string,
  { readOnly, migrate }: Pick<ResolvedOptions, 'readOnly' | 'migrate'>,
): string {
  const { absolute, entry } = lookedUp(path)
  if (entry === undefined && readOnly) {
    throw failure('NOT_FOUND', `there is no database to read at ${absolute}`)
  }
  if (entry === undefined && migrate === 'verify') {
    throw failure(
      'UNSUPPORTED',
      `there is no database at ${absolute}, and migrate: 'verify' makes none: open it once with migrate: 'auto'`,
    )
  }
  if (entry === undefined) createPrivately(absolute)
  else if (!readOnly) checkWritable(absolute)
  return absolute
}

/** Whether a file is there that has anything in it. @throws as `prepareDatabaseFile`, and makes nothing */
export function isDatabaseFile(path: string): boolean {
  return (lookedUp(path).entry?.size ?? 0) > 0
}

function lookedUp(path: string): { readonly absolute: string; readonly entry: Stats | undefined } {
  // The driver trims names and reads `file:` as a URI; an absolute path can't be one.
  if (path.trim() !== path || path.includes('\0')) {
    throw failure('INVALID_ARGUMENT', 'the path of the database begins or ends with a space, or holds NUL')
  }
  const absolute = resolve(path)
  if (!existsSync(dirname(absolute))) {
    throw failure('INVALID_ARGUMENT', `the directory of the database does not exist: ${dirname(absolute)}`)
  }
  const entry = lstatSync(absolute, { throwIfNoEntry: false })
  if (entry?.isDirectory()) {
    throw failure('INVALID_ARGUMENT', `the path of the database is a directory: ${absolute}`)
  }
  if (entry?.isSymbolicLink()) {
    throw failure(
      'PERMISSION_DENIED',
      `the path of the database is a symbolic link: ${absolute}; name the file itself`,
    )
  }
  if (entry !== undefined && !entry.isFile()) {
    throw failure('INVALID_ARGUMENT', `the path of the database is not a regular file: ${absolute}`)
  }
  return { absolute, entry }
}

/** SQLite opens what it may not write for reading, and a write fails much later. */
function checkWritable(path: string): void {
  const directory = dirname(path)
  if (!isWritable(path)) throw failure('PERMISSION_DENIED', `${path} may not be written by this process`)
  if (isWritable(directory)) return
  throw failure(
    'PERMISSION_DENIED',
    `the directory of the database may not be written by this process, and SQLite keeps files there: ${directory}`,
  )
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') return false
    throw error
  }
}

/** Makes an empty file that only its owner may read, unless one turns up meanwhile. */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    if (!isThere) throw error
  }
}

/**
 * Makes the names of new files durable. File systems that can't do this for a directory need not.
 *
 * @throws the error of the file system when it failed
 */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } catch (error) {
    if (!isUnsupported(error)) throw error
  } finally {
    closeSync(descriptor)
  }
}

function isUnsupported(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EINVAL' || error.code === 'ENOTSUP')
}

function failure(
  code: 'INVALID_ARGUMENT' | 'NOT_FOUND' | 'PERMISSION_DENIED' | 'UNSUPPORTED',
  message: string,
): StoreError {
  return new StoreError(code, message, { backend: 'sqlite' })
}
