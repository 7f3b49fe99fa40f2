/** The opened database: a connection that writes, and one that reads beside it where there is a file. */

import { dirname } from 'node:path'
import { parseOptions, type SqliteOptions, StoreError, sqliteOptions } from '@coffer/core/backend'
import { retryWhileBusy } from './busy.ts'
import { type Connection, checkVersion, openConnection, rollback } from './connection.ts'
import { MEMORY_PATH, prepareDatabaseFile, syncDirectory } from './database-file.ts'
import { errorCode, isBusy, isForeignFile } from './error-code.ts'
import { checkLog } from './log-damage.ts'
import { reserveAt } from './reserve.ts'
import { Room } from './room.ts'
import { checkFormat, type Schema } from './stored-schema.ts'

/** The options with their defaults filled in. */
export type ResolvedOptions = ReturnType<typeof resolveOptions>

/** Checks the options and fills in their defaults. */
export function resolveOptions(options: SqliteOptions) {
  return parseOptions(sqliteOptions, options, 'sqlite')
}

/** The connections of one store. In memory both are the same. */
interface Connections {
  readonly writer: Connection
  readonly reader: Connection
}

/** An opened database. */
export interface Place extends Connections {
  /** The file, whatever the process's directory is by now; or `:memory:`. */
  readonly path: string
  /** The room on its disk, where there is one and something may be written. */
  readonly room: Room | undefined
}

/**
 * How much of the file the reader maps into memory. Measured on 150,000 rows: a page of 100 rows costs half,
 * a read by key a quarter less. A larger page cache brought less, and nothing beside it.
 */
const READER_MMAP_BYTES = 256 * 1_024 * 1_024

const SYNCHRONOUS = { power: 'FULL', process: 'NORMAL', none: 'OFF' } as const

/** Opens the database, waiting for other processes as long as the options allow. */
export async function openPlace(options: ResolvedOptions, schema: Schema): Promise<Place> {
  if (options.path === MEMORY_PATH) {
    return { ...(await connect(MEMORY_PATH, options, schema)), path: MEMORY_PATH, room: undefined }
  }
  const path = prepareDatabaseFile(options.path, options)
  if (options.readOnly) return { ...(await connect(path, options, schema)), path, room: undefined }
  const reserve = reserveAt(`${path}-reserve`)
  const connections = await connect(path, options, schema).catch((error: unknown) => {
    if (errorCode(error) !== 'NO_SPACE') throw error
    // Opening takes room for the log and its index. The rest is for removals again.
    const kept = reserve.bytes()
    reserve.resize(0)
    return connect(path, options, schema).finally(() => reserve.resize(kept))
  })
  const { reserveBytes } = options
  return {
    ...connections,
    path,
    room: new Room({ connection: connections.writer, path, reserve, reserveBytes }),
  }
}

/** Opens what the database needs, or nothing. */
async function connect(path: string, options: ResolvedOptions, schema: Schema): Promise<Connections> {
  const opened: Connection[] = []
  const open = async () => {
    const connection = openConnection(path, options)
    opened.push(connection)
    await whenFree(() => setUp(connection, options, schema), options.busyTimeoutMs)
    return connection
  }
  try {
    // Without a sync for each commit, a power cut may take any part of the log and leave what comes behind.
    if (path !== MEMORY_PATH && options.durability === 'power') {
      await whenFree(() => checkLog(path), options.busyTimeoutMs)
    }
    const writer = await open()
    if (path === MEMORY_PATH) return { writer, reader: writer }
    const reader = await open()
    reader.execute(`PRAGMA mmap_size = ${READER_MMAP_BYTES}`)
    // SQLite does this with its first sync, and passes over a failure.
    if (!options.readOnly && options.durability === 'power') syncDirectory(dirname(path))
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

/**
 * Opens a connection that stays at one state of the database, whatever is written beside it: in a read transaction
 * of a file, and in a copy of what is in memory. The latter to be called between two transactions.
 */
export async function openSnapshot(
  { path, writer }: Place,
  options: ResolvedOptions,
  schema: Schema,
): Promise<Connection> {
  const source = path === MEMORY_PATH ? writer.bytes() : path
  const connection = openConnection(source, { readOnly: true })
  try {
    const begin = () => {
      rollback(connection)
      setUp(connection, { ...options, readOnly: true }, schema)
      connection.run('BEGIN', [])
      // The state is settled by the first read.
      connection.get('SELECT 1 FROM sqlite_schema', [])
    }
    await whenFree(begin, options.busyTimeoutMs)
    return connection
  } catch (error) {
    connection.close()
    throw error
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
  // To the end of its rows: the driver says nothing of a commit that fails behind the first.
  const [row] = connection.all('PRAGMA journal_mode = WAL', [])
  if (row?.[0] !== 'wal') {
    throw new StoreError('UNSUPPORTED', 'the file system can not hold an SQLite database in WAL mode', {
      backend: 'sqlite',
    })
  }
  // SQLite would write the log back by itself, and pass over every failure of it.
  connection.execute('PRAGMA wal_autocheckpoint = 0')
}

/** Closes both connections; the last one writes the log back into the database. */
export function closePlace({ writer, reader }: Place, readOnly: boolean): void {
  if (reader !== writer) reader.close()
  try {
    if (!readOnly && writer.finalFailure === undefined) writer.execute('PRAGMA optimize')
  } catch {
    // Statistics for the planner: whoever holds the lock, or closes next, gathers them.
  }
  writer.close()
}
