/** What a run of the command is about: the store that is meant, and all that is defined for it. */

import { existsSync } from 'node:fs'
import { agents } from '@coffer/agents'
import { configFromEnv, type StoreConfig } from '@coffer/core'
import { agentCatalog, Catalog } from './catalog.ts'
import { CONFIG_FILES, readConfigFile } from './config-file.ts'
import { CommandError } from './failure.ts'
import { configOf, FORMS, isConfigFile } from './store-location.ts'

/** The options that say which project is meant. */
export interface ProjectChoice {
  readonly store?: string | undefined
  readonly config?: string | undefined
}

/** The store of a run, and the collections and logs that it knows. */
export interface Project {
  readonly catalog: Catalog
  /** The config file that was read, if any. */
  readonly file: string | undefined
  /** The store's config. @throws CommandError where nothing says which store is meant, or what says it is nonsense */
  storeConfig(): StoreConfig
}

/** The project before anything is read: the agent stores, and no store. */
export const NO_PROJECT: Project = {
  catalog: agentCatalog,
  file: undefined,
  storeConfig() {
    throw new CommandError(
      `which store? Say --store, set COFFER_STORE or DATABASE_URL, or write a coffer.config.json. A store is ${FORMS}`,
    )
  },
}

/**
 * Reads the project: a store that is named goes before the variable COFFER_STORE, that before the config file,
 * and that before the other variables. The definitions of a config file count whatever names the store.
 */
export async function loadProject(choice: ProjectChoice, environment: NodeJS.ProcessEnv): Promise<Project> {
  const named = choice.store ?? (environment.COFFER_STORE || undefined)
  const namedFile = named !== undefined && isConfigFile(named) ? named : undefined
  if (namedFile !== undefined && choice.store !== undefined && choice.config !== undefined) {
    throw new CommandError('--store names a config file, and --config another: say which one is meant')
  }
  const file = choice.config ?? namedFile ?? configFileHere()
  const address = namedFile === undefined ? named : undefined
  if (file === undefined) return { ...NO_PROJECT, storeConfig: () => locate(address, undefined, environment) }
  const { config, ...definitions } = await readConfigFile(file)
  refuseModuleNames(Object.entries(definitions.modules), file)
  return { catalog: new Catalog(definitions), file, storeConfig: () => locate(address, config, environment) }
}

/** The config file of this folder. Of two nobody could tell which one counts. */
function configFileHere(): string | undefined {
  const [file, ...more] = CONFIG_FILES.filter((name) => existsSync(name))
  if (more.length === 0) return file
  throw new CommandError(
    `${[file, ...more].join(' and ')} are both here: keep one (a module names the store as its default export), ` +
      'or say --config',
  )
}

function locate(
  address: string | undefined,
  config: StoreConfig | undefined,
  environment: NodeJS.ProcessEnv,
): StoreConfig {
  if (address !== undefined) return configOf(address)
  if (config !== undefined) return config
  return PLACE_VARIABLES.some((name) => environment[name])
    ? configFromEnv(environment)
    : NO_PROJECT.storeConfig()
}

/** The variables of `configFromEnv` that say where a store is; any of the others alone says nothing. */
const PLACE_VARIABLES = [
  'STATE_STORE_TYPE',
  'DATABASE_URL',
  'POSTGRES_URL',
  'DATABASE_PATH',
  'DATABASE_HOST',
  'DATABASE_NAME',
]

/** The commands use the methods of the agent stores by their names. */
function refuseModuleNames(modules: readonly (readonly [string, unknown])[], file: string): void {
  const own: Readonly<Record<string, unknown>> = agents
  const clash = modules.find(([name, module]) => Object.hasOwn(own, name) && own[name] !== module)
  if (clash === undefined) return
  throw new CommandError(
    `${file}: a module can't be named '${clash[0]}', for the agent stores have one of that name`,
  )
}
