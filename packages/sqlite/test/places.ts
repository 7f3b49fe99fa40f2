/** Places on disk, and backends that are closed when a test is over. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend, Layout, SqliteOptions } from '@coffer/core/backend'
import Database from 'better-sqlite3'
import { onTestFinished } from 'vitest'
import { sqlite } from '../src/index.ts'
import { NOTES } from './layouts.ts'

/** A directory that goes when the test is over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-sqlite-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** The path of a database that does not exist yet. */
export function temporaryPath(): string {
  return join(temporaryDirectory(), 'test.db')
}

/** An open backend that is closed when the test is over. */
export async function opened(options: SqliteOptions, layouts: readonly Layout[] = [NOTES]): Promise<Backend> {
  const backend = sqlite(options)
  onTestFinished(() => backend.close())
  await backend.open(layouts)
  return backend
}

/** A connection that goes around the backend. */
export function rawConnection(path: string): Database.Database {
  const database = new Database(path, { timeout: 0 })
  onTestFinished(() => {
    database.close()
  })
  return database
}
