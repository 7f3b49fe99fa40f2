/** Consensus: casting votes and counting them. */

import assert from 'node:assert/strict'
import type { ProposalTally, VoteListOptions } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { aBallot, aProposal, nodesOf } from './chil-consensus-records.ts'

const HOUR_MS = 3_600_000
const NONE = { count: 0, weight: 0 }

const voteCases: readonly AgentCase[] = [
  {
    id: 'consensus-vote-round-trip',
    title: 'a vote is stored with the weight and the time at which it was cast',
    methods: ['chil.consensus.castVote', 'chil.consensus.listVotes'],
    run: async ({ store, clock }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 3 })
      await consensus.createProposal(aProposal('p'))
      const given = {
        ...aBallot('p', 'a', 'abstain'),
        reason: 'unsure',
        signature: 'sig',
        metadata: { x: 1 },
      }
      const vote = await consensus.castVote(given)
      const cast_at = new Date(clock.now()).toISOString()
      assert.deepEqual(vote, { ...given, vote_id: '["p","a"]', weight: 3, cast_at })
      await consensus.updateNode('a', { weight: 9 })
      assert.deepEqual(await consensus.listVotes(), [vote])
    },
  },
  {
    id: 'consensus-vote-once',
    title: 'a node votes once on a proposal, and on every one',
    methods: ['chil.consensus.castVote'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1 })
      await consensus.createProposal(aProposal('p'))
      await consensus.createProposal(aProposal('q'))
      await consensus.castVote(aBallot('p', 'a'))
      await assertFails(consensus.castVote(aBallot('p', 'a', 'reject')), 'ALREADY_EXISTS')
      await assertFails(consensus.castVote(aBallot('p', 'a')), 'ALREADY_EXISTS')
      await consensus.castVote(aBallot('q', 'a', 'reject'))
      const votes = await consensus.listVotes({ voter_id: 'a' })
      assert.deepEqual(
        votes.map(({ vote }) => vote),
        ['accept', 'reject'],
      )
    },
  },
  {
    id: 'consensus-vote-race',
    title: 'of many votes of one node that come at once exactly one counts',
    methods: ['chil.consensus.castVote', 'chil.consensus.tally'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 2 })
      await consensus.createProposal(aProposal('p'))
      const choices = [
        'accept',
        'reject',
        'abstain',
        'accept',
        'reject',
        'abstain',
        'accept',
        'reject',
      ] as const
      const outcomes = await Promise.allSettled(
        choices.map((choice) => consensus.castVote(aBallot('p', 'a', choice))),
      )
      const codes = outcomes.map((each) => (each.status === 'rejected' ? each.reason.code : 'cast')).sort()
      assert.deepEqual(codes, [...Array.from({ length: 7 }, () => 'ALREADY_EXISTS'), 'cast'])
      const { accept, reject, abstain } = await consensus.tally('p')
      assert.equal(accept.weight + reject.weight + abstain.weight, 2)
    },
  },
  {
    id: 'consensus-vote-refused',
    title: 'a vote of an unknown or inactive node, on an unknown proposal, or of no sense is refused by name',
    methods: ['chil.consensus.castVote'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1, b: 1 })
      await consensus.createProposal(aProposal('p'))
      await assertFails(consensus.castVote(aBallot('nobody', 'a')), 'NOT_FOUND', { message: /proposal_id/ })
      await assertFails(consensus.castVote(aBallot('p', 'nobody')), 'NOT_FOUND', { message: /voter_id/ })
      for (const status of ['inactive', 'failed', 'syncing'] as const) {
        await consensus.updateNode('b', { status })
        await assertFails(consensus.castVote(aBallot('p', 'b')), 'VERSION_CONFLICT', {
          message: /not active/,
        })
      }
      const bad = [undefined, {}, { ...aBallot('p', 'a'), vote: true }, { ...aBallot('p', 'a'), weight: 9 }]
      for (const ballot of [...bad, aBallot('', 'a'), aBallot('p', 'x'.repeat(1_025))]) {
        await assertFails(consensus.castVote(unchecked(ballot)), 'INVALID_ARGUMENT')
      }
      assert.deepEqual(await consensus.listVotes(), [])
    },
  },
  {
    id: 'consensus-vote-expired',
    title: 'a proposal takes votes until the instant at which it expires, and is closed as what it was then',
    methods: ['chil.consensus.castVote', 'chil.consensus.closeProposal'],
    run: async ({ store, clock }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1, b: 1, c: 1 })
      const expires_at = new Date(clock.now() + HOUR_MS).toISOString()
      await consensus.createProposal(aProposal('p', { expires_at }))
      clock.advance(HOUR_MS - 1)
      await consensus.castVote(aBallot('p', 'a'))
      clock.advance(1)
      await assertFails(consensus.castVote(aBallot('p', 'b')), 'VERSION_CONFLICT', { message: /expires_at/ })
      assert.equal((await consensus.closeProposal('p')).status, 'no_quorum')
    },
  },
  {
    id: 'consensus-hostile-ids',
    title: 'ids of any characters and any length stay apart',
    methods: ['chil.consensus.castVote', 'chil.consensus.tally'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      const ids = ['a', 'a","b', '["a","b"]', '__proto__', `${'x'.repeat(1_023)}y`, 'é'.repeat(512)]
      await nodesOf(store, Object.fromEntries([...ids.map((id) => [id, 1] as const)]))
      for (const id of ids) await consensus.createProposal(aProposal(id))
      for (const id of ids) for (const voter of ids) await consensus.castVote(aBallot(id, voter))
      for (const id of ids) assert.equal((await consensus.tally(id)).accept.count, ids.length)
    },
  },
  {
    id: 'consensus-vote-lists',
    title: 'votes are listed in the order in which they were cast, in pages',
    methods: ['chil.consensus.listVotes', 'chil.consensus.pageVotes', 'chil.consensus.iterateVotes'],
    run: async ({ store, clock }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1, b: 2, c: 3 })
      await consensus.createProposal(aProposal('p'))
      for (const voter of ['c', 'a', 'b']) {
        await consensus.castVote(aBallot('p', voter, voter === 'a' ? 'reject' : 'accept'))
        clock.advance(HOUR_MS)
      }
      const voters = async (options: VoteListOptions) =>
        (await consensus.listVotes(options)).map(({ voter_id }) => voter_id).join('')
      assert.equal(await voters({ proposal_id: 'p' }), 'cab')
      assert.equal(await voters({ vote: 'accept', weight: { gt: 2 } }), 'c')
      const page = await consensus.pageVotes({ limit: 2 })
      const rest = await consensus.pageVotes({ limit: 2, cursor: page.next })
      assert.deepEqual(
        [...page.records, ...rest.records],
        await gathered(consensus.iterateVotes({ limit: 1 })),
      )
      await assertFails(consensus.listVotes(unchecked({ reason: 'x' })), 'INVALID_ARGUMENT')
    },
  },
]

