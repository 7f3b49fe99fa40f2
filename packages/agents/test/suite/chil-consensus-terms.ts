/** Consensus: terms, their leaders, and whose all of it is. */

import assert from 'node:assert/strict'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { aBallot, aProposal, nodesOf } from './chil-consensus-records.ts'

const HOUR_MS = 3_600_000

export const chilTermCases: readonly AgentCase[] = [
  {
    id: 'consensus-terms',
    title: 'terms only rise, begin without a leader, and stay known',
    methods: ['chil.consensus.getState', 'chil.consensus.advanceTerm', 'chil.consensus.listTerms'],
    run: async ({ store, clock }) => {
      const { consensus } = store.chil
      const before = { term: 0, leader_id: null, started_at: null, elected_at: null }
      assert.deepEqual(await consensus.getState(), before)
      const started_at = new Date(clock.now()).toISOString()
      const first = { term: 1, leader_id: null, started_at, elected_at: null }
      assert.deepEqual(await consensus.advanceTerm(), first)
      assert.deepEqual(await consensus.getState(), first)
      assert.equal((await consensus.advanceTerm({ expected_term: 1, term: 10 })).term, 10)
      for (const term of [10, 9, 1]) await assertFails(consensus.advanceTerm({ term }), 'VERSION_CONFLICT')
      await assertFails(consensus.advanceTerm({ expected_term: 9 }), 'VERSION_CONFLICT')
      for (const bad of [{ term: 0 }, { term: 1.5 }, { expected_term: -1 }, { leader_id: 'a' }, null]) {
        await assertFails(consensus.advanceTerm(unchecked(bad)), 'INVALID_ARGUMENT')
      }
      assert.equal((await consensus.advanceTerm()).term, 11)
      assert.deepEqual(
        (await consensus.listTerms()).map(({ term }) => term),
        [11, 10, 1],
      )
    },
  },
  {
    id: 'consensus-term-lists',
    title: 'terms are listed newest first, by leader and time, in pages',
    methods: ['chil.consensus.listTerms', 'chil.consensus.pageTerms', 'chil.consensus.iterateTerms'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1 })
      for (const term of [1, 2, 3]) await consensus.advanceTerm({ term })
      await consensus.voteForLeader({ term: 3, voter_id: 'a', candidate_id: 'a' })
      assert.deepEqual(
        (await consensus.listTerms({ leader_id: 'a' })).map(({ term }) => term),
        [3],
      )
      const page = await consensus.pageTerms({ limit: 2 })
      const rest = await consensus.pageTerms({ limit: 2, cursor: page.next })
      assert.deepEqual(
        [...page.records, ...rest.records],
        await gathered(consensus.iterateTerms({ limit: 1 })),
      )
      await assertFails(consensus.listTerms(unchecked({ mood: 1 })), 'INVALID_ARGUMENT')
    },
  },
  {
    id: 'consensus-term-race',
    title: 'of many that expect one term exactly one begins the next; without expectation each gets its own',
    methods: ['chil.consensus.advanceTerm'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      const racers = Array.from({ length: 6 }, () => consensus.advanceTerm({ expected_term: 0 }))
      const begun = (await Promise.allSettled(racers)).filter(({ status }) => status === 'fulfilled')
      assert.equal(begun.length, 1)
      const states = await Promise.all(Array.from({ length: 4 }, () => consensus.advanceTerm()))
      assert.deepEqual(states.map(({ term }) => term).sort(), [2, 3, 4, 5])
      assert.equal((await consensus.getState()).term, 5)
    },
  },
  {
    id: 'consensus-leader',
    title: 'who first has more than half of the active nodes leads the term to its end',
    methods: ['chil.consensus.voteForLeader', 'chil.consensus.getState'],
    run: async ({ store, clock }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 100, b: 1, c: 1, d: 1 })
      await consensus.advanceTerm()
      const vote = (voter_id: string, candidate_id: string) =>
        consensus.voteForLeader({ term: 1, voter_id, candidate_id })
      const waiting = { term: 1, leader_id: null, needed: 3 }
      assert.deepEqual(await vote('a', 'b'), { ...waiting, votes: 1 })
      assert.deepEqual(await vote('b', 'b'), { ...waiting, votes: 2 })
      await assertFails(vote('a', 'a'), 'ALREADY_EXISTS')
      clock.advance(HOUR_MS)
      assert.deepEqual(await vote('c', 'b'), { term: 1, leader_id: 'b', votes: 3, needed: 3 })
      const state = await consensus.getState()
      assert.deepEqual([state.leader_id, state.elected_at], ['b', new Date(clock.now()).toISOString()])
      assert.deepEqual(await vote('d', 'a'), { term: 1, leader_id: 'b', votes: 1, needed: 3 })
      await consensus.advanceTerm()
      assert.equal((await consensus.getState()).leader_id, null)
      await consensus.voteForLeader({ term: 2, voter_id: 'a', candidate_id: 'a' })
    },
  },
  {
    id: 'consensus-leader-kept',
    title: 'a term keeps its leader when nodes go and another gets more than half',
    methods: ['chil.consensus.voteForLeader'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1, b: 1, c: 1 })
      await consensus.advanceTerm()
      await consensus.voteForLeader({ term: 1, voter_id: 'a', candidate_id: 'a' })
      await consensus.voteForLeader({ term: 1, voter_id: 'b', candidate_id: 'a' })
      await consensus.updateNode('a', { status: 'failed' })
      await consensus.updateNode('b', { status: 'failed' })
      const late = await consensus.voteForLeader({ term: 1, voter_id: 'c', candidate_id: 'c' })
      assert.deepEqual(late, { term: 1, leader_id: 'a', votes: 1, needed: 1 })
      assert.equal((await consensus.getState()).leader_id, 'a')
    },
  },
  {
    id: 'consensus-leader-refused',
    title: 'a vote for a leader in another term, of or for an unknown or inactive node is refused',
    methods: ['chil.consensus.voteForLeader'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1, b: 1 })
      const ballot = { term: 1, voter_id: 'a', candidate_id: 'a' }
      await assertFails(consensus.voteForLeader(ballot), 'VERSION_CONFLICT', { message: /term/ })
      await assertFails(consensus.voteForLeader({ ...ballot, term: 0 }), 'VERSION_CONFLICT')
      await consensus.advanceTerm({ term: 2 })
      for (const term of [1, 3]) {
        await assertFails(consensus.voteForLeader({ ...ballot, term }), 'VERSION_CONFLICT')
      }
      const now = { ...ballot, term: 2 }
      await assertFails(consensus.voteForLeader({ ...now, voter_id: 'x' }), 'NOT_FOUND', {
        message: /voter_id/,
      })
      const nobody = { ...now, candidate_id: 'x' }
      await assertFails(consensus.voteForLeader(nobody), 'NOT_FOUND', { message: /candidate_id/ })
      await consensus.updateNode('b', { status: 'failed' })
      await assertFails(consensus.voteForLeader({ ...now, voter_id: 'b' }), 'VERSION_CONFLICT')
      await assertFails(consensus.voteForLeader({ ...now, candidate_id: 'b' }), 'VERSION_CONFLICT')
      for (const bad of [undefined, { ...now, term: '2' }, { ...now, voter_id: '' }, { ...now, mood: 1 }]) {
        await assertFails(consensus.voteForLeader(unchecked(bad)), 'INVALID_ARGUMENT')
      }
      assert.equal((await consensus.voteForLeader(now)).votes, 1)
    },
  },
  {
    id: 'consensus-leader-race',
    title: 'nodes that vote for themselves and each other at once elect one leader at most, each voting once',
    methods: ['chil.consensus.voteForLeader'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      const voters = ['a', 'b', 'c', 'd', 'e']
      await nodesOf(store, Object.fromEntries(voters.map((voter) => [voter, 1])))
      await consensus.advanceTerm()
      const votes = voters.flatMap((voter_id) =>
        ['a', 'b'].map((candidate_id) => consensus.voteForLeader({ term: 1, voter_id, candidate_id })),
      )
      const cast = (await Promise.allSettled(votes)).flatMap((each) =>
        each.status === 'fulfilled' ? [each.value] : [],
      )
      assert.equal(cast.length, voters.length)
      const { leader_id } = await consensus.getState()
      assert.ok(leader_id === 'a' || leader_id === 'b')
      assert.deepEqual([...new Set(cast.map((each) => each.leader_id ?? leader_id))], [leader_id])
    },
  },
  {
    id: 'consensus-tenants',
    title: 'another tenant has nodes, proposals, votes and terms of its own',
    methods: ['chil.consensus.getNode', 'chil.consensus.castVote', 'chil.consensus.getState'],
    run: async ({ store, otherTenant }) => {
      await nodesOf(store, { a: 1 })
      await store.chil.consensus.createProposal(aProposal('p'))
      await store.chil.consensus.advanceTerm()
      const other = otherTenant.chil.consensus
      assert.equal(await other.getNode('a'), undefined)
      assert.equal((await other.getState()).term, 0)
      await nodesOf(otherTenant, { a: 1 })
      await assertFails(other.castVote(aBallot('p', 'a')), 'NOT_FOUND')
      await assertFails(other.tally('p'), 'NOT_FOUND')
    },
  },
]
