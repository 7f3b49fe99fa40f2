/** Evolution: agents, generations, fitness, lineage and snapshots, after BrahminyKite's EvolutionRepository. */

import type { BaseStore } from '@coffer/core'
import { evolutionAgents, evolutionParents } from './evolution-agent.ts'
import { evolutionFitnesses } from './evolution-fitness.ts'
import { evolutionGenerations } from './evolution-generation.ts'
import { evolutionSnapshots } from './evolution-snapshot.ts'
import { type EvolutionAgentMethods, evolutionAgentMethods } from './evolving-agents.ts'
import { type FitnessMethods, fitnessMethods } from './fitness.ts'
import { type GenerationMethods, generationMethods } from './generations.ts'
import { type EvolutionSnapshotMethods, snapshotMethods } from './snapshots.ts'

/** The methods of evolution. All fail with `INVALID_ARGUMENT` for what does not fit, before anything is stored. */
export interface EvolutionMethods
  extends GenerationMethods,
    EvolutionAgentMethods,
    FitnessMethods,
    EvolutionSnapshotMethods {}

/** What evolution keeps. */
export const evolutionCollections = {
  evolutionGenerations,
  evolutionAgents,
  evolutionParents,
  evolutionFitnesses,
  evolutionSnapshots,
} as const

/** Makes the methods of evolution for one handle. */
export function evolutionMethods(store: BaseStore): EvolutionMethods {
  return {
    ...generationMethods(store),
    ...evolutionAgentMethods(store),
    ...fitnessMethods(store),
    ...snapshotMethods(store),
  }
}
