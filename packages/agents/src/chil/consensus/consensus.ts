/** Consensus: nodes, proposals, votes and terms, after BrahminyKite's ConsensusRepository. */

import type { BaseStore } from '@coffer/core'
import { consensusNodes } from './consensus-node.ts'
import { consensusProposals } from './consensus-proposal.ts'
import { consensusStates, leaderVotes } from './consensus-state.ts'
import { consensusVotes } from './consensus-vote.ts'
import { type ConsensusNodeMethods, consensusNodeMethods } from './nodes.ts'
import { type ProposalMethods, proposalMethods } from './proposals.ts'
import { type TermMethods, termMethods } from './terms.ts'

/** The methods of consensus. All fail with `INVALID_ARGUMENT` for what does not fit, before anything is stored. */
export interface ConsensusMethods extends ConsensusNodeMethods, ProposalMethods, TermMethods {}

/** What consensus keeps. */
export const consensusCollections = {
  consensusNodes,
  consensusProposals,
  consensusVotes,
  consensusStates,
  leaderVotes,
} as const

/** Makes the methods of consensus for one handle. */
export function consensusMethods(store: BaseStore): ConsensusMethods {
  return { ...consensusNodeMethods(store), ...proposalMethods(store), ...termMethods(store) }
}
