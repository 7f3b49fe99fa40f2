/** The opened database: a connection that writes, and one that reads beside it where there is a file. */

import { parseOptions, type SqliteOptions, StoreError, sqliteOptions } from '@coffer/core/backend'
import { retryWhileBusy } from './busy.ts'
import { type Connection, checkVersion, openConnection } from './connection.ts'
import { MEMORY_PATH, prepareDatabaseFile } from './database-file.ts'
import { isBusy, isForeignFile } from './error-code.ts'
import { checkFormat, type Schema } from './schema.ts'

/** The options with their defaults filled in. */
export type ResolvedOptions = ReturnType<typeof resolveOptions>

/** Checks the options and fills in their defaults. */
export function resolveOptions(options: SqliteOptions) {
  return parseOptions(sqliteOptions, options, 'sqlite')
}

/** The connections of one store. In memory both are the same. */
export interface Place {
  readonly writer: Connection
  readonly reader: Connection
}

/**
 * How much of the file the reader maps into memory. Measured on 150,000 rows: a page of 100 rows costs half,
 * a read by key a quarter less. A larger page cache brought less, and nothing beside it.
 */
const READER_MMAP_BYTES = 256 * 1_024 * 1_024

const SYNCHRONOUS = { power: 'FULL', process: 'NORMAL', none: 'OFF' } as const

/** Opens the database, waiting for other processes as long as the options allow. */
export async function openPlace(options: ResolvedOptions, schema: Schema): Promise<Place> {
  const isMemory = options.path === MEMORY_PATH
  const path = isMemory ? MEMORY_PATH : prepareDatabaseFile(options.path, options.readOnly)
  const opened: Connection[] = []
  const open = async () => {
    const connection = openConnection(path, options)
    opened.push(connection)
    await whenFree(() => setUp(connection, options, schema), options.busyTimeoutMs)
    return connection
  }
  try {
    const writer = await open()
    if (isMemory) return { writer, reader: writer }
    const reader = await open()
    reader.execute(`PRAGMA mmap_size = ${READER_MMAP_BYTES}`)
    return { writer, reader }
  } catch (error) {
    for (const connection of opened) connection.close()
    if (!isForeignFile(error)) throw error
    throw new StoreError('CORRUPT', `${path} is not an SQLite database; name another file`, {
      backend: 'sqlite',
      cause: error,
    })
  }
}

/** Attempts at once, and again while another process is in the way. */
export async function whenFree<T>(attempt: () => T, timeoutMs: number): Promise<T> {
  try {
    return attempt()
  } catch (error) {
    if (!isBusy(error)) throw error
  }
  return retryWhileBusy(attempt, timeoutMs)
}

/** A file of a newer format is told before anything in it is changed. May be repeated. */
function setUp(connection: Connection, options: ResolvedOptions, schema: Schema): void {
  checkVersion(connection)
  checkFormat(connection, schema)
  if (!options.readOnly && options.path !== MEMORY_PATH) useLog(connection)
  connection.execute(`PRAGMA synchronous = ${SYNCHRONOUS[options.durability]}`)
  connection.execute('PRAGMA recursive_triggers = ON')
  connection.execute('PRAGMA temp_store = MEMORY')
}

function useLog(connection: Connection): void {
  const mode = connection.get('PRAGMA journal_mode = WAL', [])?.[0]
  if (mode === 'wal') return
  throw new StoreError('UNSUPPORTED', 'the file system can not hold an SQLite database in WAL mode', {
    backend: 'sqlite',
  })
}

/** Closes both connections; the last one writes the log back into the database. */
export function closePlace({ writer, reader }: Place, readOnly: boolean): void {
  if (reader !== writer) reader.close()
  try {
    if (!readOnly) writer.execute('PRAGMA optimize')
  } catch {
    // Statistics for the planner: whoever holds the lock, or closes next, gathers them.
  }
  writer.close()
}
