/** A place of its own beside a store, on the same disk or server, for work that must not touch the store. */

import { rmSync } from 'node:fs'
import type { StoreConfig } from '@coffer/core'
import { dropSchema } from '@coffer/postgres'
import { CommandError } from '../failure.ts'

/** A store's config, and how to leave nothing behind. */
export interface ScratchPlace {
  readonly config: StoreConfig
  readonly remove: () => Promise<void>
}

/** What stands beside the files of an SQLite database. */
const SQLITE_FILES = ['', '-wal', '-shm', '-journal', '-reserve']

/** The place beside the store that the config means; its name tells what it is. */
export function scratchPlace(config: StoreConfig, name: string): ScratchPlace {
  if (!('type' in config)) throw new CommandError('bench takes a store by its type, not by its backend')
  switch (config.type) {
    case 'memory':
      return { config, remove: async () => undefined }
    case 'sqlite': {
      if (config.path === ':memory:') return { config, remove: async () => undefined }
      const path = `${config.path}-${name}`
      const remove = async () => {
        for (const suffix of SQLITE_FILES) rmSync(`${path}${suffix}`, { force: true })
      }
      return { config: { ...config, path }, remove }
    }
    case 'file': {
      const basePath = `${config.basePath.replace(/\/+$/, '')}-${name}`
      return {
        config: { ...config, basePath },
        remove: async () => rmSync(basePath, { recursive: true, force: true }),
      }
    }
    case 'postgresql': {
      const schema = name.replaceAll('-', '_')
      const { type: _type, ...options } = config
      const own = Object.fromEntries(
        Object.entries(options).filter(([option]) => !STORE_OPTIONS.includes(option)),
      )
      return { config: { ...config, schema }, remove: () => dropSchema({ ...own, schema }) }
    }
    default:
      throw new CommandError(`bench knows memory, file, sqlite and postgresql, not ${String(config.type)}`)
  }
}

/** What a store takes that its backend does not. */
const STORE_OPTIONS = [
  'tenant',
  'clock',
  'maxDocumentBytes',
  'timeoutMs',
  'maxQueued',
  'maxAttempts',
  'cleanupEveryMs',
  'cache',
]
