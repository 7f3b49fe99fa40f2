/** The methods for proposals and votes: making, voting, counting, closing. */

import type { BaseStore, RecordPage } from '@coffer/core'
import { StoreError } from '@coffer/core'
import { checkedRecord } from '../../checked-record.ts'
import { compositeKey } from '../../composite-key.ts'
import { checkedId } from '../../id-text.ts'
import { type ListOptions, listsOf } from '../../listing.ts'
import { conflicting, missing, repeated } from '../refusals.ts'
import {
  type ConsensusProposal,
  consensusProposals,
  type NewConsensusProposal,
  newConsensusProposal,
  type ProposalTally,
} from './consensus-proposal.ts'
import {
  type ConsensusVote,
  consensusVotes,
  type NewConsensusVote,
  newConsensusVote,
} from './consensus-vote.ts'
import { activeNode } from './nodes.ts'
import { countVotes } from './tally.ts'
import { currentState } from './terms.ts'

/**
 * Which proposals: equal values or operators for each field, all of which must hold, and the paging. Those
 * whose time is over and that wait to be closed: `{ status: 'pending', expires_at: { lte: now } }`.
 */
export type ProposalListOptions = ListOptions<
  | 'proposal_id'
  | 'proposer_id'
  | 'term'
  | 'proposal_type'
  | 'status'
  | 'quorum'
  | 'threshold'
  | 'created_at'
  | 'expires_at'
  | 'decided_at'
>

/** Which votes, as for proposals. */
export type VoteListOptions = ListOptions<'proposal_id' | 'voter_id' | 'vote' | 'weight' | 'cast_at'>

/** Methods for proposals and votes. */
export interface ProposalMethods {
  /**
   * Makes a proposal that takes votes, in the present term. @returns it as it is stored
   *
   * @throws `ALREADY_EXISTS` when there is a proposal with its id, `INVALID_ARGUMENT` when `expires_at` has passed,
   *   `NOT_FOUND` for an unknown proposer, `VERSION_CONFLICT` for one that is not active and for a `term` that is
   *   not the present one
   */
  createProposal(proposal: NewConsensusProposal): Promise<ConsensusProposal>
  /** The proposal with this id, or `undefined`. */
  getProposal(proposalId: string): Promise<ConsensusProposal | undefined>
  /** The proposals that match, newest first, ties by id: an array of at most `limit`, 100 unless said otherwise. */
  listProposals(options?: ProposalListOptions): Promise<ConsensusProposal[]>
  /** As `listProposals`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageProposals(options?: ProposalListOptions): Promise<RecordPage<ConsensusProposal>>
  /** As `listProposals`, all of them, page by page; `limit` is the size of a page. */
  iterateProposals(options?: ProposalListOptions): AsyncGenerator<ConsensusProposal, void, undefined>
  /**
   * Casts a node's vote on a proposal: one for each node, also when several come at once. It can't be taken
   * back. @returns it as it is stored
   *
   * @throws `ALREADY_EXISTS` when the node has voted, whatever has changed since; `NOT_FOUND` for an unknown node or
   *   proposal, `VERSION_CONFLICT` for a node that is not active and a proposal that is closed or past `expires_at`
   */
  castVote(vote: NewConsensusVote): Promise<ConsensusVote>
  /** The votes that match, in the order in which they were cast: an array of at most `limit`, 100 unless said otherwise. */
  listVotes(options?: VoteListOptions): Promise<ConsensusVote[]>
  /** As `listVotes`: `{ records, next }`. */
  pageVotes(options?: VoteListOptions): Promise<RecordPage<ConsensusVote>>
  /** As `listVotes`, all of them, page by page. */
  iterateVotes(options?: VoteListOptions): AsyncGenerator<ConsensusVote, void, undefined>
  /**
   * What the votes come to now, as one moment has them; of a proposal that was decided, the tally that
   * decided it. It is accepted when the quorum is reached and enough of the weight that accepts or rejects
   * accepts; shares are compared exactly. A vote counts for the quorum also when its node is not active any more,
   * and then the node is not among the eligible.
   *
   * @throws `NOT_FOUND` for an unknown proposal
   */
  tally(proposalId: string): Promise<ProposalTally>
  /**
   * Ends a proposal with what its tally says; no vote gets in between. @returns it as it is stored
   *
   * @throws `NOT_FOUND` for an unknown proposal, `VERSION_CONFLICT` for one that was closed before
   */
  closeProposal(proposalId: string): Promise<ConsensusProposal>
}

const NEWEST_FIRST = { created_at: 'desc' } as const
const OLDEST_FIRST = { cast_at: 'asc' } as const

