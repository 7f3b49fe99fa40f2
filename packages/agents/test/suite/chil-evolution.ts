/** Evolution: generations, agents and their lineage, fitness, snapshots. */

import type { AgentCase } from './agent-case.ts'
import { chilGenerationCases } from './chil-generations.ts'
import { chilLineageCases } from './chil-lineage.ts'
import { chilSnapshotCases } from './chil-snapshots.ts'

export const chilEvolutionCases: readonly AgentCase[] = [
  ...chilGenerationCases,
  ...chilLineageCases,
  ...chilSnapshotCases,
]
