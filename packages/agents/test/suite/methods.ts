/** The methods of the agent stores, found by reflection, so that a new one is missed the day it is written. */

import { memory } from '@coffer/memory'
import { agents, createAgentStore } from '../../src/index.ts'

/** The names of the modules, in the order of the package. */
export const modules: readonly string[] = Object.keys(agents)

/** Every method: `trust.storeChain`, `chil.power.transferPower`. */
export function allMethods(): readonly string[] {
  const store = createAgentStore({ backend: memory() })
  return modules.flatMap((name) => methodsOf(Reflect.get(store, name), name))
}

function methodsOf(value: unknown, path: string): readonly string[] {
  if (typeof value === 'function') return [path]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => methodsOf(member, `${path}.${name}`))
}