const tallyCases: readonly AgentCase[] = [
  {
    id: 'consensus-tally',
    title: 'a tally counts votes and weights, abstentions for the quorum alone',
    methods: ['chil.consensus.tally'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1, b: 2, c: 4, d: 8, e: 16 })
      await consensus.updateNode('e', { status: 'inactive' })
      await consensus.createProposal(aProposal('p', { quorum: 0.4 }))
      await consensus.createProposal(aProposal('untouched'))
      const empty = { accept: NONE, reject: NONE, abstain: NONE, eligible: { count: 4, weight: 15 } }
      const expected: ProposalTally = { ...empty, quorum_reached: false, outcome: 'no_quorum' }
      assert.deepEqual(await consensus.tally('p'), expected)
      await consensus.castVote(aBallot('p', 'b'))
      await consensus.castVote(aBallot('p', 'a', 'reject'))
      assert.equal((await consensus.tally('p')).outcome, 'no_quorum')
      await consensus.castVote(aBallot('p', 'c', 'abstain'))
      assert.deepEqual(await consensus.tally('p'), {
        accept: { count: 1, weight: 2 },
        reject: { count: 1, weight: 1 },
        abstain: { count: 1, weight: 4 },
        eligible: { count: 4, weight: 15 },
        quorum_reached: true,
        outcome: 'accepted',
      })
      assert.deepEqual(await consensus.tally('untouched'), expected)
    },
  },
  {
    id: 'consensus-thresholds',
    title: 'shares are compared exactly: more than half without a threshold, at least it with one',
    methods: ['chil.consensus.tally', 'chil.consensus.createProposal'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 7, b: 93, c: 1, d: 2, e: 50, f: 50 })
      const outcomes: readonly (readonly [number | null, string, string, string])[] = [
        [null, 'e', 'f', 'rejected'],
        [null, 'b', 'e', 'accepted'],
        [0.5, 'e', 'f', 'accepted'],
        [0.07, 'a', 'b', 'accepted'],
        [0.0700001, 'a', 'b', 'rejected'],
        [2 / 3, 'd', 'c', 'accepted'],
        [1 / 3, 'c', 'd', 'accepted'],
        [0.3334, 'c', 'd', 'rejected'],
        [1, 'b', 'c', 'rejected'],
        [1e-7, 'c', 'b', 'accepted'],
      ]
      for (const [place, [threshold, accepts, rejects, outcome]] of outcomes.entries()) {
        const id = `p${place}`
        await consensus.createProposal(aProposal(id, { threshold, quorum: 0 }))
        await consensus.castVote(aBallot(id, accepts))
        await consensus.castVote(aBallot(id, rejects, 'reject'))
        assert.equal((await consensus.tally(id)).outcome, outcome, `threshold ${threshold}`)
      }
      await consensus.createProposal(aProposal('nobody', { quorum: 0, threshold: 1e-7 }))
      assert.equal((await consensus.tally('nobody')).outcome, 'rejected')
      await consensus.createProposal(aProposal('all', { threshold: 1, quorum: 0 }))
      await consensus.castVote(aBallot('all', 'c'))
      assert.equal((await consensus.tally('all')).outcome, 'accepted')
    },
  },
  {
    id: 'consensus-quorum',
    title: 'the quorum is reached at its share of the active weight, not below',
    methods: ['chil.consensus.tally'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 7, b: 93, c: 0 })
      for (const [id, quorum, reached] of [
        ['p', 0.07, true],
        ['q', 0.08, false],
      ] as const) {
        await consensus.createProposal(aProposal(id, { quorum }))
        await consensus.castVote(aBallot(id, 'a'))
        assert.equal((await consensus.tally(id)).quorum_reached, reached)
      }
      await consensus.updateNode('b', { status: 'failed' })
      assert.equal((await consensus.tally('q')).quorum_reached, true)
    },
  },
]

export const chilVoteCases: readonly AgentCase[] = [...voteCases, ...tallyCases]
