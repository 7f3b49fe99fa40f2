/** What commands share: the options that name a store, and the store while a command runs. */

import { type AgentStore, createAgentStore } from '@coffer/agents'
import type { Command } from 'commander'
import type { Terminal } from '../output/terminal.ts'
import { findStore, forReading } from '../store-location.ts'

/** A command's surroundings: where it writes, and the exit code that it leaves behind. */
export interface Context {
  readonly terminal: Terminal
  exitCode: number
}

/** The options that say which store is meant. */
export interface StoreChoice {
  readonly store?: string
  readonly tenant?: string
}

/** Adds the options of `StoreChoice`. */
export function withStoreOptions(command: Command): Command {
  return command
    .option('--store <where>', 'the store; default: COFFER_STORE, else coffer.config.*')
    .option('--tenant <name>', 'the tenant; default: the one of the config')
}

/** Runs with the store, and closes it whatever happens. */
export async function usingStore<T>(
  context: Context,
  choice: StoreChoice,
  access: 'read' | 'write',
  run: (store: AgentStore) => Promise<T>,
): Promise<T> {
  const found = await findStore(choice.store, context.terminal.environment)
  const store = createAgentStore(access === 'read' ? forReading(found) : found)
  try {
    return await run(choice.tenant === undefined ? store : store.tenant(choice.tenant))
  } finally {
    await store.close()
  }
}

/** For options that may be repeated. */
export function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
