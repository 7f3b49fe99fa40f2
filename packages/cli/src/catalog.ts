/** The collections and logs that the command knows, by name. */

import { agents } from '@coffer/agents'
import type { CollectionDefinition, LogDefinition, Module } from '@coffer/core'
import { CommandError } from './failure.ts'

/** Something that has records: a collection, or the entries of a log. */
export interface Listed {
  readonly definition: CollectionDefinition
  /** The log that the records are entries of. */
  readonly log: LogDefinition | undefined
  /** The fields that a person wants to see first, after the key. */
  readonly glance: readonly string[]
}

const modules: readonly Module[] = Object.values(agents)

const GLANCES: Readonly<Record<string, readonly string[]>> = {
  sessions: ['agent_id', 'status', 'created_at'],
  resolutions: ['agent_id', 'decision', 'created_at'],
  trace_events: ['timestamp', 'event_type', 'severity'],
}

/** Everything that has records, collections first. */
export const catalog: readonly Listed[] = [
  ...modules.flatMap(({ collections }) => collections.map((definition) => listed(definition))),
  ...modules.flatMap(({ logs }) => logs.map((log) => listed(log.entries, log))),
]

function listed(definition: CollectionDefinition, log?: LogDefinition): Listed {
  return { definition, log, glance: GLANCES[definition.name] ?? [] }
}

/** The one with this name. */
export function findListed(name: string): Listed {
  const found = catalog.find(({ definition }) => definition.name === name)
  if (found !== undefined) return found
  const known = catalog.map(({ definition }) => definition.name).join(', ')
  throw new CommandError(`there is no collection '${name}'; known are ${known}`)
}
