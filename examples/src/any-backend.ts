/**
 * The same program on any backend: `node examples/src/any-backend.ts [config.json]`, where the file holds what
 * `createStore` takes, such as `{ "type": "postgresql", "connectionString": "postgresql://…" }`. In memory
 * without one.
 */

import { createAgentStore } from '@coffer/agents'
import { agentSteps } from './agent-steps.ts'
import { givenConfig } from './given-config.ts'

let ahead = 0
await using store = createAgentStore({ ...(await givenConfig()), clock: { now: () => Date.now() + ahead } })
await agentSteps({
  store,
  putForward: (milliseconds) => {
    ahead += milliseconds
  },
})
