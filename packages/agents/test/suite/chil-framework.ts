/** Frameworks: executions and checkpoints, configurations, metrics. */

import type { AgentCase } from './agent-case.ts'
import { chilConfigurationCases } from './chil-configurations.ts'
import { chilExecutionCases } from './chil-executions.ts'
import { chilMetricCases } from './chil-metrics.ts'

export const chilFrameworkCases: readonly AgentCase[] = [
  ...chilExecutionCases,
  ...chilConfigurationCases,
  ...chilMetricCases,
]
