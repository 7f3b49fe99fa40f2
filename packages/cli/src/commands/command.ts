/** What commands share: the options that name a store, and the store, or its place, while a command runs. */

import type { AgentStore } from '@coffer/agents'
import { type BaseStore, createStore, type Place, type StoreConfig } from '@coffer/core'
import { collectionNameOf } from '@coffer/core/backend'
import type { Command } from 'commander'
import type { Listed } from '../catalog.ts'
import { CommandError, EXIT } from '../failure.ts'
import type { Terminal } from '../output/terminal.ts'
import type { Project, ProjectChoice } from '../project.ts'
import { forReading, refuseMemory, refuseMissing } from '../store-location.ts'

/** A command's surroundings: where it writes, what it is about, and the exit code that it leaves behind. */
export interface Context {
  readonly terminal: Terminal
  /** Read from the command's options before it runs; without such options the agent stores alone. */
  project: Project
  exitCode: number
}

/** The options that say which store is meant. */
export interface StoreChoice extends ProjectChoice {
  readonly tenant?: string
}

/** What a command does to a store: `read` it, `change` one that is there, or `write`, which makes it too. */
export type Access = 'read' | 'change' | 'write'

/**
 * Adds the options of `StoreChoice`.
 *
 * @param others which tenant is meant without the option
 */
export function withStoreOptions(command: Command, others = 'the one of the config'): Command {
  return withPlaceOptions(command).option('--tenant <name>', `the tenant; default: ${others}`)
}

/** Adds the options of `ProjectChoice`, for a command that goes over all tenants. */
export function withPlaceOptions(command: Command): Command {
  return command
    .option('--store <where>', 'the store; default: COFFER_STORE, else coffer.config.*')
    .option('--config <file>', 'the config file; default: coffer.config.* in this folder')
}

/** Runs with the store, which knows all that is defined, and closes it whatever happens. */
export async function usingStore<T>(
  { project }: Context,
  choice: Pick<StoreChoice, 'tenant'>,
  access: Access,
  run: (store: AgentStore) => Promise<T>,
): Promise<T> {
  const store = project.catalog.createStore(configFor(project.storeConfig(), access))
  try {
    return await run(choice.tenant === undefined ? store : store.tenant(choice.tenant))
  } finally {
    await store.close()
  }
}

/**
 * Runs with the place behind the store, and closes it whatever happens. The store beside it knows no definitions,
 * so nothing is made or changed unless the command does so.
 */
export async function usingPlace<T>(
  { project }: Context,
  access: Access,
  run: (place: Place, store: BaseStore) => Promise<T>,
): Promise<T> {
  const store = createStore(configFor(project.storeConfig(), access))
  try {
    return await run(store.place(), store)
  } finally {
    await store.close()
  }
}

/**
 * Runs with a store that learns what is defined from the command, so that only those tables have to be there that
 * the command reads.
 */
export function readingStore<T>(
  context: Context,
  { tenant }: Pick<StoreChoice, 'tenant'>,
  run: (store: BaseStore, place: Place) => Promise<T>,
): Promise<T> {
  return usingPlace(context, 'read', (place, store) =>
    run(tenant === undefined ? store : store.tenant(tenant), place),
  )
}

/**
 * Those of which the place has a table, which the store knows from then on; all of them where the place can't tell.
 * Of a log entries or heads are enough: that the others are gone is to be told.
 */
export async function heldIn(
  store: BaseStore,
  place: Place,
  some: readonly Listed[],
): Promise<readonly Listed[]> {
  await store.open()
  let held = some
  if (store.capabilities?.contents === true) {
    const layouts = await place.layouts()
    refuseEmpty(layouts)
    const names = new Set(layouts.map(({ layout }) => collectionNameOf(layout.name)))
    held = some.filter(
      ({ definition, log }) => names.has(definition.name) || names.has(log?.heads.name ?? ''),
    )
  }
  for (const { definition, log } of held) {
    if (log === undefined) store.collection(definition)
    else store.log(log)
  }
  return held
}

/** Refuses a place that nothing was ever made in. */
export function refuseEmpty(held: readonly unknown[]): void {
  if (held.length > 0) return
  throw new CommandError('there is no store yet: coffer init makes one', EXIT.bad, 'NOT_FOUND')
}

/** The config for what a command does; a command that must not make a store is refused one that is not there. */
export function configFor(config: StoreConfig, access: Access): StoreConfig {
  if (access !== 'write') refuseMemory(config)
  if (access === 'read') return forReading(config)
  if (access === 'change') refuseMissing(config)
  return config
}

/** For options that may be repeated. */
export function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
