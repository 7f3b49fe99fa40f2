/** What BrahminyKite's persistence layer keeps, as one module with a member for each of its repositories. */

import { defineModule } from '@coffer/core'
import { type ConsensusMethods, consensusCollections, consensusMethods } from './consensus/consensus.ts'
import { type EvolutionMethods, evolutionCollections, evolutionMethods } from './evolution/evolution.ts'
import { type FrameworkMethods, frameworkCollections, frameworkMethods } from './framework/framework.ts'
import { type PowerMethods, powerCollections, powerMethods } from './power/power.ts'
import {
  type VerificationMethods,
  verificationCollections,
  verificationLogs,
  verificationMethods,
} from './verification/verification.ts'

/** The repositories of BrahminyKite's persistence layer: `store.chil.verification` and its neighbours. */
export interface ChilMethods {
  readonly verification: VerificationMethods
  readonly consensus: ConsensusMethods
  readonly framework: FrameworkMethods
  readonly power: PowerMethods
  readonly evolution: EvolutionMethods
}

/** The module `chil`, for `createStore`. */
export const chil = defineModule<ChilMethods>({
  collections: {
    ...verificationCollections,
    ...consensusCollections,
    ...frameworkCollections,
    ...powerCollections,
    ...evolutionCollections,
  },
  logs: { ...verificationLogs },
  methods: (store) => ({
    verification: verificationMethods(store),
    consensus: consensusMethods(store),
    framework: frameworkMethods(store),
    power: powerMethods(store),
    evolution: evolutionMethods(store),
  }),
})
