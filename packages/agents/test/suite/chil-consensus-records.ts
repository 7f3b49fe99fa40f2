/** Nodes, proposals and ballots to test with. */

import type { AgentStore, NewConsensusProposal, NewConsensusVote } from '../../src/index.ts'

export function aProposal(
  proposal_id: string,
  more: Partial<NewConsensusProposal> = {},
): NewConsensusProposal {
  return { proposal_id, proposer_id: 'a', proposal_type: 'config_change', ...more }
}

export function aBallot(
  proposal_id: string,
  voter_id: string,
  vote: NewConsensusVote['vote'] = 'accept',
): NewConsensusVote {
  return { proposal_id, voter_id, vote }
}

/** Registers nodes of these weights. */
export async function nodesOf(store: AgentStore, weights: Readonly<Record<string, number>>): Promise<void> {
  for (const [node_id, weight] of Object.entries(weights)) {
    await store.chil.consensus.registerNode({ node_id, weight })
  }
}
