/** Power dynamics: nodes, transfers, coalitions, measures, after BrahminyKite's PowerDynamicsRepository. */

import type { BaseStore } from '@coffer/core'
import { type CoalitionMethods, coalitionMethods } from './coalitions.ts'
import { type MeasureMethods, measureMethods } from './measures.ts'
import { type PowerNodeMethods, powerNodeMethods } from './nodes.ts'
import { powerCoalitions } from './power-coalition.ts'
import { powerEvents } from './power-event.ts'
import { powerMetrics } from './power-metric.ts'
import { powerNodes } from './power-node.ts'
import { powerRelations } from './power-relation.ts'
import { type TransferMethods, transferMethods } from './transfers.ts'

/** The methods of power dynamics. All fail with `INVALID_ARGUMENT` for what does not fit, before anything is stored. */
export interface PowerMethods extends PowerNodeMethods, TransferMethods, CoalitionMethods, MeasureMethods {}

/** What power dynamics keep. */
export const powerCollections = {
  powerNodes,
  powerRelations,
  powerMetrics,
  powerEvents,
  powerCoalitions,
} as const

/** Makes the methods of power dynamics for one handle. */
export function powerMethods(store: BaseStore): PowerMethods {
  return {
    ...powerNodeMethods(store),
    ...transferMethods(store),
    ...coalitionMethods(store),
    ...measureMethods(store),
  }
}
