/** Counting the votes of a proposal. */

import type { BaseStore } from '@coffer/core'
import { reachesShare } from '../../exact-share.ts'
import { consensusNodes } from './consensus-node.ts'
import type { ConsensusProposal, ProposalTally } from './consensus-proposal.ts'
import { consensusVotes } from './consensus-vote.ts'

/** How many there are of something, and what they weigh together. */
interface Counted {
  readonly count: number
  readonly weight: number
}

const MEASURES = { count: 'count', weight: { sum: 'weight' } } as const
const NOTHING: Counted = { count: 0, weight: 0 }

/** What the votes of a proposal come to now. */
export async function countVotes(
  transaction: BaseStore,
  { proposal_id, quorum, threshold }: ConsensusProposal,
): Promise<ProposalTally> {
  const groups = await transaction
    .collection(consensusVotes)
    .aggregate({ where: { proposal_id }, by: ['vote'], measures: MEASURES })
  const [active] = await transaction
    .collection(consensusNodes)
    .aggregate({ where: { status: 'active' }, measures: MEASURES })
  const of = (vote: string) => counted(groups.find(({ group }) => group.vote === vote))
  const [accept, reject, abstain, eligible] = [of('accept'), of('reject'), of('abstain'), counted(active)]
  const voted = accept.weight + reject.weight + abstain.weight
  const quorum_reached = reachesShare(voted, eligible.weight, quorum)
  const carried = isCarried(accept.weight, reject.weight, threshold)
  const decision = carried ? 'accepted' : 'rejected'
  return {
    accept,
    reject,
    abstain,
    eligible,
    quorum_reached,
    outcome: quorum_reached ? decision : 'no_quorum',
  }
}

/** Nobody's consent is no consent, whatever the threshold. */
function isCarried(accept: number, reject: number, threshold: number | null): boolean {
  if (threshold === null) return accept > reject
  return accept > 0 && reachesShare(accept, accept + reject, threshold)
}

function counted(group: Counted = NOTHING): Counted {
  return { count: group.count, weight: group.weight }
}
