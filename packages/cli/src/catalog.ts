/** The collections and logs that the command knows, by name. */

import { agents } from '@coffer/agents'
import type { CollectionDefinition, LogDefinition, Module } from '@coffer/core'
import { CommandError } from './failure.ts'

/** Something that has records: a collection, or the entries of a log. */
export interface Listed {
  readonly definition: CollectionDefinition
  /** The log that the records are entries of. */
  readonly log: LogDefinition | undefined
}

const modules: readonly Module[] = Object.values(agents)

/** Everything that has records, collections first. */
export const catalog: readonly Listed[] = [
  ...modules.flatMap(({ collections }) => collections.map((definition) => ({ definition, log: undefined }))),
  ...modules.flatMap(({ logs }) => logs.map((log) => ({ definition: log.entries, log }))),
]

/** The one with this name. */
export function findListed(name: string): Listed {
  const found = catalog.find(({ definition }) => definition.name === name)
  if (found !== undefined) return found
  const known = catalog.map(({ definition }) => definition.name).join(', ')
  throw new CommandError(`there is no collection '${name}'; known are ${known}`)
}
