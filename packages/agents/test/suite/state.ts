/** The state store. */

import type { AgentCase } from './agent-case.ts'
import { stateGuardCases } from './state-guards.ts'
import { stateRefusalCases } from './state-refusals.ts'
import { stateWorkflowCases } from './state-workflows.ts'

export const stateCases: readonly AgentCase[] = [
  ...stateWorkflowCases,
  ...stateGuardCases,
  ...stateRefusalCases,
]
