/** From what `--store` says to a store's config. */

import { existsSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { StoreConfig } from '@coffer/core'
import { CommandError, EXIT } from './failure.ts'

const CONFIG_FILES = ['coffer.config.json', 'coffer.config.ts', 'coffer.config.js', 'coffer.config.mjs']

const FORMS = 'sqlite:./agents.db, file:./data, postgresql://…, memory:, or a config file'

/** The config of the store that a command is for: `--store`, else COFFER_STORE, else a config file here. */
export async function findStore(
  location: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<StoreConfig> {
  const named = location ?? environment.COFFER_STORE
  if (named !== undefined && named !== '') return configOf(named)
  const file = CONFIG_FILES.find((name) => existsSync(name))
  if (file !== undefined) return readConfig(file)
  throw new CommandError(
    `which store? Say --store, set COFFER_STORE, or write a coffer.config.json. A store is ${FORMS}`,
  )
}

/** The config for a command that only reads: it must not make a store that is not there. */
export function forReading(config: StoreConfig): StoreConfig {
  if (!('type' in config)) return config
  if (config.type === 'sqlite') {
    if (config.path === ':memory:') return config
    refuseMissing(config.path)
    return { ...config, readOnly: true }
  }
  if (config.type === 'file') {
    refuseMissing(config.basePath)
    return { ...config, readOnly: true }
  }
  if (config.type === 'postgresql') return { ...config, readOnly: true }
  return config
}

/** A config file may lack the path, or say something else in its place: that is told when the store is made. */
export function refuseMissing(path: unknown): void {
  if (typeof path !== 'string' || path === '' || existsSync(path)) return
  throw new CommandError(`no such store: ${path}; coffer import makes one`)
}

async function configOf(location: string): Promise<StoreConfig> {
  if (/^memory:?$/.test(location)) return { type: 'memory' }
  if (location.startsWith('sqlite:')) return { type: 'sqlite', path: pathOf(location, 'sqlite:') }
  if (location.startsWith('file:')) return { type: 'file', basePath: pathOf(location, 'file:') }
  if (/^postgres(ql)?:/.test(location)) return postgresConfig(location)
  if (/\.(db|sqlite|sqlite3)$/.test(location)) return { type: 'sqlite', path: location }
  if (isDirectory(location)) return { type: 'file', basePath: location }
  if (/\.(json|[cm]?[jt]s)$/.test(location)) return readConfig(location)
  // An address may hold a password, in more places than can be told.
  const shown = location.replace(/:\/\/.*$/s, '://…')
  throw new CommandError(`--store does not know '${shown}'; it takes ${FORMS}`)
}

function isDirectory(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory()
}

/** `?schema=name` is Coffer's and names the schema; all else in the address is the driver's, to the byte. */
function postgresConfig(address: string): StoreConfig {
  const at = address.indexOf('?')
  if (at < 0) return { type: 'postgresql', connectionString: address }
  const parameters = address.slice(at + 1).split('&')
  const rest = parameters.filter((each) => !isSchema(each))
  const schema = parameters.filter(isSchema).map((each) => new URLSearchParams(each).get('schema') ?? '')
  return {
    type: 'postgresql',
    connectionString: address.slice(0, at) + (rest.length === 0 ? '' : `?${rest.join('&')}`),
    // Of two the last counts, as for the driver.
    ...(schema.length > 0 && { schema: schema.at(-1) }),
  }
}

function isSchema(parameter: string): boolean {
  return /^schema(?:=|$)/.test(parameter)
}

function pathOf(location: string, scheme: string): string {
  const path = location.slice(scheme.length).replace(/^\/\/(?=\/|\.)/, '')
  if (path === '') throw new CommandError(`--store '${scheme}' needs a path behind it: ${scheme}./agents`)
  return path
}

/** Reads a config file: the config itself in JSON, the default export of a module. Paths in it are seen from here. */
async function readConfig(file: string): Promise<StoreConfig> {
  if (!existsSync(file)) throw new CommandError(`there is no config file ${file}`)
  const config = file.endsWith('.json') ? readJson(file) : await readModule(file)
  if (typeof config === 'object' && config !== null) return config as StoreConfig
  throw new CommandError(
    `${file} must hold a store's config, such as { "type": "sqlite", "path": "agents.db" }`,
  )
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // The parser's own message quotes the file, which may hold a password.
    throw new CommandError(`${file} is not valid JSON`)
  }
}

async function readModule(file: string): Promise<unknown> {
  let loaded: unknown
  try {
    loaded = await import(pathToFileURL(resolve(file)).href)
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new CommandError(`${file} can't be loaded: ${reason}`, EXIT.usage)
  }
  return (loaded as { default?: unknown }).default
}
