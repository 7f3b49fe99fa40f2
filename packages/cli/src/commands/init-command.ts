/** `coffer init`: makes a store and all its tables. */

import { existsSync, writeFileSync } from 'node:fs'
import type { StoreConfig } from '@coffer/core'
import type { Command } from 'commander'
import { CONFIG_FILES } from '../config-file.ts'
import { CommandError, EXIT } from '../failure.ts'
import { counted } from '../output/numbers.ts'
import { forMigrating, nameOf } from '../store-location.ts'
import { type Context, withPlaceOptions } from './command.ts'

interface InitFlags {
  readonly store?: string
  readonly createDatabase?: true
  readonly json?: true
}

const HELP = `
Makes the tables of the agent stores, and of what the config file defines. Where
they are there already, nothing is changed: coffer migrate does that.
A store that --store names is noted in a coffer.config.json, if this folder has
no config file and the address no password.

Examples:
  coffer init --store sqlite:./agents.db
  coffer init --store file:./data
  COFFER_STORE=postgresql://me:secret@db/agents coffer init --create-database`

/** Adds the command. */
export function addInitCommand(program: Command, context: Context): void {
  const command = program
    .command('init')
    .description('make a store and all its tables')
    .option('--create-database', 'PostgreSQL: make the database too, if it is not there')
    .option('--json', 'print what was made as JSON')
    .addHelpText('after', HELP)
  withPlaceOptions(command).action(async (flags: InitFlags) => {
    context.exitCode = await init(context, flags)
  })
}

async function init(context: Context, flags: InitFlags): Promise<number> {
  const { project, terminal } = context
  const config = forMigrating(project.storeConfig())
  if ('type' in config && config.type === 'memory') {
    throw new CommandError('a store in memory is gone when the command ends: name one that stays')
  }
  const database = flags.createDatabase === true && (await makeDatabase(config))
  const made = await makeTables(context, config)
  const file = noteConfig(context, config, flags)
  const { out } = terminal
  if (flags.json === true) {
    await out.line(JSON.stringify({ store: nameOf(config), database, made, config: file ?? null }, null, 2))
    return EXIT.ok
  }
  if (database) await out.line('made the database')
  if (made.length === 0) await out.line(`${nameOf(config)} is complete: nothing to do`)
  else await out.line(out.styled('green', `made ${nameOf(config)} with ${counted(made.length, 'table')}`))
  if (file !== undefined) await out.line(`noted it in ${file}, so that commands here find it`)
  else if (flags.store !== undefined && project.file === undefined) {
    await out.line('set COFFER_STORE to its address, so that commands find it')
  }
  await out.line(out.styled('dim', 'next: coffer import runs.jsonl, or coffer status'))
  return EXIT.ok
}

async function makeDatabase(config: StoreConfig): Promise<boolean> {
  if (!('type' in config) || config.type !== 'postgresql') {
    throw new CommandError('--create-database is for PostgreSQL')
  }
  const { type: _type, ...options } = config
  // Commands for other stores need no driver of PostgreSQL.
  const { createDatabase } = await import('@coffer/postgres')
  return createDatabase(options)
}

/** Makes what is missing. @returns the names of the tables that were made */
async function makeTables({ project }: Context, config: StoreConfig): Promise<readonly string[]> {
  const store = project.catalog.createStore(config)
  try {
    const place = store.place()
    const { steps } = await place.plan()
    if (steps.some(({ change }) => change !== 'create')) {
      throw new CommandError(
        'the store is there, and its tables have another form: coffer migrate --dry-run shows what would change',
        EXIT.bad,
        'UNSUPPORTED',
      )
    }
    if (steps.length > 0) await place.migrate()
    return steps.map(({ collection }) => collection)
  } finally {
    await store.close()
  }
}

/** Writes a config file, where none is and nothing in it would be secret. */
function noteConfig({ project }: Context, config: StoreConfig, { store }: InitFlags): string | undefined {
  const isNamed = store !== undefined && project.file === undefined
  if (!isNamed || CONFIG_FILES.some((name) => existsSync(name)) || mayHoldSecret(config)) return undefined
  const [name] = CONFIG_FILES
  writeFileSync(name, `${JSON.stringify(config, null, 2)}\n`, { flag: 'wx' })
  return name
}

/** Parameters of an address that never hold one. */
const OPEN_PARAMETERS = ['sslmode', 'application_name', 'host', 'port']

function mayHoldSecret(config: StoreConfig): boolean {
  if (!('type' in config)) return true
  if (config.type === 'sqlite' || config.type === 'file') return false
  const { connectionString } = config as { connectionString?: unknown }
  if (typeof connectionString !== 'string' || !URL.canParse(connectionString)) return true
  const { password, searchParams, hash } = new URL(connectionString)
  return (
    password !== '' || hash !== '' || [...searchParams.keys()].some((name) => !OPEN_PARAMETERS.includes(name))
  )
}
