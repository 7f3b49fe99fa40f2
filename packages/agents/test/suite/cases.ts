/** All cases of the agent stores. */

import type { AgentCase } from './agent-case.ts'
import { auditCases } from './audit.ts'
import { chilConsensusCases } from './chil-consensus.ts'
import { chilTermCases } from './chil-consensus-terms.ts'
import { chilVoteCases } from './chil-consensus-votes.ts'
import { chilEvolutionCases } from './chil-evolution.ts'
import { chilFrameworkCases } from './chil-framework.ts'
import { chilPowerCases } from './chil-power.ts'
import { chilCoalitionCases } from './chil-power-coalitions.ts'
import { chilNetworkCases } from './chil-power-network.ts'
import { chilRepeatedCases } from './chil-repeated.ts'
import { chilRepositoryCases } from './chil-repository.ts'
import { chilVerificationCases } from './chil-verification.ts'
import { memoryCases } from './memories.ts'
import { messageCases } from './messages.ts'
import { allMethods } from './methods.ts'
import { registryCases } from './registry.ts'
import { stateCases } from './state.ts'
import { traceCases } from './traces.ts'
import { trustCases } from './trust.ts'

export const agentCases: readonly AgentCase[] = [
  ...registryCases,
  ...traceCases,
  ...trustCases,
  ...stateCases,
  ...memoryCases,
  ...auditCases,
  ...chilRepositoryCases,
  ...chilVerificationCases,
  ...chilConsensusCases,
  ...chilVoteCases,
  ...chilTermCases,
  ...chilPowerCases,
  ...chilCoalitionCases,
  ...chilNetworkCases,
  ...chilRepeatedCases,
  ...chilFrameworkCases,
  ...chilEvolutionCases,
  ...messageCases,
]

/** How many cases call each method. */
export function casesByMethod(): ReadonlyMap<string, number> {
  return new Map(
    allMethods().map((method) => [method, agentCases.filter((each) => each.methods.includes(method)).length]),
  )
}
