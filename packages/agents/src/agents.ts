/** The agent stores, all together. */

import { createStore, type Store, type StoreConfig } from '@coffer/core'
import { audit } from './audit/audit.ts'
import { chil } from './chil/chil.ts'
import { memories } from './memories/memories.ts'
import { registry } from './registry/registry.ts'
import { state } from './state/state.ts'
import { trust } from './trust/trust.ts'

/** The modules of this package, for `createStore(config, agents)`. */
export const agents = { registry, trust, state, memories, audit, chil } as const

/** A store with the agent stores attached. */
export type AgentStore = Store<typeof agents>

/**
 * Makes a store with the agent stores attached: `createStore(config, agents)`. Returns at once; the first
 * operation opens the backend.
 *
 * @throws `INVALID_ARGUMENT` for options that are unknown or out of bounds
 */
export function createAgentStore(config: StoreConfig): AgentStore {
  return createStore(config, agents)
}
