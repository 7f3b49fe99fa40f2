/** All cases of the agent stores. */

import type { AgentCase } from './agent-case.ts'
import { allMethods } from './methods.ts'
import { registryCases } from './registry.ts'
import { traceCases } from './traces.ts'

export const agentCases: readonly AgentCase[] = [...registryCases, ...traceCases]

/** How many cases call each method. */
export function casesByMethod(): ReadonlyMap<string, number> {
  return new Map(
    allMethods().map((method) => [method, agentCases.filter((each) => each.methods.includes(method)).length]),
  )
}
