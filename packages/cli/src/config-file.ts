/** Config files: a store's config in JSON, or a module that may define collections, logs and modules as well. */

import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { CollectionDefinition, LogDefinition, Modules, StoreConfig } from '@coffer/core'
import type { Definitions } from './catalog.ts'
import { CommandError } from './failure.ts'

/** The names that are looked for in the working directory, in this order. */
export const CONFIG_FILES = [
  'coffer.config.json',
  'coffer.config.ts',
  'coffer.config.js',
  'coffer.config.mjs',
] as const

/** What a config file holds. */
export interface ConfigFile extends Definitions {
  /** Where the store is, where the file says so. Paths in it are seen from the working directory. */
  readonly config: StoreConfig | undefined
}

/** Reads a config file: the config itself in JSON, the exports of a module. */
export async function readConfigFile(file: string): Promise<ConfigFile> {
  if (!existsSync(file)) throw new CommandError(`there is no config file ${file}`)
  if (file.endsWith('.json')) {
    return { config: configIn(readJson(file), file), collections: [], logs: [], modules: {} }
  }
  const exported = await readModule(file)
  const found: ConfigFile = {
    config: exported.default === undefined ? undefined : configIn(exported.default, file),
    collections: manyOf<CollectionDefinition>(exported.collections, isCollection, {
      file,
      name: 'collections',
      maker: 'defineCollection',
    }),
    logs: manyOf<LogDefinition>(exported.logs, isLog, { file, name: 'logs', maker: 'defineLog' }),
    modules: modulesOf(exported.modules, file),
  }
  if (['default', 'collections', 'logs', 'modules'].some((name) => exported[name] !== undefined)) return found
  throw new CommandError(
    `${file} must export a store's config as its default, or its own collections, logs or modules by these names`,
  )
}

function configIn(config: unknown, file: string): StoreConfig {
  if (typeof config === 'object' && config !== null) return config as StoreConfig
  throw new CommandError(
    `${file} must hold a store's config, such as { "type": "sqlite", "path": "agents.db" }`,
  )
}

function readJson(file: string): unknown {
  const text = readFileSync(file, 'utf8')
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    // The parser's own message quotes the file, which may hold a password.
    throw new CommandError(`${file} is not valid JSON`)
  }
}

async function readModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(pathToFileURL(resolve(file)).href)
  } catch (error) {
    const code = (error as { code?: unknown }).code
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && file.endsWith('ts')) {
      throw new CommandError(
        `${file} is TypeScript, which Node ${process.versions.node} does not read by itself: ` +
          'take Node 22.18 or newer, or write coffer.config.js',
      )
    }
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new CommandError(`${file} can't be loaded: ${reason}`)
  }
}

/** Where something stands in a config file, and what makes one. */
interface ExportPlace {
  readonly file: string
  readonly name: string
  readonly maker: string
}

function manyOf<T>(
  exported: unknown,
  isOne: (value: unknown) => boolean,
  { file, name, maker }: ExportPlace,
): T[] {
  if (exported === undefined) return []
  if (Array.isArray(exported) && exported.every(isOne)) return exported
  throw new CommandError(`${file}: '${name}' must be an array of what ${maker} answers`)
}

function modulesOf(exported: unknown, file: string): Modules {
  if (exported === undefined) return {}
  const isModules =
    typeof exported === 'object' &&
    exported !== null &&
    Object.values(exported).every((each) => typeof each?.methods === 'function' && isModule(each))
  if (isModules) return exported as Modules
  throw new CommandError(
    `${file}: 'modules' must be modules by name, as createStore takes them: { name: defineModule(…) }`,
  )
}

function isModule({ collections, logs }: { collections?: unknown; logs?: unknown }): boolean {
  return (
    Array.isArray(collections) && collections.every(isCollection) && Array.isArray(logs) && logs.every(isLog)
  )
}

function isCollection(value: unknown): boolean {
  const { layout, schema } = Object(value) as Partial<CollectionDefinition>
  return typeof layout === 'object' && typeof schema === 'object'
}

function isLog(value: unknown): boolean {
  const { entries, heads, chain } = Object(value) as Partial<LogDefinition>
  return isCollection(entries) && isCollection(heads) && typeof chain === 'object'
}