/** Makes the methods for proposals and votes of one handle. */
export function proposalMethods(store: BaseStore): ProposalMethods {
  const proposals = store.collection(consensusProposals)
  const votes = store.collection(consensusVotes)
  const proposalLists = listsOf(proposals, NEWEST_FIRST)
  const voteLists = listsOf(votes, OLDEST_FIRST)
  return {
    createProposal: async (given) => createProposal(store, given),
    getProposal: async (proposalId) =>
      proposals.get(checkedId(proposalId, 'proposal_id', consensusProposals.name)),
    listProposals: proposalLists.array,
    pageProposals: proposalLists.page,
    iterateProposals: proposalLists.iterate,
    castVote: async (given) => castVote(store, given),
    listVotes: voteLists.array,
    pageVotes: voteLists.page,
    iterateVotes: voteLists.iterate,
    tally: async (proposalId) => {
      checkedId(proposalId, 'proposal_id', consensusProposals.name)
      return store.transaction(async (transaction) => {
        const proposal = await knownProposal(transaction, proposalId)
        return proposal.result ?? countVotes(transaction, proposal)
      })
    },
    closeProposal: async (proposalId) => {
      checkedId(proposalId, 'proposal_id', consensusProposals.name)
      return store.transaction(async (transaction) => {
        const proposal = await knownProposal(transaction, proposalId)
        if (proposal.status !== 'pending')
          throw conflicting(consensusProposals, 'the proposal was closed before', proposalId)
        const result = await countVotes(transaction, proposal)
        const decided_at = transaction.now().toISOString()
        const closed = { ...proposal, status: result.outcome, decided_at, result }
        await transaction.collection(consensusProposals).put(closed)
        return closed
      })
    },
  }
}

async function createProposal(store: BaseStore, given: NewConsensusProposal): Promise<ConsensusProposal> {
  const checked = checkedRecord(newConsensusProposal, given, 'createProposal')
  const { quorum = 0.5, threshold = null, expires_at = null, content = null, term, ...rest } = checked
  return store.transaction(async (transaction) => {
    const proposals = transaction.collection(consensusProposals)
    // First of all, so that who repeats a call learns that it was done.
    if (await proposals.has(rest.proposal_id)) {
      const problem = "there is a proposal with this 'proposal_id' already"
      throw repeated(consensusProposals, problem, rest.proposal_id)
    }
    const now = transaction.now()
    if (expires_at !== null && Date.parse(expires_at) <= now.getTime()) {
      throw new StoreError('INVALID_ARGUMENT', "createProposal: 'expires_at' has passed already")
    }
    await activeNode(transaction, rest.proposer_id, 'proposer_id')
    const present = await currentState(transaction)
    if (term !== undefined && term !== present.term) {
      throw conflicting(consensusProposals, "'term' is not the present one", rest.proposal_id)
    }
    const proposal: ConsensusProposal = {
      ...rest,
      term: present.term,
      content,
      status: 'pending',
      quorum,
      threshold,
      created_at: now.toISOString(),
      expires_at,
      decided_at: null,
      result: null,
    }
    await proposals.insert(proposal)
    return proposal
  })
}

async function castVote(store: BaseStore, given: NewConsensusVote): Promise<ConsensusVote> {
  const ballot = checkedRecord(newConsensusVote, given, 'castVote')
  const { proposal_id, voter_id } = ballot
  const vote_id = compositeKey(proposal_id, voter_id)
  return store.transaction(async (transaction) => {
    const votes = transaction.collection(consensusVotes)
    if (await votes.has(vote_id)) {
      throw repeated(consensusVotes, 'the node has voted on the proposal already', vote_id)
    }
    const { status, expires_at } = await knownProposal(transaction, proposal_id)
    const now = transaction.now()
    if (status !== 'pending') throw conflicting(consensusProposals, 'the proposal is closed', proposal_id)
    if (expires_at !== null && now.getTime() >= Date.parse(expires_at)) {
      const problem = "the proposal takes no votes any more: its 'expires_at' has passed"
      throw conflicting(consensusProposals, problem, proposal_id)
    }
    const { weight } = await activeNode(transaction, voter_id, 'voter_id')
    const vote = { ...ballot, vote_id, weight, cast_at: now.toISOString() }
    await votes.insert(vote)
    return vote
  })
}

async function knownProposal(transaction: BaseStore, proposalId: string): Promise<ConsensusProposal> {
  const proposal = await transaction.collection(consensusProposals).get(proposalId)
  if (proposal === undefined) throw missing(consensusProposals, 'proposal_id', proposalId)
  return proposal
}
