/** Proposals and what becomes of them, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'
import { consensusNodes } from './consensus-node.ts'

/** It takes votes, or it was decided: carried, not carried, or too few have voted. */
export const proposalStatus = z.enum(['pending', 'accepted', 'rejected', 'no_quorum'])

/** How many there are of something, and what they weigh together. */
const counted = z.strictObject({ count: z.int(), weight: z.int() })

/**
 * What the votes of a proposal come to. A vote weighs what its node weighed when it was cast, and counts whatever
 * becomes of the node; `eligible` are the nodes that are active when it is counted. So the votes may weigh more
 * than what is eligible, where nodes have voted and are not active any more, or weigh less than they did.
 */
export const proposalTally = z.strictObject({
  accept: counted,
  reject: counted,
  abstain: counted,
  eligible: counted,
  /** Whether the votes, abstentions included, weigh the `quorum` share of what the eligible nodes weigh. */
  quorum_reached: z.boolean(),
  /** What the proposal is, or would be if it were closed now. */
  outcome: proposalStatus.exclude(['pending']),
})

/** A tally: what the schema `proposalTally` describes. */
export type ProposalTally = z.output<typeof proposalTally>

/**
 * A proposal as it is stored. Times are ISO 8601 timestamps in UTC with milliseconds, by the store's clock.
 * Members that are not named here are refused; `content` and `metadata` take anything.
 */
export const consensusProposal = z.strictObject({
  proposal_id: idText,
  proposer_id: idText,
  /** The term in which it was made. */
  term: z.int().min(0),
  /** Such as `config_change`; any text. */
  proposal_type: nameText,
  /** What is proposed. */
  content: z.unknown(),
  status: proposalStatus,
  /** The least share of the eligible weight that must vote, 0 to 1. */
  quorum: z.number().min(0).max(1),
  /**
   * The least share of the weight of accepting and rejecting votes that must accept, above 0 to 1, such as
   * `2 / 3`; null: more than half.
   */
  threshold: z.number().gt(0).max(1).nullable(),
  created_at: isoTimestamp,
  /** From this instant on it takes no votes. Null: until it is closed. */
  expires_at: isoTimestamp.nullable(),
  decided_at: isoTimestamp.nullable(),
  /** The tally that decided it. */
  result: proposalTally.nullable(),
  metadata: metadata.optional(),
})

/** A proposal as the store gives it: what the schema `consensusProposal` describes. */
export type ConsensusProposal = z.output<typeof consensusProposal>

/** What a new proposal is made from. A `term` that is given must be the present one. */
export const newConsensusProposal = consensusProposal
  .omit({ status: true, created_at: true, decided_at: true, result: true })
  .partial({ term: true, content: true, quorum: true, threshold: true, expires_at: true })

/** A proposal to be made: a `quorum` of 0.5, a `threshold` of more than half and no end, unless given. */
export type NewConsensusProposal = z.output<typeof newConsensusProposal>

/** The table `consensus_proposals`. */
export const consensusProposals = defineCollection({
  name: 'consensus_proposals',
  schema: consensusProposal,
  key: 'proposal_id',
  fields: {
    proposal_id: 'column',
    proposer_id: 'column',
    term: 'column',
    proposal_type: 'column',
    content: 'json',
    status: 'column',
    quorum: 'column',
    threshold: 'column',
    created_at: 'index',
    expires_at: 'index',
    decided_at: 'column',
    result: 'json',
    metadata: 'json',
  },
  indexes: [
    ['status', 'created_at'],
    ['term', 'status'],
  ],
  references: { proposer_id: { collection: consensusNodes.name } },
})
