/** Frameworks: executions, metrics, configurations and checkpoints, after BrahminyKite's FrameworkRepository. */

import type { BaseStore } from '@coffer/core'
import { type ConfigurationMethods, configurationMethods } from './configurations.ts'
import {
  type CheckpointMethods,
  checkpointMethods,
  type ExecutionMethods,
  executionMethods,
} from './executions.ts'
import { frameworkCheckpoints } from './framework-checkpoint.ts'
import { frameworkConfigurations } from './framework-configuration.ts'
import { frameworkExecutions } from './framework-execution.ts'
import { frameworkMetrics } from './framework-metric.ts'
import { type FrameworkMetricMethods, frameworkMetricMethods } from './metrics.ts'

/** The methods of frameworks. All fail with `INVALID_ARGUMENT` for what does not fit, before anything is stored. */
export interface FrameworkMethods
  extends ExecutionMethods,
    CheckpointMethods,
    ConfigurationMethods,
    FrameworkMetricMethods {}

/** What frameworks keep. */
export const frameworkCollections = {
  frameworkExecutions,
  frameworkMetrics,
  frameworkConfigurations,
  frameworkCheckpoints,
} as const

/** Makes the methods of frameworks for one handle. */
export function frameworkMethods(store: BaseStore): FrameworkMethods {
  return {
    ...executionMethods(store),
    ...checkpointMethods(store),
    ...configurationMethods(store),
    ...frameworkMetricMethods(store),
  }
}
