/** A place of its own beside a store, on the same disk or server, for work that must not touch the store. */

import { rmSync } from 'node:fs'
import { createStore, type PostgresOptions, type StoreConfig } from '@coffer/core'
import { CommandError } from '../failure.ts'

/** A store's config, and how to leave nothing behind. */
export interface ScratchPlace {
  readonly config: StoreConfig
  /** What people find it by, should it stay behind. */
  readonly name: string
  readonly remove: () => Promise<void>
}

/** What stands beside the files of an SQLite database. */
const SQLITE_FILES = ['', '-wal', '-shm', '-journal', '-reserve']

/** In a place of its own everything may be made and written, whatever the config says of the store. */
const WRITABLE = { readOnly: false, migrate: 'auto' } as const

/**
 * The place beside the store that the config means; the place's name tells what it is.
 *
 * @throws CommandError for a store that nothing is known to be beside, `INVALID_ARGUMENT` for a config that is none
 */
export function scratchPlace(config: StoreConfig, name: string): ScratchPlace {
  if (!('type' in config)) {
    throw new CommandError(
      'bench needs a store that is named by its type, not one that is handed over as `backend`',
    )
  }
  // It is never opened, so that it holds nothing.
  createStore(config)
  switch (config.type) {
    case 'memory':
      return { config, name, remove: async () => undefined }
    case 'sqlite': {
      if (config.path === ':memory:') return { config, name, remove: async () => undefined }
      const path = `${config.path}-${name}`
      const remove = async () => {
        for (const suffix of SQLITE_FILES) rmSync(`${path}${suffix}`, { force: true })
      }
      return { config: { ...config, ...WRITABLE, path }, name: path, remove }
    }
    case 'file': {
      const basePath = `${config.basePath.replace(/[\\/]+$/, '')}-${name}`
      const remove = async () => rmSync(basePath, { recursive: true, force: true })
      return { config: { ...config, ...WRITABLE, basePath }, name: basePath, remove }
    }
    case 'postgresql': {
      const schema = name.replaceAll('-', '_')
      const remove = async () => {
        // Other places need no driver of PostgreSQL.
        const { dropSchema } = await import('@coffer/postgres')
        await dropSchema({ ...serverOf(config as PostgresOptions), schema })
      }
      return { config: { ...config, ...WRITABLE, schema }, name: `the schema ${schema}`, remove }
    }
    default:
      throw new CommandError('bench knows stores of type memory, file, sqlite and postgresql alone')
  }
}

/** Where the server is, without what a store does there. */
function serverOf(options: PostgresOptions): PostgresOptions {
  const { connectionString, host, port, database, user, password, ssl, pool } = options
  const { connectTimeoutMs, statementTimeoutMs } = options
  return {
    connectionString,
    host,
    port,
    database,
    user,
    password,
    ssl,
    pool,
    connectTimeoutMs,
    statementTimeoutMs,
  }
}
