/** Votes on proposals, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'
import { consensusNodes } from './consensus-node.ts'
import { consensusProposals } from './consensus-proposal.ts'

/** A vote as it is stored. Members that are not named here are refused; `metadata` takes anything. */
export const consensusVote = z.strictObject({
  /** Made of the proposal and the voter, so that nobody votes twice. */
  vote_id: idText,
  proposal_id: idText,
  voter_id: idText,
  vote: z.enum(['accept', 'reject', 'abstain']),
  /** What the node weighed when it voted. */
  weight: z.int(),
  cast_at: isoTimestamp,
  reason: z.string().optional(),
  signature: nameText.optional(),
  metadata: metadata.optional(),
})

/** A vote as the store gives it: what the schema `consensusVote` describes. */
export type ConsensusVote = z.output<typeof consensusVote>

/** What a node casts. */
export const newConsensusVote = consensusVote.omit({ vote_id: true, weight: true, cast_at: true })

/** A vote to be cast. */
export type NewConsensusVote = z.output<typeof newConsensusVote>

/** The table `consensus_votes`. */
export const consensusVotes = defineCollection({
  name: 'consensus_votes',
  schema: consensusVote,
  key: 'vote_id',
  fields: {
    proposal_id: 'column',
    voter_id: 'column',
    vote: 'column',
    weight: 'column',
    cast_at: 'index',
    reason: 'json',
    signature: 'json',
    metadata: 'json',
  },
  references: {
    proposal_id: { collection: consensusProposals.name, onDelete: 'cascade' },
    voter_id: { collection: consensusNodes.name },
  },
})
