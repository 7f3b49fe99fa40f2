/**
 * The same program on any backend: `node examples/src/any-backend.ts [config.json]`, where the file holds what
 * `createStore` takes, such as `{ "type": "postgresql", "connectionString": "postgresql://…" }`. In memory
 * without one.
 */

import { readFileSync } from 'node:fs'
import { createAgentStore } from '@coffer/agents'
import { agentSteps } from './agent-steps.ts'

const [, , file] = process.argv
const config = file === undefined ? { type: 'memory' } : JSON.parse(readFileSync(file, 'utf8'))
let ahead = 0
await using store = createAgentStore({ ...config, clock: { now: () => Date.now() + ahead } })
await agentSteps({
  store,
  putForward: (milliseconds) => {
    ahead += milliseconds
  },
})
