/** From what `--store` says to a store's config. */

import { existsSync, statSync } from 'node:fs'
import { configOfAddress, type PostgresOptions, type StoreConfig } from '@coffer/core'
import { CommandError } from './failure.ts'

/** How a store may be named, for messages. */
export const FORMS = 'sqlite:./agents.db, file:./data, postgresql://…, memory:, or a config file'

/** True where `--store` names a config file, and no store by itself. */
export function isConfigFile(location: string): boolean {
  if (/^(?:memory:?$|sqlite:|file:|postgres(?:ql)?:)/.test(location) || isDirectory(location)) return false
  return /\.(json|[cm]?[jt]s)$/.test(location)
}

/** The config of a store that is named by an address, by its path or by its kind. */
export function configOf(location: string): StoreConfig {
  const config = configOfAddress(location)
  if (config !== undefined) return config
  // What is wrong with it is told when the store is made.
  if (/^postgres(ql)?:/.test(location)) return { type: 'postgresql', connectionString: location }
  if (/^(?:sqlite|file):(?:\/\/)?$/.test(location)) {
    throw new CommandError(`--store '${location}' needs a path behind it: ${location}./agents`)
  }
  if (/\.(db|sqlite|sqlite3)$/.test(location)) return { type: 'sqlite', path: location }
  if (isDirectory(location)) return { type: 'file', basePath: location }
  // An address may hold a password, in more places than can be told.
  const shown = location.replace(/^([a-z][a-z0-9+.-]*:(?:\/\/)?).*$/is, '$1…')
  throw new CommandError(`'${shown}' names no store: a store is ${FORMS}`)
}

/** The config for a command that only reads: it must not make a store that is not there. */
export function forReading(config: StoreConfig): StoreConfig {
  refuseMissing(config)
  if (!('type' in config)) return config
  if (config.type === 'sqlite') return config.path === ':memory:' ? config : { ...config, readOnly: true }
  if (config.type === 'file' || config.type === 'postgresql') return { ...config, readOnly: true }
  return config
}

/** The config for a command that changes tables, whatever the config says of that. */
export function forMigrating(config: StoreConfig): StoreConfig {
  return 'migrate' in config && config.migrate === 'verify' ? { ...config, migrate: 'auto' } : config
}

/** How a store is shown to people: never with a password, nor with parameters, which may hold one. */
export function nameOf(config: StoreConfig): string {
  if (!('type' in config)) return config.backend.name
  if (config.type === 'sqlite') return `sqlite:${config.path}`
  if (config.type === 'file') return `file:${config.basePath}`
  if (config.type !== 'postgresql') return config.type === 'memory' ? 'memory:' : String(config.type)
  const { connectionString, host, port, database, schema } = config as PostgresOptions
  const [, place] = /^postgres(?:ql)?:\/\/(?:[^/?#]*@)?([^?#@]*)(?:[?#]|$)/.exec(connectionString ?? '') ?? []
  const at = place ?? `${host ?? ''}${port === undefined ? '' : `:${port}`}/${database ?? ''}`
  return `postgresql://${at}${schema === undefined ? '' : `?schema=${schema}`}`
}

/**
 * Refuses a file or a directory that is not there; what another backend has is told when it is opened. A config
 * file may lack the path, or say something else in its place: that is told when the store is made.
 */
export function refuseMissing(config: StoreConfig): void {
  const path = pathIn(config)
  if (typeof path !== 'string' || path === '' || path === ':memory:' || existsSync(path)) return
  throw new CommandError(`no such store: ${path}; coffer init makes one`)
}

/** Refuses what nothing can be in, to a command that needs something in it. */
export function refuseMemory(config: StoreConfig): void {
  if (!('type' in config) || config.type !== 'memory') return
  throw new CommandError(`memory: is gone when a command ends, so nothing is in it: name a store that stays`)
}

function pathIn(config: StoreConfig): unknown {
  if (!('type' in config)) return undefined
  if (config.type === 'sqlite') return config.path
  return config.type === 'file' ? config.basePath : undefined
}

function isDirectory(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory()
}
