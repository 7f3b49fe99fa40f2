/**
 * Terms, their votes and their leaders. The rules are those of Raft (Ongaro and Ousterhout, "In Search of an
 * Understandable Consensus Algorithm", 2014, section 5.2): terms only rise, a node votes once in a term, and a
 * term has at most one leader.
 */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../../id-text.ts'

/** One term as it is stored. The present one has the highest number. */
export const consensusState = z.strictObject({
  /** The number of the term as text of 16 digits. */
  state_id: z.string(),
  term: z.int().min(1),
  leader_id: idText.nullable(),
  started_at: isoTimestamp,
  /** When the leader was elected. */
  elected_at: isoTimestamp.nullable(),
})

/** One term as the store gives it: what the schema `consensusState` describes. */
export type ConsensusState = z.output<typeof consensusState>

/** The table `consensus_states`: every term there was. */
export const consensusStates = defineCollection({
  name: 'consensus_states',
  schema: consensusState,
  key: 'state_id',
  fields: { term: 'index', leader_id: 'column', started_at: 'column', elected_at: 'column' },
})

/** A node's vote for a leader as it is stored. */
export const leaderVote = z.strictObject({
  /** Made of the term and the voter, so that nobody votes twice in a term. */
  vote_id: idText,
  term: z.int(),
  voter_id: idText,
  candidate_id: idText,
  cast_at: isoTimestamp,
})

/** What a node casts for a leader. */
export const newLeaderVote = leaderVote.omit({ vote_id: true, cast_at: true })

/** A vote for a leader, to be cast. */
export type NewLeaderVote = z.output<typeof newLeaderVote>

/** The table `consensus_leader_votes`. */
export const leaderVotes = defineCollection({
  name: 'consensus_leader_votes',
  schema: leaderVote,
  key: 'vote_id',
  fields: { term: 'column', voter_id: 'column', candidate_id: 'column', cast_at: 'column' },
  indexes: [['term', 'candidate_id']],
})
