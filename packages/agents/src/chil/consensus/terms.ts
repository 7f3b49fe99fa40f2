/** The methods for terms and their leaders. */

import type { BaseStore, RecordPage } from '@coffer/core'
import * as z from 'zod'
import { checkedRecord } from '../../checked-record.ts'
import { compositeKey } from '../../composite-key.ts'
import { type ListOptions, listsOf } from '../../listing.ts'
import { conflicting, repeated } from '../refusals.ts'
import { consensusNodes } from './consensus-node.ts'
import {
  type ConsensusState,
  consensusStates,
  leaderVotes,
  type NewLeaderVote,
  newLeaderVote,
} from './consensus-state.ts'
import { activeNode } from './nodes.ts'

/** The present term and its leader. Before the first term it is 0, without times. */
export interface CurrentState {
  readonly term: number
  readonly leader_id: string | null
  readonly started_at: string | null
  readonly elected_at: string | null
}

/** What `advanceTerm` takes. */
export interface TermAdvance {
  /** The term that the caller takes for the present one; where it is not, nothing happens. */
  readonly expected_term?: number | undefined
  /** The new term, above the present one. Default: the next. */
  readonly term?: number | undefined
}

/** What a vote for a leader has led to. */
export interface LeaderVoteResult {
  readonly term: number
  /** The leader of the term, once there is one. */
  readonly leader_id: string | null
  /** The votes for the candidate, this one included. */
  readonly votes: number
  /** The votes that make a leader: more than half of the nodes that are active. */
  readonly needed: number
}

/** Which terms: equal values or operators for each field, all of which must hold, and the paging. */
export type TermListOptions = ListOptions<'term' | 'leader_id' | 'started_at' | 'elected_at'>

/** Methods for terms. */
export interface TermMethods {
  /** The present term and its leader. */
  getState(): Promise<CurrentState>
  /**
   * Begins a new term, without a leader. Terms only rise. Of any number of callers who expect the same term
   * exactly one begins the next.
   *
   * @returns the new state
   * @throws `VERSION_CONFLICT` where `expected_term` is not the present one, or `term` is not above it
   */
  advanceTerm(advance?: TermAdvance): Promise<CurrentState>
  /**
   * Casts a node's vote for the leader of the present term: one for each node and term, also when several
   * come at once. The candidate who first has more than half of the active nodes leads the term to its end.
   *
   * @throws `ALREADY_EXISTS` when the node has voted in the term, whatever has changed since; `VERSION_CONFLICT` for
   *   another term than the present one and for nodes that are not active, `NOT_FOUND` for unknown ones
   */
  voteForLeader(vote: NewLeaderVote): Promise<LeaderVoteResult>
  /** The terms that match, newest first: an array of at most `limit`, 100 unless said otherwise. */
  listTerms(options?: TermListOptions): Promise<ConsensusState[]>
  /** As `listTerms`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageTerms(options?: TermListOptions): Promise<RecordPage<ConsensusState>>
  /** As `listTerms`, all of them, page by page; `limit` is the size of a page. */
  iterateTerms(options?: TermListOptions): AsyncGenerator<ConsensusState, void, undefined>
}

const NEWEST_FIRST = { term: 'desc' } as const
const BEFORE_ALL: CurrentState = { term: 0, leader_id: null, started_at: null, elected_at: null }

const termAdvance = z.strictObject({
  expected_term: z.int().min(0).optional(),
  term: z.int().min(1).optional(),
})

/** Makes the methods for terms of one handle. */
export function termMethods(store: BaseStore): TermMethods {
  const states = store.collection(consensusStates)
  const lists = listsOf(states, NEWEST_FIRST)
  return {
    getState: () => currentState(store),
    advanceTerm: async (given = {}) => advanceTerm(store, given),
    voteForLeader: async (given) => voteForLeader(store, given),
    listTerms: lists.array,
    pageTerms: lists.page,
    iterateTerms: lists.iterate,
  }
}

/** The present term. */
export async function currentState(store: BaseStore): Promise<CurrentState> {
  const state = await store.collection(consensusStates).findOne({ orderBy: NEWEST_FIRST })
  if (state === undefined) return BEFORE_ALL
  const { state_id, ...current } = state
  return current
}

async function advanceTerm(store: BaseStore, given: TermAdvance): Promise<CurrentState> {
  const { expected_term, term: asked } = checkedRecord(termAdvance, given, 'advanceTerm')
  return store.transaction(async (transaction) => {
    const present = await currentState(transaction)
    if (expected_term !== undefined && expected_term !== present.term) {
      throw conflicting(consensusStates, "'expected_term' is not the present one", stateId(present.term))
    }
    const term = asked ?? present.term + 1
    if (term <= present.term) {
      throw conflicting(consensusStates, "'term' is not above the present one", stateId(present.term))
    }
    const next = { term, leader_id: null, started_at: transaction.now().toISOString(), elected_at: null }
    await transaction.collection(consensusStates).insert({ ...next, state_id: stateId(term) })
    return next
  })
}

async function voteForLeader(store: BaseStore, given: NewLeaderVote): Promise<LeaderVoteResult> {
  const { term, voter_id, candidate_id } = checkedRecord(newLeaderVote, given, 'voteForLeader')
  const vote_id = compositeKey(String(term), voter_id)
  return store.transaction(async (transaction) => {
    const votes = transaction.collection(leaderVotes)
    // First of all, so that who repeats a call learns that it was done.
    if (await votes.has(vote_id)) {
      throw repeated(leaderVotes, 'the node has voted in the term already', vote_id)
    }
    const present = await currentState(transaction)
    if (term !== present.term || present.started_at === null) {
      throw conflicting(consensusStates, "'term' is not the present one", stateId(present.term))
    }
    await activeNode(transaction, voter_id, 'voter_id')
    await activeNode(transaction, candidate_id, 'candidate_id')
    const cast_at = transaction.now().toISOString()
    await votes.insert({ vote_id, term, voter_id, candidate_id, cast_at })
    const received = await votes.count({ term, candidate_id })
    const active = await transaction.collection(consensusNodes).count({ status: 'active' })
    const needed = Math.floor(active / 2) + 1
    const isElected = present.leader_id === null && received >= needed
    if (isElected) {
      const elected = { leader_id: candidate_id, elected_at: cast_at }
      await transaction.collection(consensusStates).update(stateId(term), elected)
    }
    return { term, leader_id: isElected ? candidate_id : present.leader_id, votes: received, needed }
  })
}

/** Digits enough for every whole number there is, so that keys are ordered as terms are. */
function stateId(term: number): string {
  return String(term).padStart(16, '0')
}
