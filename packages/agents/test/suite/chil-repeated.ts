/** Consensus and power: calls that come again after the world has moved on. */

import assert from 'node:assert/strict'
import type { AgentCase } from './agent-case.ts'
import { assertFails } from './asking.ts'
import { aBallot, aProposal, nodesOf } from './chil-consensus-records.ts'
import { heldBy, holders } from './chil-power-records.ts'

const HOUR_MS = 3_600_000

const powerCases: readonly AgentCase[] = [
  {
    id: 'power-transfer-repeated-late',
    title: 'a transfer that comes again is known when too little is left for it, and when a node is gone',
    methods: ['chil.power.transferPower', 'chil.power.deleteNode'],
    run: async ({ store }) => {
      const { power } = store.chil
      await holders(store, { a: 5, b: 0, c: 0 })
      const transfer = { from: 'a', to: 'b', amount: 4, event_id: 'once' }
      await power.transferPower(transfer)
      const known = { message: /event_id/, collection: 'power_events', keys: ['once'] }
      await assertFails(power.transferPower(transfer), 'ALREADY_EXISTS', known)
      await power.transferPower({ from: 'b', to: 'c', amount: 4 })
      await power.deleteNode('b')
      await assertFails(power.transferPower(transfer), 'ALREADY_EXISTS', known)
      assert.deepEqual(await heldBy(store, 'a', 'c'), [1, 4])
    },
  },
  {
    id: 'power-coalition-repeated',
    title: 'a coalition that is formed again is known when a member of it is gone',
    methods: ['chil.power.formCoalition'],
    run: async ({ store }) => {
      const { power } = store.chil
      await holders(store, { a: 0, b: 0 })
      const coalition = { coalition_id: 'co', members: ['a', 'b'] }
      await power.formCoalition(coalition)
      await power.leaveCoalition('co', 'b')
      await power.deleteNode('b')
      const known = { message: /coalition_id/, collection: 'power_coalitions', keys: ['co'] }
      await assertFails(power.formCoalition(coalition), 'ALREADY_EXISTS', known)
      assert.deepEqual((await power.getCoalition('co'))?.members, ['a'])
    },
  },
  {
    id: 'power-relation-repeated',
    title: 'a relation that is created again is refused in words, not by its composite key',
    methods: ['chil.power.createRelation'],
    run: async ({ store }) => {
      const { power } = store.chil
      await holders(store, { a: 0, b: 0 })
      const relation = { source_id: 'a', target_id: 'b', relation_type: 'influence' }
      await power.createRelation(relation)
      const known = { message: /a relation of this type/, collection: 'power_relations' }
      await assertFails(power.createRelation(relation), 'ALREADY_EXISTS', known)
    },
  },
]

const consensusCases: readonly AgentCase[] = [
  {
    id: 'consensus-vote-repeated-late',
    title: 'a vote that comes again is known when its node is not active, its proposal over or closed',
    methods: ['chil.consensus.castVote'],
    run: async ({ store, clock }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1, b: 1 })
      const expires_at = new Date(clock.now() + HOUR_MS).toISOString()
      await consensus.createProposal(aProposal('p', { expires_at }))
      await consensus.castVote(aBallot('p', 'a'))
      const again = () => consensus.castVote(aBallot('p', 'a'))
      const known = { message: /the node has voted on the proposal already/ }
      await consensus.updateNode('a', { status: 'inactive' })
      await assertFails(again, 'ALREADY_EXISTS', known)
      clock.advance(HOUR_MS)
      await assertFails(again, 'ALREADY_EXISTS', known)
      await consensus.closeProposal('p')
      await assertFails(again, 'ALREADY_EXISTS', known)
      await assertFails(consensus.castVote(aBallot('p', 'b')), 'VERSION_CONFLICT')
    },
  },
  {
    id: 'consensus-proposal-repeated-late',
    title: 'a proposal that comes again is known when its proposer is not active, its term or its time over',
    methods: ['chil.consensus.createProposal'],
    run: async ({ store, clock }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1 })
      const expires_at = new Date(clock.now() + HOUR_MS).toISOString()
      const proposal = aProposal('p', { term: 0, expires_at })
      await consensus.createProposal(proposal)
      const again = () => consensus.createProposal(proposal)
      const known = { message: /proposal_id/, collection: 'consensus_proposals', keys: ['p'] }
      await consensus.updateNode('a', { status: 'inactive' })
      await assertFails(again, 'ALREADY_EXISTS', known)
      await consensus.advanceTerm()
      await assertFails(again, 'ALREADY_EXISTS', known)
      clock.advance(HOUR_MS)
      await assertFails(again, 'ALREADY_EXISTS', known)
    },
  },
  {
    id: 'consensus-leader-vote-repeated-late',
    title: 'a vote for a leader that comes again is known when its node is not active or its term over',
    methods: ['chil.consensus.voteForLeader'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1, b: 1 })
      await consensus.advanceTerm()
      const ballot = { term: 1, voter_id: 'a', candidate_id: 'b' }
      await consensus.voteForLeader(ballot)
      const known = { message: /the node has voted in the term already/ }
      await consensus.updateNode('a', { status: 'failed' })
      await assertFails(consensus.voteForLeader(ballot), 'ALREADY_EXISTS', known)
      await consensus.advanceTerm()
      await assertFails(consensus.voteForLeader(ballot), 'ALREADY_EXISTS', known)
    },
  },
  {
    id: 'consensus-heartbeat-order',
    title: 'a heartbeat of an earlier time does not take the place of a later one',
    methods: ['chil.consensus.recordHeartbeat'],
    run: async ({ store, clock }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 1 })
      const start = clock.now()
      clock.advance(HOUR_MS)
      const later = new Date(clock.now()).toISOString()
      await consensus.recordHeartbeat('a')
      clock.set(start)
      assert.equal((await consensus.recordHeartbeat('a')).last_heartbeat, later)
      assert.equal((await consensus.getNode('a'))?.last_heartbeat, later)
    },
  },
  {
    id: 'consensus-quorum-inactive-voters',
    title: 'a vote counts for the quorum when its node is not active any more, and the node not as eligible',
    methods: ['chil.consensus.tally'],
    run: async ({ store }) => {
      const { consensus } = store.chil
      await nodesOf(store, { a: 5, b: 1 })
      await consensus.createProposal(aProposal('p', { quorum: 1 }))
      await consensus.castVote(aBallot('p', 'a'))
      await consensus.updateNode('a', { status: 'inactive' })
      const { accept, eligible, quorum_reached } = await consensus.tally('p')
      assert.deepEqual([accept.weight, eligible.weight, quorum_reached], [5, 1, true])
    },
  },
]

export const chilRepeatedCases: readonly AgentCase[] = [...powerCases, ...consensusCases]
